//! Statements that nobody would think of, put together at random: the server accepts each, and hostile values stay values.

use pgkeel_query::connect::Connection;
use pgkeel_query::relation::{
    Exact, Joined, Nullable, Output, Whole, Window, bool_and, coalesce, count, count_distinct, count_of,
    exists, lag, length, lower, max, min, named, rank, row_number, scalar, string_agg, sum, upper, value,
};
use pgkeel_query::{Alias, Column, Entity, Error, Executor as _, Expr, Filter, Select, sql};
use pgkeel_testkit::{Random, TestDatabase, scaled};

#[derive(Debug, Entity)]
#[pgkeel(table = "users", columns = u)]
#[expect(dead_code, reason = "only the columns matter")]
struct User {
    id: i64,
    name: Option<String>,
    team: Option<i64>,
}

#[derive(Debug, Entity)]
#[pgkeel(table = "teams", columns = t)]
#[expect(dead_code, reason = "only the columns matter")]
struct Team {
    id: i64,
    name: String,
    size: i32,
}

#[derive(Debug, Entity)]
#[pgkeel(table = "small", columns = s)]
#[expect(dead_code, reason = "only the columns matter")]
struct Small {
    id: i64,
    name: Option<String>,
}

type Other = Alias<User, 3>;

const TABLES: &str = "create table users(id int8, name text, team int8);
    create table teams(id int8, name text not null, size int4);
    insert into users select n, nullif('N''' || n % 4, 'N''2'), nullif(n % 3, 0) from generate_series(1, 9) n;
    insert into teams select n, 'T\"' || n, n from generate_series(1, 3) n";

const HOSTILE: [&str; 10] = [
    "'",
    "''; drop table users; --",
    "\\'; select pg_sleep(9); --",
    "$1",
    "\"",
    "/*",
    "%_\\",
    "$$",
    "ä\u{202e}🐘",
    "');--",
];

type Number = Expr<'static, Joined, Option<i64>, Exact>;
type Text = Expr<'static, Joined, Option<String>, Exact>;
type Truth = Filter<'static, Joined>;

/// Which tables the statement has.
#[derive(Clone, Copy)]
struct There {
    teams: bool,
    other: bool,
}

/// What is written next.
struct Writer {
    random: Random,
    there: There,
}

fn number_of<E, T: Nullable<Out = Option<i64>, Inner = i64>>(column: Column<E, T>) -> Number {
    column.joined().not_null().nullable()
}

fn text_of<E, T: Nullable<Out = Option<String>, Inner = String>>(column: Column<E, T>) -> Text {
    column.joined().not_null().nullable()
}

impl Writer {
    fn pick(&mut self, end: u64) -> u64 {
        self.random.below(end)
    }

