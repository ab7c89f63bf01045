//! Statements that are built: their texts, where they run, and what is seen of them.

use std::time::Duration;

use pgkeel_pool::{Begin as _, Config, Pool, Transaction as _};
use pgkeel_query::bind::MisfitReason;
use pgkeel_query::{AuditedSql, Entity, Error, Executor, Filter, sql};
use pgkeel_testkit::TestDatabase;

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "items")]
struct Item {
    id: i32,
    name: Option<String>,
}

fn one(id: i32, name: &str) -> Item {
    Item { id, name: Some(name.into()) }
}

#[test]
fn texts_depend_on_the_parts_alone() {
    let list = r#"select "items"."id", "items"."name" from "items""#;
    assert_eq!(Item::query().text().unwrap(), list);
    let of = |ids: &[i32], limit| {
        let filter = item::id.any_of(ids) | item::name.contains("x");
        Item::query().limit(limit).order_by(item::id.asc().nulls_first()).filter(filter).text().unwrap()
    };
    let text = format!(
        r#"{list} where (("items"."id" = any($1)) or ("items"."name" like $2)) order by "items"."id" asc nulls first limit $3"#
    );
    assert_eq!((of(&[], 1), of(&[1, 2], 100)), (text.clone(), text));
    let locked = Item::query().offset(3).skip_locked().for_update().text().unwrap();
    assert_eq!(locked, format!("{list} offset $1 for update skip locked"));
    assert_eq!(Item::query().for_share().no_wait().text().unwrap(), format!("{list} for share nowait"));
    let on = Item::query().distinct_on((item::name, item::id)).text().unwrap();
    assert!(on.starts_with(r#"select distinct on ("items"."name", "items"."id") "items"."id", "#), "{on}");
}

#[test]
fn debug_shows_text_and_types_and_no_value() {
    let filter = item::name.eq("Zanzibar4711") & item::name.contains("Zanzibar4711") & item::id.eq(4711);
    let statement = Item::query().filter(filter.clone()).limit(4711);
    for shown in [format!("{statement:?}"), format!("{filter:?}")] {
        assert!(shown.contains("= $1") && shown.contains("items.name") && shown.contains("i32"), "{shown}");
        assert!(!shown.contains("4711"), "{shown}");
    }
    assert!(format!("{:?}", item::id.asc().nulls_last()).contains("items.id asc nulls last"));
}

async fn all_calls(on: &impl Executor) {
    sql!("insert into items values (1, 'a'), (2, 'b'), (3, null)").execute(on).await.unwrap();
    let all = Item::query().order_by(item::id.asc());
    assert_eq!(
        all.clone().fetch_all(on).await.unwrap(),
        [one(1, "a"), one(2, "b"), Item { id: 3, name: None }]
    );
    assert_eq!(all.clone().filter(item::id.eq(1)).fetch_one(on).await.unwrap(), one(1, "a"));
    assert_eq!(all.clone().filter(item::id.eq(1)).fetch_opt(on).await.unwrap(), Some(one(1, "a")));
    assert_eq!(all.clone().filter(item::id.eq(9)).fetch_opt(on).await.unwrap(), None);
    assert!(all.clone().filter(item::id.eq(9)).fetch_one(on).await.unwrap_err().is_not_found());
    let error = all.clone().fetch_opt(on).await.unwrap_err();
    assert!(matches!(error, Error::RowCount { found: 3, .. }), "{error:?}");
    assert_eq!(all.clone().count(on).await.unwrap(), 3);
    assert_eq!(all.clone().for_update().count(on).await.unwrap(), 3, "counting locks nothing");
    assert!(all.for_update().exists(on).await.unwrap());
    sql!("delete from items").execute(on).await.unwrap();
}

#[tokio::test]
async fn every_call_works_on_every_executor() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    sql!("create table items(id int4, name text)").execute(&pool).await.unwrap();
    all_calls(&pool).await;
    let mut session = pool.session().await.unwrap();
    all_calls(&session).await;
    let tx = session.begin().await.unwrap();
    all_calls(&tx).await;
    tx.rollback().await.unwrap();
    drop(session);
    let mut connection = database.connection().await;
    all_calls(&connection).await;
    all_calls(connection.client()).await;
    let tx = connection.begin().await.unwrap();
    all_calls(&tx).await;
}

fn named(name: String) -> Filter<'static, Item> {
    item::name.eq(name)
}

#[tokio::test]
async fn a_statement_with_its_own_values_runs_in_another_task_and_texts_are_prepared_once() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    sql!("create table items(id int4, name text)").execute(&pool).await.unwrap();
    for id in 0..5 {
        let (pool, statement) =
            (pool.clone(), Item::query().filter(named("a".into()) & item::id.any_of(vec![7; id])));
        tokio::spawn(async move { statement.fetch_all(&pool).await }).await.unwrap().unwrap();
    }
    let kept = sql!(r#"select count(*) from pg_prepared_statements where statement like 'select "items"%'"#);
    assert_eq!(kept.scalar::<i64>(&pool).await.unwrap(), 1);
}

