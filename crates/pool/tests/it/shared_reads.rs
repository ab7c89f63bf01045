//! Many readers over few sessions.

use std::time::Duration;

use pgkeel_pool::{Error, Executor as _};
use pgkeel_testkit::{PATIENCE, TestDatabase, eventually, scaled};

use crate::pool_of;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_get_their_own_answers_over_few_sessions() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 4, 0);
    let reads = pool.shared_reads(2);
    let tasks = (0..16).map(|task| {
        let reads = reads.clone();
        tokio::spawn(async move {
            for round in 0..scaled(100, 5000) {
                let number = task * 100_000 + round;
                let same: i32 = reads.query_scalar("select $1::int", &[&number]).await.unwrap();
                assert_eq!(same, number);
                if round % 10 == 0 {
                    let error = reads.query("select 1 / ($1::int - $1)", &[&number]).await.unwrap_err();
                    assert!(error.server().is_some(), "{error:?}");
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert!(pool.stats().connects_total <= 4, "{}", pool.stats());
    eventually("the sessions are back", async || (pool.stats().in_use == 0).then_some(())).await;
}

#[tokio::test]
async fn what_is_no_read_is_refused() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let reads = pool.shared_reads(1);
    for sql in ["begin", "set search_path = x", "insert into t values (1)", "select 1; commit"] {
        assert!(matches!(reads.batch_execute(sql).await, Err(Error::NotARead)), "{sql}");
    }
    assert_eq!(reads.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_reader_who_gives_up_hurts_no_other() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let reads = pool.shared_reads(1);
    for _ in 0..scaled(20, 500) {
        let slow = reads.query_scalar::<i32>("select 1 from pg_sleep(0.05)", &[]);
        let (given_up, others) = tokio::join!(tokio::time::timeout(Duration::from_millis(5), slow), async {
            tokio::task::yield_now().await;
            reads.query_scalar::<i32>("select 2", &[]).await
        });
        assert!(given_up.is_err());
        assert_eq!(others.unwrap(), 2);
        assert_eq!(reads.query_scalar::<i32>("select 3", &[]).await.unwrap(), 3);
    }
}

#[tokio::test]
async fn a_session_that_was_lost_is_replaced_and_a_closed_pool_is_closed() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let reads = pool.shared_reads(1);
    let pid: i32 = reads.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
    let sleeping = reads.query_scalar::<i32>("select 1 from pg_sleep(60)", &[]);
    let ended = async {
        let watcher = database.connection().await;
        watcher.query_scalar::<bool>("select pg_terminate_backend($1)", &[&pid]).await.unwrap()
    };
    let (lost, ended) = tokio::join!(sleeping, ended);
    assert!(ended && lost.is_err());
    let other: i32 = reads.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
    assert_ne!(pid, other);
    pool.close(PATIENCE).await;
    assert!(matches!(reads.query("select 1", &[]).await, Err(Error::Closed)));
}
