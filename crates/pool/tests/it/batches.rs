//! Statements in one go: their answers in order, each error at its place, and a transaction as a whole or not at all.

use futures_util::FutureExt as _;
use pgkeel_pool::{Answer, Batch, Begin as _, Config, Error, Executor as _, Pool, Transaction as _};
use pgkeel_testkit::{Direction, Proxy, TestDatabase, eventually, scaled};
use tokio_postgres::error::SqlState;

use crate::dropped::poll_times;
use crate::{config_of, pool_of};

async fn pool_with_table(database: &TestDatabase) -> Pool {
    let pool = pool_of(database, 1, 0);
    pool.batch_execute("create table t(id int primary key, n int)").await.expect("the schema");
    pool
}

async fn count(pool: &Pool) -> i64 {
    pool.query_scalar("select count(*) from t", &[]).await.expect("a count")
}

/// Doubles numbers, so many.
fn doubling(count: i32) -> Batch {
    let mut batch = Batch::new();
    for number in 0..count {
        batch.add("select $1::int * 2, $2::text", (number, "a text of one's own".to_owned()));
    }
    batch
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_statements() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    for size in [0, 1, 100, 1000] {
        let answers = pool.run_batch(&doubling(size)).await.unwrap().all().unwrap();
        let numbers: Vec<i32> = answers.iter().map(|answer| answer.rows()[0].get(0)).collect();
        assert_eq!(numbers, (0..size).map(|number| number * 2).collect::<Vec<i32>>());
    }
    let mut batch = Batch::new();
    batch.add("insert into t select generate_series(1, 5)", ()).add("delete from t where id <= $1", [3]);
    batch.add("select id from t order by id", ());
    let answers = pool.session().await.unwrap().run_batch(&batch).await.unwrap().all().unwrap();
    let affected: Vec<u64> = answers.iter().map(Answer::rows_affected).collect();
    assert_eq!(affected, [5, 3, 2]);
    assert_eq!((pool.stats().idle, pool.stats().resetting), (1, 0), "it leaves the session clean");
}

#[tokio::test]
async fn a_statement_that_fails_leaves_the_others_be() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut batch = Batch::new();
    for id in [1, 2, 1, 3] {
        batch.add("insert into t(id) values ($1)", (id,));
    }
    batch.add("insert into t(id) values ($1)", ("no number",)).add("insert into t(id) values ($1)", (4,));
    let answers = pool.run_batch(&batch).await.unwrap();
    let good: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, true, false, true, false, true]);
    let error = answers.all().unwrap_err();
    assert!(matches!(error, Error::InBatch { index: 2, .. }), "{error:?}");
    assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION));
    assert_eq!(count(&pool).await, 4);
}

#[tokio::test]
async fn a_statement_that_cannot_be_prepared_keeps_all_from_being_run() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut batch = Batch::new();
    batch.add("insert into t(id) values (1)", ()).add("insert into no_such_table values (1)", ());
    let error = pool.run_batch(&batch).await.unwrap_err();
    assert!(matches!(error, Error::InBatch { index: 1, .. }), "{error:?}");
    let error = pool.transaction_batch(&batch).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::UNDEFINED_TABLE));
    assert_eq!(count(&pool).await, 0);
}

#[tokio::test]
async fn a_batch_in_a_transaction_belongs_to_it() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut batch = Batch::new();
    for id in 0..10 {
        batch.add("insert into t(id) values ($1)", (id,));
    }
    let tx = pool.begin().await.unwrap();
    assert_eq!(tx.run_batch(&batch).await.unwrap().all().unwrap().len(), 10);
    let savepoint = (&tx).begin().await.unwrap();
    let answers = savepoint.run_batch(&batch).await.unwrap();
    assert!(answers.iter().all(Result::is_err));
    savepoint.rollback().await.unwrap();
    tx.commit().await.unwrap();
    let tx = pool.begin().await.unwrap();
    let _ = tx.run_batch(&batch).await.unwrap();
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::Aborted { first: Some(_) }), "{error:?}");
    assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION));
    assert_eq!(count(&pool).await, 10);
}

#[tokio::test]
async fn kept_statements_that_do_not_fit_their_table_any_more_are_prepared_anew() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut batch = Batch::new();
    for id in 0..20 {
        batch.add("select * from t where id = $1", (id,));
    }
    pool.run_batch(&batch).await.unwrap().all().unwrap();
    pool.batch_execute("alter table t add column more text").await.unwrap();
    pool.run_batch(&batch).await.unwrap().all().unwrap();
    // Something behind it was run: then it is not, as that would change the order.
    pool.batch_execute("alter table t add column yet_more text").await.unwrap();
    batch.add("select 1", ());
    let error = pool.run_batch(&batch).await.unwrap().all().unwrap_err();
    assert!(matches!(error, Error::InBatch { index: 0, .. }), "{error:?}");
    pool.run_batch(&batch).await.unwrap().all().unwrap();
}

