//! Futures dropped in the middle: nothing dirty is handed on, no lock stays.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use pgkeel_connect::TransactionStatus;
use pgkeel_pool::{Begin as _, Error, Executor as _, Pool, Transaction as _};
use pgkeel_testkit::{TestDatabase, eventually, scaled};

use crate::pool_of;

/// Lets the runtime go on between two polls, so that answers arrive.
async fn breathe(round: u32) {
    if round.is_multiple_of(2) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    } else {
        tokio::task::yield_now().await;
    }
}

/// Polls the future at most this often and drops it. Whether it came to its end.
pub(crate) async fn poll_times(future: impl Future, times: u32) -> bool {
    let mut future = pin!(future);
    for round in 0..times {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        breathe(round).await;
    }
    false
}

async fn work(pool: &Pool) -> Result<(), Error> {
    let tx = pool.begin().await?;
    tx.execute("update t set n = n + 1", &[]).await?;
    let savepoint = (&tx).begin().await?;
    savepoint.execute("update t set n = n + 1", &[]).await?;
    savepoint.commit().await?;
    tx.commit().await
}

#[tokio::test]
async fn a_transaction_dropped_after_any_number_of_polls_leaves_nothing_open() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 1);
    pool.batch_execute("create table t(n int); insert into t values (0)").await.unwrap();
    let watcher = database.connection().await;
    for run in 0..scaled(60, 2000) {
        poll_times(Box::pin(work(&pool)), run % 30).await;
        eventually("nobody is in a transaction", async || {
            let open = "select count(*) from pg_stat_activity
                where datname = current_database() and state like 'idle in transaction%'";
            (watcher.query_scalar::<i64>(open, &[]).await.unwrap() == 0).then_some(())
        })
        .await;
        let session = pool.session().await.unwrap();
        assert_eq!(session.transaction_status(), TransactionStatus::Idle);
        // A rival would hang here if the lock had stayed.
        session.execute("update t set n = n", &[]).await.unwrap();
    }
    eventually("all sessions are accounted for", async || {
        let stats = pool.stats();
        (stats.in_use == 0 && stats.resetting == 0 && stats.waiting == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_raw_begin_is_not_handed_on() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    let session = pool.session().await.unwrap();
    session.batch_execute("begin; insert into t values (1)").await.unwrap();
    drop(session);
    let session = pool.session().await.unwrap();
    assert_eq!(session.transaction_status(), TransactionStatus::Idle);
    assert_eq!(session.query_scalar::<i64>("select count(*) from t", &[]).await.unwrap(), 0);
    assert_eq!(pool.stats().dirty_total, 1);
}

#[tokio::test]
async fn a_failed_transaction_is_not_handed_on() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let session = pool.session().await.unwrap();
    session.batch_execute("begin").await.unwrap();
    session.execute("select 1/0", &[]).await.unwrap_err();
    drop(session);
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn an_abandoned_statement_does_not_reach_the_next_user() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    for _ in 0..scaled(10, 200) {
        let abandoned = pool.query_scalar::<i32>("select 1 from pg_sleep(0.02)", &[]);
        assert!(tokio::time::timeout(Duration::from_millis(5), abandoned).await.is_err());
        assert_eq!(pool.query_scalar::<i32>("select 2", &[]).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_dropped_begin_on_a_held_session_leaves_it_usable() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let mut session = pool.session().await.unwrap();
    for polls in 0..4 {
        poll_times((&mut session).begin(), polls).await;
        session.execute("select 1", &[]).await.unwrap();
        assert_eq!(session.transaction_status(), TransactionStatus::Idle, "after {polls} polls");
    }
}

#[tokio::test]
async fn two_statements_at_once_in_one_transaction_both_work() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let both: Result<(i32, i32), Error> = pool
        .transaction(|tx| async move {
            let (one, two) = tokio::join!(tx.query_scalar("select 1", &[]), tx.query_scalar("select 2", &[]));
            Ok((one?, two?))
        })
        .await;
    assert_eq!(both.unwrap(), (1, 2));
}