    fn hostile(&mut self) -> &'static str {
        HOSTILE[usize::try_from(self.pick(10)).unwrap()]
    }

    fn number(&mut self, depth: u64) -> Number {
        match self.pick(if depth == 0 { 5 } else { 13 }) {
            0 if self.there.teams => number_of(t::id),
            1 if self.there.other => number_of(Other::of(u::team)),
            2 => value(i64::try_from(self.pick(9)).unwrap()).joined().nullable(),
            3 => number_of(u::team),
            0..=4 => number_of(u::id),
            5 => self.number(depth - 1).plus(self.number(depth - 1)),
            6 => self.number(depth - 1).minus(self.number(depth - 1)),
            7 => self.number(depth - 1).times(self.number(depth - 1)),
            8 => self.number(depth - 1).divided_by(self.number(depth - 1)),
            9 => length(self.text(depth - 1)).cast::<i64>(),
            10 => coalesce(self.number(depth - 1), self.number(depth - 1)),
            11 => coalesce(self.truth(depth - 1), value(false))
                .cast::<String>()
                .nullable()
                .joined()
                .cast_length(),
            _ => {
                let there = std::mem::replace(&mut self.there, There { teams: false, other: true });
                let inside = Other::query().filter(self.truth(depth - 1)).select((count().cast::<i64>(),));
                self.there = there;
                if there.other { value(3_i64).joined().nullable() } else { scalar(inside) }
            }
        }
    }

    fn text(&mut self, depth: u64) -> Text {
        match self.pick(if depth == 0 { 4 } else { 8 }) {
            0 if self.there.teams => text_of(t::name),
            1 if self.there.other => text_of(Other::of(u::name)),
            2 => value(self.hostile()).joined().nullable(),
            0..=3 => text_of(u::name),
            4 => lower(self.text(depth - 1)),
            5 => upper(self.text(depth - 1)),
            6 => self.number(depth - 1).cast::<String>(),
            _ => coalesce(self.text(depth - 1), self.text(depth - 1)),
        }
    }

    fn truth(&mut self, depth: u64) -> Truth {
        match self.pick(if depth == 0 { 6 } else { 15 }) {
            0 => self.number(0).gt(3),
            1 => self.text(0).eq(self.hostile()),
            2 => self.text(0).is_null(),
            3 => u::name.contains(self.hostile()).joined(),
            4 => self.number(0).any_of(vec![1, 2, 3]),
            5 => self.text(0).none_of(HOSTILE),
            6 => self.truth(depth - 1) & self.truth(depth - 1),
            7 => self.truth(depth - 1) | self.truth(depth - 1),
            8 => !self.truth(depth - 1),
            9 => self.number(depth - 1).lt_expr(self.number(depth - 1)),
            10 => self.text(depth - 1).differs_from_expr(self.text(depth - 1)),
            11 => self.number(depth - 1).between(1, 7),
            12 => coalesce(self.truth(depth - 1), value(true)).holds(),
            13 => {
                let inside = Small::select((s::id,)).filter(s::name.ne(self.hostile())).limit(2);
                self.number(depth - 1).in_query(inside)
            }
            _ => exists(Small::query().filter(s::id.eq_expr(self.number(depth - 1)))),
        }
    }

    fn window(&mut self) -> Window<'static> {
        let mut window = Window::new();
        for _ in 0..self.pick(3) {
            window = window.partition_by(self.text(1));
        }
        for _ in 0..self.pick(3) {
            window = window.order_by(self.number(1).desc().nulls_last());
        }
        window
    }
}

trait CastLength {
    fn cast_length(self) -> Number;
}

impl CastLength for Text {
    fn cast_length(self) -> Number {
        length(self).cast::<i64>()
    }
}

/// Neither its text nor its names are wrong to the server; what it computes may be too large.
async fn accepted<S, R: Output<S>>(statement: Select<'_, S, R>, connection: &Connection) {
    let text = statement.text().unwrap_or_else(|error| panic!("{error:?}"));
    assert!(!HOSTILE[1..].iter().filter(|it| it.len() > 3).any(|value| text.contains(value)), "{text}");
    for answer in
        [statement.clone().fetch_all(connection).await.map(drop), statement.count(connection).await.map(drop)]
    {
        match answer {
            Ok(()) => {}
            Err(Error::Database(failure)) => {
                let code = Error::Database(failure);
                let class = code.code().map(|code| code.code().to_owned()).unwrap_or_default();
                assert!(["22003", "22012"].contains(&class.as_str()), "{text}: {code:?}");
            }
            Err(error) => panic!("{text}: {error:?}"),
        }
    }
}

async fn of_whole(connection: &Connection, writer: &mut Writer) {
    writer.there = There { teams: false, other: false };
    accepted(User::query().filter(writer.truth(3)).order_by(writer.text(2).asc()).limit(3), connection).await;
    writer.there.teams = true;
    let on = writer.truth(2) & u::team.eq_expr(t::id);
    let joined = User::query().left_join::<Team>(on).filter(writer.truth(2)).order_by(u::id.asc()).offset(1);
    accepted(joined.clone(), connection).await;
    writer.there.other = true;
    let on = writer.truth(1) & Other::of(u::team).eq_expr(t::id);
    accepted(
        joined.inner_join::<Other>(on).filter(writer.truth(2)).distinct().distinct_or(writer),
        connection,
    )
    .await;
}

trait DistinctOr {
    fn distinct_or(self, writer: &mut Writer) -> Self;
}

/// Rows that are each there once are ordered by what is selected.
impl<S, R> DistinctOr for Select<'_, S, R> {
    fn distinct_or(self, writer: &mut Writer) -> Self {
        let is_cut = writer.pick(2) == 0;
        self.when(is_cut, |statement| statement.limit(5))
    }
}

