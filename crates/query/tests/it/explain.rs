//! Plans, and what tests hold on to in them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pgkeel_pool::Transaction as _;
use pgkeel_query::connect::{Connection, Executor};
use pgkeel_query::explain::{Node, Plan, PlanKind};
use pgkeel_query::{Entity, Error, col, q, sql};
use pgkeel_testkit::TestDatabase;

use crate::pool_of;

const CANARY: &str = "Zanzibar4711";
const SCHEMA: &str = "create schema app; create table app.users(id int4 primary key, name text not null);
    insert into app.users select n, 'name ' || n from generate_series(1, 20000) n; analyze app.users;
    create table app.fresh(id int4, name text); insert into app.fresh select n, 'x' from generate_series(1, 20000) n";

async fn schema() -> (TestDatabase, Connection) {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    // No scan by several processes, which small machines have none of.
    let settings = "set max_parallel_workers_per_gather = 0";
    connection.batch_execute(&format!("{SCHEMA}; {settings}")).await.unwrap();
    (database, connection)
}

async fn users(database: &impl Executor) -> i64 {
    sql!("select count(*) from app.users").scalar(database).await.unwrap()
}

/// What an assertion says when it does not hold.
fn told<'a>(assertion: impl FnOnce() -> &'a Plan) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).map(drop).expect_err("it does not hold");
    *panic.downcast::<String>().expect("a text that was put together")
}

#[tokio::test]
async fn an_estimate_names_tables_and_indexes_and_no_values() {
    let (_database, connection) = schema().await;
    let (id, name) = (7_i32, CANARY);
    let by_key = sql!("select name from app.users where id = {id} and name <> {name}");
    let plan = by_key.explain().estimate(&connection).await.unwrap();
    plan.assert_no_seq_scan_over(0).assert_index_used("users_pkey");
    assert_eq!(
        (plan.kind(), plan.root().schema(), plan.root().relation()),
        (PlanKind::Estimated, Some("app"), Some("users"))
    );
    assert!(plan.root().actual().is_none() && plan.execution_ms().is_none() && plan.root().cost() > 0.0);
    let by_name = sql!("select id from app.users u where name = {name}");
    let plan = by_name.explain().estimate(&connection).await.unwrap();
    assert!(plan.root().estimated_rows() < 2.0, "the filter leaves one: {plan}");
    plan.assert_no_seq_scan_over(20_000);
    let said = told(|| plan.assert_no_seq_scan_over(19_999));
    assert!(said.contains("users (20000 rows)") && said.contains("Seq Scan on users as u"), "{said}");
    let unused = told(|| plan.assert_index_used("users_pkey"));
    assert!(unused.contains("used are: none"), "{unused}");
    let not_run = told(|| plan.assert_estimates_within(1e9));
    assert!(not_run.contains("take `analyze`"), "{not_run}");
    for shown in [
        said,
        unused,
        not_run,
        format!("{plan}"),
        format!("{plan:?}"),
        format!("{:?} {:?}", plan.root(), by_name.explain()),
    ] {
        assert!(!shown.contains(CANARY), "{shown}");
    }
    let filter = plan.root().conditions_with_values()["Filter"].as_str().unwrap();
    assert!(filter.contains(CANARY), "only who asks for it sees it: {filter}");
}

#[derive(Entity)]
#[pgkeel(table = "app.users", columns = u)]
#[expect(dead_code, reason = "no row is read")]
struct User {
    #[pgkeel(id)]
    id: i32,
    name: String,
}