fn transfer(ids: &[i32]) -> Batch {
    let mut batch = Batch::new();
    for id in ids {
        batch.add("insert into t(id) values ($1)", (*id,));
    }
    batch
}

#[tokio::test]
async fn a_transaction_in_one_flight_is_kept_as_a_whole_or_not_at_all() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let done = pool.transaction_batch(&transfer(&[1, 2, 3])).await.unwrap();
    assert_eq!(done.iter().map(Answer::rows_affected).collect::<Vec<u64>>(), [1, 1, 1]);
    for _ in 0..scaled(20, 500) {
        let error = pool.transaction_batch(&transfer(&[4, 5, 1, 6])).await.unwrap_err();
        assert!(matches!(error, Error::InBatch { index: 2, .. }), "{error:?}");
        assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION));
        assert_eq!(count(&pool).await, 3);
    }
    // The one that does not fit is never sent, and those around it are undone.
    let mut unsent = transfer(&[7]);
    unsent.add("insert into t(id) values ($1)", ("no number",)).add("insert into t(id) values ($1)", (8,));
    let error = pool.transaction_batch(&unsent).await.unwrap_err();
    assert!(matches!(error, Error::InBatch { index: 1, .. }), "{error:?}");
    assert_eq!(count(&pool).await, 3);
    let many: Vec<i32> = (1000..2000).collect();
    assert_eq!(pool.transaction_batch(&transfer(&many)).await.unwrap().len(), 1000);
    assert_eq!(count(&pool).await, 1003);
    assert!(pool.transaction_batch(&Batch::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_commit_that_fails_is_the_transactions_error() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let schema = "create table a(id int primary key);
        create table t(a int references a deferrable initially deferred)";
    pool.batch_execute(schema).await.unwrap();
    let mut batch = Batch::new();
    batch.add("insert into t values (1)", ());
    let error = pool.transaction_batch(&batch).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::FOREIGN_KEY_VIOLATION));
    assert_eq!(count(&pool).await, 0);
}

#[tokio::test]
async fn a_batch_that_ends_its_transaction_itself_is_refused() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut batch = transfer(&[1]);
    batch.add("commit", ()).add("insert into t(id) values (2)", ());
    let error = pool.transaction_batch(&batch).await.unwrap_err();
    assert!(matches!(error, Error::TransactionControl { index: 1 }), "{error:?}");
    assert_eq!(count(&pool).await, 0);
}

#[tokio::test]
async fn a_whole_transaction_is_sent_before_any_answer_is_waited_for() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_pre_ping(false));
    pool.batch_execute("create table t(id int primary key, n int)").await.unwrap();
    pool.transaction_batch(&transfer(&[1, 2])).await.unwrap();
    let batch = transfer(&[3, 4]);
    let mut sent = Box::pin(pool.transaction_batch(&batch));
    assert!(sent.as_mut().now_or_never().is_none());
    let watcher = database.connection().await;
    eventually("it is committed, though nobody has looked at an answer", async || {
        let stored: i64 = watcher.query_scalar("select count(*) from t", &[]).await.unwrap();
        (stored == 4).then_some(())
    })
    .await;
    assert_eq!(sent.await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_transaction_whose_connection_is_lost_is_of_unknown_outcome() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()));
    pool.batch_execute("create table t(id int primary key, n int)").await.unwrap();
    pool.transaction_batch(&transfer(&[1])).await.unwrap();
    proxy.cut_after(Direction::ToClient, 0);
    let error = pool.transaction_batch(&transfer(&[2])).await.unwrap_err();
    assert!(matches!(error, Error::CommitUnknown { .. }) && !error.is_safe_to_retry(), "{error:?}");
}

#[tokio::test]
async fn a_transaction_dropped_after_any_number_of_polls_is_whole_or_absent() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let ids: Vec<i32> = (0..50).collect();
    for run in 0..scaled(60, 2000) {
        poll_times(Box::pin(pool.transaction_batch(&transfer(&ids))), run % 20).await;
        let stored = count(&pool).await;
        assert!(stored == 0 || stored == 50, "{stored} in run {run}");
        pool.batch_execute("truncate t").await.unwrap();
        poll_times(Box::pin(pool.run_batch(&doubling(50))), run % 20).await;
        assert_eq!(pool.query_scalar::<i32>("select 2", &[]).await.unwrap(), 2);
    }
    eventually("all sessions are accounted for", async || {
        let stats = pool.stats();
        (stats.in_use == 0 && stats.resetting == 0).then_some(())
    })
    .await;
}