async fn of_groups(connection: &Connection, writer: &mut Writer) {
    writer.there = There { teams: true, other: writer.pick(2) == 0 };
    let tables =
        Team::query().left_join::<User>(u::team.eq_expr(t::id)).left_join::<Other>(writer.own_truth());
    writer.there.other = true;
    let key = writer.column();
    let statement = tables
        .select((
            key.clone().named("it's \"key\""),
            count(),
            count_of(u::id).filter(writer.truth(1)),
            count_distinct(writer.text(1)),
            sum(writer.number(1).cast::<f64>()),
            max(writer.text(1)),
            min(writer.number(1)).named("least"),
            string_agg(writer.text(1), writer.hostile()),
            bool_and(coalesce(writer.truth(1), value(true))),
        ))
        .filter(writer.truth(2))
        .group_by((key.clone(),))
        .having(count().gt(0) | max(writer.number(1)).is_null())
        .order_by(named("least").desc().nulls_first())
        .order_by(key.asc());
    accepted(statement, connection).await;
}

impl Writer {
    fn own_truth(&mut self) -> Truth {
        let there = std::mem::replace(&mut self.there, There { teams: true, other: true });
        let truth = self.truth(1);
        self.there = there;
        truth
    }

    fn column(&mut self) -> Text {
        match self.pick(3) {
            0 => text_of(t::name),
            1 => lower(text_of(u::name)),
            _ => upper(lower(text_of(Other::of(u::name)))),
        }
    }
}

async fn of_windows(connection: &Connection, writer: &mut Writer) {
    writer.there = There { teams: true, other: false };
    let statement = User::query()
        .inner_join::<Team>(writer.truth(1))
        .select((
            row_number().over(writer.window()).named("n"),
            rank().over(writer.window()).plus(value(1_i64)),
            lag(writer.text(1), 2).over(writer.window()),
            max(writer.number(1)).filter(writer.truth(1)).over(writer.window()),
            t::size,
        ))
        .filter(writer.truth(2))
        .order_by(row_number().over(writer.window()).desc())
        .limit(4);
    accepted(statement, connection).await;
}

async fn of_several(connection: &Connection, writer: &mut Writer) {
    writer.there = There { teams: false, other: false };
    let small = || User::select((u::id, u::name));
    let one = small().filter(writer.truth(2)).limit(3);
    writer.there.teams = true;
    let other = User::query().inner_join::<Team>(writer.truth(1)).select((t::id, u::name.named("name")));
    let both = match writer.pick(6) {
        0 => one.union(other),
        1 => one.union_all(other),
        2 => one.intersect(other),
        3 => one.intersect_all(other),
        4 => one.except(other),
        _ => one.except_all(other),
    };
    let both = both.order_by(named("id").asc()).limit(7);
    accepted(both.clone(), connection).await;
    writer.there = There { teams: false, other: false };
    let named = User::query()
        .left_join::<Small>(s::id.eq_expr(writer.number(1)))
        .with::<Small>(both)
        .filter(writer.truth(1));
    accepted(named.clone(), connection).await;
    let _: Select<'_, (User, Option<Small>), Whole> = named;
}

#[tokio::test]
async fn statements_that_are_put_together_at_random_are_accepted() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    // What is asked here would be worth compiling by the server's guess, which takes longer than all else.
    connection.batch_execute("set jit = off").await.unwrap();
    connection.batch_execute(TABLES).await.unwrap();
    connection.batch_execute("create view small as select id, name from users where id < 4").await.unwrap();
    let mut writer = Writer { random: Random::seeded(), there: There { teams: false, other: false } };
    for _ in 0..scaled(150, 20_000) {
        of_whole(&connection, &mut writer).await;
        of_groups(&connection, &mut writer).await;
        of_windows(&connection, &mut writer).await;
        of_several(&connection, &mut writer).await;
    }
    let left = sql!("select (select count(*) from users) + (select count(*) from teams)")
        .scalar::<i64>(&connection)
        .await;
    assert_eq!(left.unwrap(), 12, "nothing was changed");
}
