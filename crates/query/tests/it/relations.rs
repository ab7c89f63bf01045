//! Statements of several tables beside plain SQL: joins, subqueries, statements under names, and combined ones.

use pgkeel_query::relation::{
    BadStatement, Joined, array_agg, coalesce, count, count_of, exists, lower, max, named, scalar, sum, value,
};
use pgkeel_query::{Alias, AuditedSql, Entity, Error, Executor, Filter, FromRow, OrderBy, Select, sql};
use pgkeel_testkit::TestDatabase;

use crate::oracle::same;

#[derive(Debug, Clone, PartialEq, Entity)]
#[pgkeel(table = "app.users", columns = u)]
struct User {
    id: i64,
    name: String,
    team: Option<i64>,
    boss: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[pgkeel(table = "teams", columns = t)]
struct Team {
    id: i64,
    name: Option<String>,
    #[pgkeel(default)]
    surplus: i32,
    #[pgkeel(flatten)]
    place: Place,
}

#[derive(Debug, Clone, PartialEq, FromRow)]
struct Place {
    city: String,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[pgkeel(table = "orders", columns = o)]
struct Order {
    id: i64,
    buyer: i64,
    cents: i32,
}

type Boss = Alias<User, 0>;
type Other = Alias<User, 1>;

const TABLES: &str = "create schema app;
    create table app.users(id int8, surplus text, name text, team int8, boss int8);
    create table teams(id int8, name text, city text, more text);
    create table orders(id int8, buyer int8, cents int4);
    insert into teams select n, nullif('T' || n, 'T3'), 'C' || n from generate_series(1, 5) n;
    insert into app.users select n, 's', 'U' || n, nullif(n % 5, 0), nullif(n / 4, 0) from generate_series(1, 23) n;
    insert into orders select n, n % 9, n * 7 % 100 from generate_series(1, 60) n";

/// Code of any entity, which knows nothing of joined tables.
async fn of_any<E: Entity>(
    filter: Filter<'_, E>,
    order: impl OrderBy<E>,
    on: &impl Executor,
) -> Result<Vec<E>, Error> {
    let statement: Select<'_, E> = E::query().filter(filter.clone() & !!filter.clone() | filter);
    statement.order_by(order).fetch_all(on).await
}

#[tokio::test]
async fn statements_of_any_entity_are_built_as_those_of_a_certain_one() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let users = of_any(u::id.gt(20), u::id.desc(), &connection).await.unwrap();
    assert_eq!(users.into_iter().map(|user| user.id).collect::<Vec<_>>(), [23, 22, 21]);
    let teams = of_any(t::name.is_null(), (t::id.asc(), t::name.asc()), &connection).await.unwrap();
    assert_eq!(teams.len(), 1);
}

#[tokio::test]
async fn joined_rows_are_read_as_entities_and_those_that_are_missing_as_none() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let user = |id: i64| User {
        id,
        name: format!("U{id}"),
        team: Some(id % 5).filter(|team| *team > 0),
        boss: Some(id / 4).filter(|boss| *boss > 0),
    };
    let team = |id: i64| Team {
        id,
        name: Some(format!("T{id}")).filter(|_| id != 3),
        surplus: 0,
        place: Place { city: format!("C{id}") },
    };
    let inner = User::query().inner_join::<Team>(u::team.eq_expr(t::id)).order_by(u::id.asc());
    let rows: Vec<(User, Team)> = inner.clone().fetch_all(&connection).await.unwrap();
    let expected: Vec<_> = (1..24).filter(|id| id % 5 > 0).map(|id| (user(id), team(id % 5))).collect();
    assert_eq!(rows, expected);
    assert_eq!(inner.count(&connection).await.unwrap(), i64::try_from(expected.len()).unwrap());
    let left = User::query().left_join::<Team>(u::team.eq_expr(t::id) & t::id.ne(2)).order_by(u::id.asc());
    let rows: Vec<(User, Option<Team>)> = left.clone().fetch_all(&connection).await.unwrap();
    let found = |id: i64| Some(id % 5).filter(|id| ![0, 2].contains(id)).map(team);
    let expected: Vec<_> = (1..24).map(|id| (user(id), found(id))).collect();
    assert_eq!(rows, expected);
    let teams = User::query().right_join::<Team>(u::team.eq_expr(t::id) & u::id.lt(4));
    let rows: Vec<(Option<User>, Team)> = teams.order_by(t::id.asc()).fetch_all(&connection).await.unwrap();
    let expected: Vec<_> = (1..6).map(|id| (Some(id).filter(|id| *id < 4).map(user), team(id))).collect();
    assert_eq!(rows, expected);
    let both = User::query().full_join::<Team>(u::team.eq_expr(t::id));
    let both = both.order_by(t::id.asc()).order_by(u::id.asc());
    let rows: Vec<(Option<User>, Option<Team>)> = both.fetch_all(&connection).await.unwrap();
    let of_team = |team_id: i64| (1..24).filter(move |id| id % 5 == team_id).map(move |id| (id, team_id));
    let matched = (1..5).flat_map(of_team).map(|(id, team_id)| (Some(user(id)), Some(team(team_id))));
    let alone = [5, 10, 15, 20].map(|id| (Some(user(id)), None));
    let expected: Vec<_> = matched.chain([(None, Some(team(5)))]).chain(alone).collect();
    assert_eq!(rows, expected);
    let of_three = User::query().inner_join::<Order>(u::id.eq_expr(o::buyer));
    let of_three = of_three.right_join::<Team>(u::team.eq_expr(t::id) & o::id.lt(9)).order_by(t::id.asc());
    same!(
        &connection,
        of_three.select((t::id, u::id, o::id)).order_by(o::id.asc()),
        (i64, Option<i64>, Option<i64>),
        "select t.id, u.id, o.id from app.users u join orders o on u.id = o.buyer
         right join teams t on u.team = t.id and o.id < 9 order by t.id, o.id"
    );
    let one = left.clone().filter(u::id.eq(5)).fetch_one(&connection).await.unwrap();
    assert_eq!(one, (user(5), None));
    let bosses = left.left_join::<Boss>(u::boss.eq_expr(Boss::of(u::id))).filter(u::id.lt(9));
    let rows: Vec<(User, Option<Team>, Option<User>)> = bosses.fetch_all(&connection).await.unwrap();
    let expected: Vec<_> = (1..9).map(|id| (user(id), found(id), user(id).boss.map(user))).collect();
    assert_eq!(rows, expected);
    let alone: Vec<User> = Boss::query().filter(Boss::of(u::id).eq(7)).fetch_all(&connection).await.unwrap();
    assert_eq!(alone, [user(7)]);
}

