//! Savepoints leave nothing at the server when they end.

use std::time::Duration;

use pgkeel_pool::{Begin as _, Error, Executor as _, RetryPolicy, Transaction as _};
use pgkeel_testkit::{TestCluster, TestDatabase};

use crate::pool_of;
use crate::transactions::{insert, with_table};

/// Each savepoint in which something was written has a subtransaction, which holds a lock on its number until it ends.
#[tokio::test]
async fn a_savepoint_that_was_rolled_back_is_released_too() {
    let (_database, pool) = with_table().await;
    let tx = pool.begin().await.unwrap();
    for n in 0..20 {
        let savepoint = (&tx).begin().await.unwrap();
        insert(&savepoint, n).await.unwrap();
        match n % 3 {
            0 => savepoint.rollback().await.unwrap(),
            1 => drop(savepoint),
            _ => savepoint.commit().await.unwrap(),
        }
    }
    let locks = "select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'transactionid'";
    let kept: i64 = tx.query_scalar("select count(*) from t", &[]).await.unwrap();
    assert_eq!((tx.query_scalar::<i64>(locks, &[]).await.unwrap(), kept), (1, 6), "its own");
    let gone = tx.batch_execute("rollback to savepoint pgkeel_19").await.unwrap_err();
    assert_eq!(gone.code().unwrap().code(), "3B001", "there is no such savepoint any more");
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn the_servers_log_has_a_release_for_each_rollback_to_a_savepoint() {
    let cluster = TestCluster::start_with(|options| options.setting("log_statement", "all")).await;
    let pool = pgkeel_pool::Pool::lazy(pgkeel_pool::Config::new(cluster.address().clone()));
    let tx = pool.begin().await.unwrap();
    for _ in 0..3 {
        let savepoint = (&tx).begin().await.unwrap();
        savepoint.batch_execute("select 1").await.unwrap();
        savepoint.rollback().await.unwrap();
    }
    tx.commit().await.unwrap();
    let log = cluster.log();
    assert_eq!(log.matches("statement: ROLLBACK TO SAVEPOINT pgkeel_").count(), 3, "{log}");
    assert_eq!(log.matches("; RELEASE SAVEPOINT pgkeel_").count(), 3, "{log}");
}

/// The time that is left is told with `SET LOCAL`, which a rollback undoes.
#[tokio::test]
async fn the_server_knows_the_deadline_after_a_savepoint_too() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let policy = RetryPolicy::default().deadline(Duration::from_mins(10));
    for told_before in [false, true] {
        let run = pool.retrying(policy).transaction(|tx| async move {
            let show = "show statement_timeout";
            let before: Option<String> =
                if told_before { Some(tx.query_scalar(show, &[]).await?) } else { None };
            let inner = (&tx).begin().await?;
            let within: String = inner.query_scalar(show, &[]).await?;
            inner.rollback().await?;
            let after: String = tx.query_scalar(show, &[]).await?;
            Ok::<_, Error>([before.unwrap_or_else(|| within.clone()), within, after])
        });
        let told = run.await.unwrap();
        assert!(told.iter().all(|timeout| timeout != "0"), "{told:?}");
    }
}