#[tokio::test]
async fn a_statement_that_is_built_is_explained_with_its_values_whatever_it_does() {
    let (_database, mut connection) = schema().await;
    let name = CANARY.to_owned();
    let select = User::query().filter(u::id.eq(7) & u::name.ne(&name)).order_by(u::id.asc()).limit(3);
    let named = q("app.users").select(("name",)).filter(col("id").eq(7_i32) & col("name").ne(CANARY));
    let insert = User::insert().set(u::id, 20_001).set(u::name, &name);
    let update = User::update().set(u::name, &name).filter(u::id.any_of([7, 8]));
    let delete = User::delete().filter(u::id.eq(7) & u::name.ne(&name));
    for explain in [select.explain(), named.explain(), insert.explain(), update.explain(), delete.explain()] {
        let explain = explain.unwrap();
        let plans = [
            explain.estimate(&connection).await.unwrap(),
            explain.analyze(&mut connection).await.unwrap(),
            explain.generic(&mut connection).await.unwrap(),
        ];
        for plan in &plans {
            plan.assert_no_seq_scan_over(0);
            assert!(!format!("{plan} {plan:?} {explain:?}").contains(CANARY));
        }
    }
    let plan = select.explain().unwrap().analyze(&mut connection).await.unwrap();
    plan.assert_index_used("users_pkey").assert_estimates_within(2.0);
    assert_eq!(users(&connection).await, 20_000, "what is run is undone");
    let nothing = User::update().filter(u::id.eq(7));
    assert!(matches!(nothing.explain(), Err(Error::NothingToSet)));
}

#[tokio::test]
async fn a_table_that_was_never_analyzed_is_as_large_as_its_blocks() {
    let (_database, connection) = schema().await;
    connection
        .batch_execute("create temp table passing as select n from generate_series(1, 20000) n")
        .await
        .unwrap();
    let id = 7_i32;
    let join = sql!("select f.name from app.fresh f, passing where f.id = {id} and n = {id}");
    let plan = join.explain().estimate(&connection).await.unwrap();
    let said = told(|| plan.assert_no_seq_scan_over(5_000));
    assert!(said.contains("fresh (") && said.contains("passing ("), "{said}");
    plan.assert_no_seq_scan_over(100_000);
    connection.batch_execute("create table app.empty()").await.unwrap();
    let empty = sql!("select 1 from app.empty");
    empty.explain().estimate(&connection).await.unwrap().assert_no_seq_scan_over(0);
}

#[tokio::test]
async fn what_is_run_is_measured_and_undone_wherever_it_is_run() {
    let (database, mut connection) = schema().await;
    let pool = pool_of(&database);
    let (from, name) = (10_000_i32, CANARY);
    let delete = sql!("delete from app.users where id > {from} and name <> {name} and id % 2 = 0");
    let check = |plan: Plan| {
        let (root, scan) = (plan.root(), plan.nodes().last().unwrap());
        assert_eq!(
            (plan.kind(), root.node_type(), root.relation()),
            (PlanKind::Analyzed, "ModifyTable", Some("users"))
        );
        let actual = scan.actual().unwrap();
        assert_eq!(
            (actual.rows.to_string(), actual.loops.to_string()),
            ("5000".into(), "1".into()),
            "{plan}"
        );
        assert!(actual.removed >= 5_000.0 && actual.ms.is_some(), "{plan}");
        assert!(scan.buffers().is_some_and(|buffers| buffers.hit + buffers.read > 50), "{plan}");
        assert!(plan.execution_ms().unwrap() > 0.0 && plan.planning_ms().is_some());
        let said = told(|| plan.assert_estimates_within(1.000_001));
        assert!(said.contains("5000 came") && !said.contains(CANARY), "{said}");
        assert!(!format!("{plan} {plan:?}").contains(CANARY));
    };
    check(delete.explain().analyze(&pool).await.unwrap());
    let mut session = pool.session().await.unwrap();
    check(delete.explain().analyze(&mut session).await.unwrap());
    drop(session);
    check(delete.explain().analyze(&mut connection).await.unwrap());
    assert_eq!(users(&pool).await, 20_000);
    let tx = pool.begin().await.unwrap();
    sql!("delete from app.users where id = 1").execute(&tx).await.unwrap();
    check(delete.explain().analyze(&tx).await.unwrap());
    assert_eq!(users(&tx).await, 19_999, "the transaction around it goes on");
    tx.commit().await.unwrap();
    assert_eq!(users(&pool).await, 19_999);
    let tx = pool.begin().await.unwrap();
    let (zero, one) = (0_i32, 1_i32);
    let error = sql!("select {one}::int4 / {zero}").explain().analyze(&tx).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "22012");
    assert_eq!(users(&tx).await, 19_999, "a failure as well");
}