#[tokio::test]
async fn rows_of_one_table_are_locked_of_those_that_are_joined() {
    let database = TestDatabase::empty().await;
    let (connection, other) = (database.connection().await, database.connection().await);
    connection.batch_execute(TABLES).await.unwrap();
    let left = || User::query().left_join::<Team>(u::team.eq_expr(t::id)).order_by(u::id.asc()).limit(3);
    let refused = left().for_update().fetch_all(&connection).await.unwrap_err();
    assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("0A000"), "{refused:?}");
    connection.batch_execute("begin").await.unwrap();
    let locked = left().for_update().lock_only::<User>().fetch_all(&connection).await.unwrap();
    assert_eq!(locked.len(), 3);
    let others = left().for_update().lock_only::<User>().skip_locked().fetch_all(&other).await.unwrap();
    assert_eq!(others.iter().map(|(user, _)| user.id).collect::<Vec<_>>(), [4, 5, 6]);
    let teams = Team::query().for_update().no_wait().fetch_all(&other).await.unwrap();
    assert_eq!(teams.len(), 5, "the rows of the other table are free");
    connection.batch_execute("rollback").await.unwrap();
    let absent = left().for_update().lock_only::<Order>().fetch_all(&crate::watched::Nowhere).await;
    let tables = vec![r#""users""#, r#""teams""#];
    assert!(
        matches!(&absent, Err(Error::Statement(BadStatement::NotLocked { table: r#""orders""#, tables: there })) if *there == tables),
        "{absent:?}"
    );
}

#[tokio::test]
async fn columns_of_joined_tables_are_read_as_the_join_makes_them() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let on = &connection;
    let left = || User::query().left_join::<Team>(u::team.eq_expr(t::id));
    same!(
        on,
        left().select((u::id, t::id, t::name, lower(t::name), u::name)).order_by(u::id.asc()),
        (i64, Option<i64>, Option<String>, Option<String>, String),
        "select u.id, t.id, t.name, lower(t.name), u.name from app.users u left join teams t on u.team = t.id order by u.id"
    );
    let teams = Team::query().left_join::<User>(u::team.eq_expr(t::id));
    same!(
        on,
        teams
            .clone()
            .select((t::id, count_of(u::id), coalesce(max(u::id), value(0_i64)), array_agg(u::id.nullable())))
            .group_by((t::id,))
            .order_by(t::id.asc()),
        (i64, i64, i64, Option<Vec<Option<i64>>>),
        "select t.id, count(u.id), coalesce(max(u.id), 0), array_agg(u.id) from teams t left join app.users u on u.team = t.id
         group by t.id order by t.id"
    );
    same!(
        on,
        User::query()
            .inner_join::<Boss>(u::boss.eq_expr(Boss::of(u::id)))
            .left_join::<Other>(Boss::of(u::boss).eq_expr(Other::of(u::id)))
            .filter(Boss::of(u::name).contains("U") & Boss::of(u::id).lt(5))
            .filter(u::name.ne("U1").joined() | Other::of(u::id).nullable().is_null())
            .select((u::id, Boss::of(u::name), Other::of(u::name).named("of it")))
            .order_by((Boss::of(u::id).desc(), Boss::of(u::name).asc()))
            .order_by(u::id.asc().nulls_last()),
        (i64, String, Option<String>),
        "select u.id, b.name, o.name as \"of it\" from app.users u join app.users b on u.boss = b.id
         left join app.users o on b.boss = o.id where b.name like '%U%' and b.id < 5 and (u.name <> 'U1' or o.id is null)
         order by b.id desc, b.name, u.id"
    );
    same!(
        on,
        teams
            .inner_join::<Order>(o::buyer.eq_expr(u::id))
            .select((t::name, sum(o::cents), count()))
            .group_by((t::name,))
            .having(sum(o::cents).gt(10) & count().gt(1))
            .order_by(named("name").desc().nulls_last()),
        (Option<String>, Option<i64>, i64),
        "select t.name, sum(o.cents), count(*) from teams t left join app.users u on u.team = t.id join orders o
         on o.buyer = u.id group by t.name having sum(o.cents) > 10 and count(*) > 1 order by t.name desc nulls last"
    );
}

#[tokio::test]
async fn statements_in_statements_are_those_of_plain_sql() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let on = &connection;
    let orders = || Order::query().filter(o::buyer.eq_expr(u::id));
    let ids = || User::select((u::id,)).order_by(u::id.asc());
    let cases: Vec<(Filter<'_, Joined>, &str)> =
        vec![
            (exists(orders()), "exists (select from orders where buyer = u.id)"),
            (
                !exists(orders().filter(o::cents.gt(50))),
                "not exists (select from orders where buyer = u.id and cents > 50)",
            ),
            (
                u::team.in_query(Team::select((t::id,)).filter(t::name.is_null())),
                "team in (select id from teams where name is null)",
            ),
            (
                !u::id.in_query(Order::select((o::buyer,)).distinct().order_by(o::buyer.asc()).limit(4)),
                "id not in (select distinct buyer from orders order by 1 limit 4)",
            ),
            (
                u::id.lt_expr(scalar(Order::select((max(o::buyer),)))) & u::id.gt(1),
                "id < (select max(buyer) from orders) and id > 1",
            ),
            (
                exists(Boss::query().filter(
                    Boss::of(u::boss).eq_expr(u::id)
                        & exists(Order::query().filter(
                            o::buyer.eq_expr(Boss::of(u::id)) & o::cents.gt_expr(u::id.cast::<i32>()),
                        )),
                )),
                "exists (select from app.users b where b.boss = u.id and exists
             (select from orders where buyer = b.id and cents > u.id::int4))",
            ),
        ];
    for (filter, plain) in cases {
        let plain = format!("select u.id from app.users u where {plain} order by u.id");
        same!(on, ids().filter(filter), (i64,), &plain);
    }
    same!(
        on,
        User::select((u::id, scalar(orders().select((sum(o::cents),))), scalar(orders().select((count(),)))))
            .order_by(u::id.asc()),
        (i64, Option<i64>, Option<i64>),
        "select id, (select sum(cents) from orders where buyer = u.id), (select count(*) from orders where buyer = u.id)
         from app.users u order by id"
    );
    let gone = User::delete().filter(!exists(orders()) & u::id.gt(9)).execute(on).await.unwrap();
    assert_eq!(gone, 14);
    let moved = User::update().set(u::team, Some(9)).filter(exists(orders())).execute(on).await.unwrap();
    assert_eq!(moved, 8);
    let error = Order::delete().filter(o::buyer.eq_expr(u::id)).execute(on).await.unwrap_err();
    assert!(
        matches!(error, Error::Statement(BadStatement::NotThere { column: "users.id", .. })),
        "{error:?}"
    );
}

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "tree", columns = tree)]
struct Tree {
    id: i64,
    depth: i32,
}

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "spent", columns = s)]
struct Spent {
    buyer: i64,
    total: Option<i64>,
}