#[tokio::test]
async fn a_value_that_does_not_fit_names_its_column() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create table items(id int8, name uuid)").await.unwrap();
    let bad = |error: Error| match error {
        Error::Parameter(bad) => bad,
        error => panic!("{error:?}"),
    };
    let filter = item::id.ge(1) & item::name.eq("a\0b");
    let error = bad(Item::query().filter(filter).fetch_all(&connection).await.unwrap_err());
    assert_eq!(
        (error.number(), error.column(), error.misfit().reason()),
        (2, Some("items.name"), MisfitReason::OtherType)
    );
    assert!(error.to_string().starts_with("$2 for items.name: `str` does not fit `uuid`"), "{error}");
    let error = bad(Item::query().filter(item::name.any_of(["a"])).fetch_all(&connection).await.unwrap_err());
    assert_eq!(error.column(), Some("items.name"));
    let found = Item::query().filter(item::id.ge(1)).count(&connection).await.unwrap();
    assert_eq!(found, 0, "an i32 goes into int8, and the connection goes on");
}

#[tokio::test]
async fn locked_rows_are_skipped_or_refused() {
    let database = TestDatabase::empty().await;
    let (mut one, mut other) = (database.connection().await, database.connection().await);
    one.batch_execute("create table items(id int4, name text); insert into items values (1, 'a'), (2, 'b')")
        .await
        .unwrap();
    let held = one.begin().await.unwrap();
    Item::query().filter(item::id.eq(1)).for_update().fetch_one(&held).await.unwrap();
    let tx = other.begin().await.unwrap();
    let free = Item::query().for_update().skip_locked().fetch_all(&tx).await.unwrap();
    assert_eq!(free, [self::one(2, "b")]);
    let error = Item::query().for_share().no_wait().fetch_all(&tx).await.unwrap_err();
    assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some("55P03"), "{error:?}");
}

#[tokio::test]
async fn more_than_a_message_can_count_are_counted_first() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let many = |count: i32| (1..count).map(item::id_is).reduce(|any, one| any | one);
    let error = Item::query().and_if_some(many(65_537), |any| any).fetch_all(&connection).await.unwrap_err();
    assert!(matches!(error, Error::TooManyParameters { found: 65_536 }), "{error:?}");
    let too_many = || many(65_537).unwrap();
    for shown in [
        format!("{:?}", too_many()),
        format!("{:?}", Item::query().filter(too_many())),
        format!("{:?}", Item::delete().filter(too_many())),
    ] {
        assert!(shown.contains("TooManyParameters { found: 65536 }"), "{shown}");
    }
    let text = Item::query().and_if_some(many(65_536), |any| any).text().unwrap();
    assert!(text.ends_with(r#"("items"."id" = $65535))"#));
}

#[test]
fn filters_are_flat_from_whichever_side_they_are_put_together() {
    let text = |filter| Item::query().filter(filter).text().unwrap();
    let [one, two, three] = [1, 2, 3].map(item::id_is);
    let (in_front, behind) = (one.clone() | (two.clone() | three.clone()), (one | two) | three);
    assert_eq!(text(in_front.clone()), text(behind.clone()));
    assert_eq!(text(!in_front & behind.clone()).matches(" or ").count(), 4);
    assert_eq!(
        text(item::id_is(4) & behind).matches('(').count(),
        6,
        "what is in the other is in parentheses"
    );
    let long = (0..60_000).map(item::id_is).reduce(|any, one| one | any).unwrap();
    assert!(
        text(long).starts_with(
            r#"select "items"."id", "items"."name" from "items" where (("items"."id" = $1) or ("#
        )
    );
    let long = (0..60_000).map(item::id_is).reduce(|all, one| one & all).unwrap();
    assert!(text(long).ends_with(r#") and ("items"."id" = $60000))"#));
}

impl item {
    fn id_is(id: i32) -> Filter<'static, Item> {
        Self::id.eq(id)
    }
}

#[tokio::test]
async fn a_slow_statement_is_told_of_with_the_place_that_called() {
    let database = TestDatabase::empty().await;
    let config = Config::new(database.address().clone()).with_size(2, 0).unwrap();
    let pool = Pool::lazy(config.with_slow_query_threshold(Some(Duration::ZERO)));
    sql!("create table items(id int4 primary key, name text)").execute(&pool).await.unwrap();
    let mut lines = Vec::new();
    let later = Item::query().offset(1).fetch_all(&pool);
    lines.push(("offset $1", line!() - 1));
    later.await.unwrap();
    Item::query().limit(3).fetch_opt(&pool).await.unwrap();
    lines.push(("limit $1", line!() - 1));
    Item::query().exists(&pool).await.unwrap();
    lines.push(("exists(", line!() - 1));
    let mut session = pool.session().await.unwrap();
    Item::insert().set(item::id, 1).fetch_one(&session).await.unwrap();
    lines.push(("insert into", line!() - 1));
    let tx = session.begin().await.unwrap();
    Item::update().set(item::id, 2).all_rows().execute(&tx).await.unwrap();
    lines.push(("update", line!() - 1));
    tx.commit().await.unwrap();
    let audited = AuditedSql::new("a text of the test", "select 'audited' || $1").bind(&"x");
    audited.scalar::<String>(&pool).await.unwrap();
    lines.push(("select ? ||", line!() - 1));
    let slow = pool.slow_queries();
    for (part, line) in lines {
        let site = slow.iter().find(|slow| slow.text.contains(part)).and_then(|slow| slow.site);
        let site = site.unwrap_or_else(|| panic!("{part}: {slow:?}"));
        assert_eq!((site.file(), site.line()), (file!(), line), "{part}");
    }
}