#[tokio::test]
async fn estimates_are_held_against_what_came_but_below_a_limit() {
    let (_database, mut connection) = schema().await;
    let plan = sql!("select * from app.users limit 3").explain().analyze(&mut connection).await.unwrap();
    plan.assert_estimates_within(1.0);
    let wrong = sql!("select * from app.users where id % 2 = 0 and length(name) > 0");
    let plan = wrong.explain().analyze(&mut connection).await.unwrap();
    plan.assert_estimates_within(1e6);
    let said = told(|| plan.assert_estimates_within(10.0));
    assert!(said.contains("Seq Scan expected") && said.contains("10000 came"), "{said}");
    assert_eq!(plan.nodes().find_map(Node::scanned_rows), Some(20_000.0), "those left out are read too");
}

async fn is_clean(connection: &Connection) {
    let kept = sql!("select count(*) from pg_prepared_statements where name = 'pgkeel_explain'");
    assert_eq!(kept.scalar::<i64>(connection).await.unwrap(), 0);
    let mode = sql!("select current_setting('plan_cache_mode')").scalar::<String>(connection).await.unwrap();
    assert_eq!(mode, "auto");
}

#[tokio::test]
async fn a_generic_plan_shows_conditions_with_numbers_and_takes_no_values() {
    let (database, mut connection) = schema().await;
    let (id, name) = (7_i32, CANARY);
    let statement = sql!(
        "select u.id from app.users u join app.fresh f using (id) where u.id > {id} and f.name = {name}"
    );
    let plan = statement.explain().generic(&mut connection).await.unwrap();
    let shown = plan.to_string();
    assert_eq!(plan.kind(), PlanKind::Generic);
    assert!(shown.contains("$1") && shown.contains("$2") && !shown.contains(CANARY), "{shown}");
    assert!(plan.nodes().all(|node| node.actual().is_none()));
    is_clean(&connection).await;
    let plan = sql!("select 1 where true").explain().generic(&mut connection).await.unwrap();
    assert_eq!(plan.root().node_type(), "Result");
    is_clean(&connection).await;
    let error = sql!("select {id} from nowhere").explain().generic(&mut connection).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42P01");
    is_clean(&connection).await;
    let plan =
        sql!("delete from app.users where id = {id}").explain().generic(&mut connection).await.unwrap();
    plan.assert_index_used("users_pkey");
    assert_eq!(users(&connection).await, 20_000);
    let pool = pool_of(&database);
    let tx = pool.begin().await.unwrap();
    for _ in 0..2 {
        statement.explain().generic(&tx).await.unwrap();
        statement.explain().generic(&pool_of(&database)).await.unwrap();
    }
    assert_eq!(users(&tx).await, 20_000, "the transaction around it goes on");
    let mode = sql!("select current_setting('plan_cache_mode')").scalar::<String>(&tx).await.unwrap();
    assert_eq!(mode, "auto");
}

#[tokio::test]
async fn what_is_no_one_statement_or_has_no_plan_is_an_error() {
    let (_database, mut connection) = schema().await;
    let two = sql!("select 1; drop table app.users");
    two.explain().estimate(&connection).await.unwrap_err();
    two.explain().generic(&mut connection).await.unwrap_err();
    two.explain().analyze(&mut connection).await.unwrap_err();
    assert_eq!(users(&connection).await, 20_000);
    connection.batch_execute("create rule r as on delete to app.fresh do instead nothing").await.unwrap();
    let nothing = sql!("delete from app.fresh").explain().estimate(&connection).await;
    assert!(nothing.is_err() || nothing.is_ok_and(|plan| plan.root().node_type() == "Result"));
    let id = 7_i64;
    let error =
        sql!("select 1 from app.users where id = any({id}::int4[])").explain().estimate(&connection).await;
    assert!(matches!(error, Err(Error::Parameter(_))), "values are held against types here too: {error:?}");
}