#[tokio::test]
async fn statements_under_names_are_those_of_plain_sql() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let on = &connection;
    let spent = || {
        Order::select((o::buyer, sum(o::cents).named("total"))).group_by((o::buyer,)).filter(o::cents.gt(3))
    };
    same!(
        on,
        User::query()
            .inner_join::<Spent>(u::id.eq_expr(s::buyer))
            .with::<Spent>(spent())
            .filter(s::total.gt(10))
            .select((u::name, s::total))
            .order_by(u::id.asc()),
        (String, Option<i64>),
        "with spent as (select buyer, sum(cents) as total from orders where cents > 3 group by buyer)
         select u.name, s.total from app.users u join spent s on u.id = s.buyer where s.total > 10 order by u.id"
    );
    let whole = Spent::query().with::<Spent>(spent()).order_by(s::buyer.asc()).limit(3);
    assert_eq!(whole.clone().fetch_all(on).await.unwrap().len(), 3);
    assert_eq!(whole.clone().count(on).await.unwrap(), 3);
    assert!(whole.exists(on).await.unwrap());
    assert_eq!(Spent::query().with::<Spent>(spent()).count(on).await.unwrap(), 9);
    let first = User::select((u::id, value(0).named("depth"))).filter(u::id.eq(1));
    let next = User::query()
        .inner_join::<Tree>(u::boss.eq_expr(tree::id))
        .select((u::id, tree::depth.plus(value(1)).named("depth")));
    same!(
        on,
        Tree::query().with_recursive::<Tree>(first.union_all(next)).order_by(tree::id.asc()),
        Tree,
        "with recursive tree as (select id, 0 as depth from app.users where id = 1 union all
         select u.id, depth + 1 from app.users u join tree on u.boss = tree.id) select id, depth from tree order by id"
    );
}

