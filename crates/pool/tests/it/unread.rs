//! Behind a pooler in transaction mode: statements that were carried out, and whose rows cannot be read.

use pgkeel_connect::Connection;
use pgkeel_pool::{Config, Error, Executor as _, Pool, PoolerMode, RetryPolicy};
use pgkeel_testkit::TestDatabase;

use crate::config_of;

const SCHEMA: &str = "create type mood as enum ('sad', 'glad'); create type other as enum ('a');
    create table c(n int, v text); insert into c values (0, 'a')";

/// Counts how often it was carried out, and returns a column whose type is about to change.
const COUNT: &str = "update c set n = n + 1 returning v";

fn config(database: &TestDatabase) -> Config {
    config_of(database, 1, 0).with_pooler(PoolerMode::Transaction)
}

async fn counted(direct: &Connection) -> i32 {
    direct.query_scalar("select n from c", &[]).await.unwrap()
}

/// A pool whose driver has what it asks for types with, and knows the statement; and then the type is another.
async fn overtaken(database: &TestDatabase) -> (Pool, Connection) {
    let direct = database.connection().await;
    direct.batch_execute(SCHEMA).await.unwrap();
    let pool = Pool::lazy(config(database));
    pool.query("select 'sad'::mood", &[]).await.unwrap();
    pool.query(COUNT, &[]).await.unwrap();
    direct.batch_execute("alter table c alter v type other using v::other").await.unwrap();
    (pool, direct)
}

#[tokio::test]
async fn what_may_have_been_carried_out_is_told_and_not_run_again() {
    let database = TestDatabase::empty().await;
    let (pool, direct) = overtaken(&database).await;
    let retrying = pool.retrying(RetryPolicy::default());
    let error = retrying.query(COUNT, &[]).await.unwrap_err();
    assert!(matches!(error, Error::RowsUnreadable { .. }) && !error.is_safe_to_retry(), "{error:?}");
    assert_eq!(counted(&direct).await, 2);
    assert_eq!(retrying.query(COUNT, &[]).await.unwrap().len(), 1, "the new type is known now");
    assert_eq!(counted(&direct).await, 3);
}

/// Unless running it twice is as good as once.
#[tokio::test]
async fn what_is_idempotent_is_run_again() {
    let database = TestDatabase::empty().await;
    let (pool, direct) = overtaken(&database).await;
    let rows = pool.retrying(RetryPolicy::default()).idempotent().query(COUNT, &[]).await.unwrap();
    assert_eq!((rows.len(), counted(&direct).await), (1, 3));
}

/// The driver numbers what it prepares, over all connections of a process.
async fn next_name(database: &TestDatabase) -> u32 {
    let connection = database.connection().await;
    let _prepared = connection.prepare("select 1").await.unwrap();
    let name = "select name from pg_prepared_statements where statement = 'select 1'";
    let name: String = connection.query_scalar(name, &[]).await.unwrap();
    name.trim_start_matches('s').parse().unwrap()
}

/// Where another program has left its own statements under the names that the driver asks with, it gets strange answers;
/// they do not mean that a parameter was refused before anything was sent.
#[tokio::test]
async fn a_strange_answer_to_the_drivers_asking_does_not_pass_for_a_parameter_of_a_wrong_type() {
    let database = TestDatabase::empty().await;
    let first = next_name(&database).await;
    let (pool, direct) = overtaken(&database).await;
    let last = next_name(&database).await;
    let session = pool.session().await.unwrap();
    let occupy = format!(
        "do $$ begin for i in {first}..{last} loop
            execute format('prepare s%s(oid) as select 1, 2, 3, 4, 5, 6, $1', i); end loop; end $$"
    );
    session.connection().batch_execute(&occupy).await.unwrap();
    let error = session.query(COUNT, &[]).await.unwrap_err();
    assert!(matches!(error, Error::RowsUnreadable { .. }), "{error:?}");
    assert_eq!(counted(&direct).await, 2);
}

/// What ends its transaction by itself is not undone by an error behind that.
#[tokio::test]
async fn a_procedure_that_has_committed_is_not_run_again_for_its_types() {
    let database = TestDatabase::empty().await;
    let direct = database.connection().await;
    direct.batch_execute(SCHEMA).await.unwrap();
    let procedure = "create procedure count(text) language plpgsql as $body$ begin
        update c set n = n + 1;
        drop procedure count(text);
        create procedure count(varchar) language plpgsql as $inner$ begin
            update c set n = n + 1; end $inner$;
        commit;
        perform * from missing; end $body$";
    direct.batch_execute(procedure).await.unwrap();
    let pool = Pool::lazy(config(&database));
    let error = pool.execute("call count($1)", &[&"x"]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42P01", "{error:?}");
    assert_eq!(counted(&direct).await, 1);
}