#[tokio::test]
async fn combined_statements_are_those_of_plain_sql() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let on = &connection;
    let one = || User::select((u::id.named("n"),)).filter(u::id.lt(7));
    let other = || Order::select((o::buyer,)).filter(o::cents.gt(20)).limit(4).order_by(o::id.asc());
    let plain_one = "(select id as n from app.users where id < 7)";
    let plain_other = "(select buyer from orders where cents > 20 order by id limit 4)";
    let cases = [
        (one().union(other()), "union"),
        (one().union_all(other()), "union all"),
        (one().intersect(other()), "intersect"),
        (one().intersect_all(other()), "intersect all"),
        (one().except(other()), "except"),
        (one().except_all(other()), "except all"),
    ];
    for (built, words) in cases {
        let plain = format!("{plain_one} {words} {plain_other} order by n limit 30");
        same!(on, built.clone().order_by(named("n").asc()).limit(30), (i64,), &plain);
        let count = format!("select count(*) from ({plain_one} {words} {plain_other}) x");
        let count = AuditedSql::new("an oracle", &count).fetch_one::<(i64,)>(on).await.unwrap().0;
        assert_eq!(built.count(on).await.unwrap(), count, "{words}");
    }
    same!(
        on,
        one().union(other()).order_by(named("n").desc()).limit(5).except(one().limit(2).order_by(u::id.asc())).order_by(named("n").asc()),
        (i64,),
        "((select id as n from app.users where id < 7) union (select buyer from orders where cents > 20 order by id limit 4)
          order by n desc limit 5) except (select id from app.users where id < 7 order by id limit 2) order by n"
    );
    let whole = User::query().filter(u::id.eq(1)).union_all(User::query().filter(u::id.eq(2)));
    let ids: Vec<_> = whole.fetch_all(on).await.unwrap().into_iter().map(|user| user.id).collect();
    assert_eq!(ids, [1, 2]);
}

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "app.spent", columns = in_schema)]
struct InSchema {
    buyer: i64,
}

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "old.users", columns = old)]
struct OldUser {
    id: i64,
}

#[tokio::test]
async fn what_cannot_be_is_told_before_anything_is_sent() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let told = |error: Error| match error {
        Error::Statement(bad) => bad.to_string(),
        error => panic!("{error:?}"),
    };
    let statement = User::query().filter(u::team.eq_expr(t::id));
    let error = told(statement.clone().fetch_all(&connection).await.unwrap_err());
    assert_eq!(error, r#"teams.id is of no table of the statement, which are: "users""#);
    assert!(format!("{statement:?}").contains("NotThere"), "{statement:?}");
    let alias = User::query().filter(u::team.eq_expr(Boss::of(u::id)));
    assert!(told(alias.text().unwrap_err()).starts_with("users.id is of no table"));
    let inside = User::query().filter(exists(Order::query().filter(o::buyer.eq_expr(t::id))));
    assert!(told(inside.count(&connection).await.unwrap_err()).starts_with("teams.id is of no table"));
    let on = User::query().inner_join::<Team>(o::buyer.eq_expr(t::id));
    assert!(told(on.fetch_all(&connection).await.unwrap_err()).starts_with("orders.buyer is of no table"));
    let ordered = User::query().order_by(t::name.joined().asc());
    assert!(told(ordered.fetch_all(&connection).await.unwrap_err()).starts_with("teams.name is of no table"));
    let same = User::query().inner_join::<OldUser>(u::id.eq_expr(old::id));
    assert_eq!(
        told(same.text().unwrap_err()),
        r#"two tables of the statement are called "users"; make one an `Alias`"#
    );
    let lacks = Spent::query().with::<Spent>(Order::select((o::buyer,)));
    assert_eq!(
        told(lacks.text().unwrap_err()),
        r#"the statement that is called "spent" selects no column of the name "total""#
    );
    let schema = InSchema::query().with::<InSchema>(Order::select((o::buyer,)));
    assert!(told(schema.text().unwrap_err()).starts_with(r#"a statement cannot be called "app"."spent""#));
    assert_eq!(sql!("select 1").scalar::<i32>(&connection).await.unwrap(), 1);
}
