//! Transactions on a server that takes no writes.

use pgkeel_pool::{Config, Error, Executor as _, Pool, PoolerMode, RetryPolicy, TxOptions};
use pgkeel_testkit::TestCluster;

/// A server that waits for a primary that is not there.
async fn standby() -> (TestCluster, Pool) {
    let mut cluster = TestCluster::start().await;
    cluster.connection().await.batch_execute("create table t(n int)").await.unwrap();
    cluster.stop().await;
    std::fs::write(cluster.data_dir().join("standby.signal"), "").unwrap();
    cluster.start_again().await;
    let pool = Pool::lazy(Config::new(cluster.address().clone()));
    (cluster, pool)
}

/// BEGIN goes out with the first statement, which the server then runs by itself.
#[tokio::test]
async fn a_begin_that_is_refused_is_told_of_and_not_tried_again() {
    let (_cluster, pool) = standby().await;
    for statement in ["select 1", "select pg_sleep(0.1)"] {
        let mut attempts = 0;
        let done: Result<(), Error> = pool
            .retrying(RetryPolicy::default())
            .transaction_with(TxOptions::serializable(), |tx| {
                attempts += 1;
                async move {
                    tx.execute(statement, &[]).await?;
                    tx.execute(statement, &[]).await.map(drop)
                }
            })
            .await;
        let error = done.unwrap_err();
        assert!(matches!(error, Error::NotBegun { .. }), "{error:?}");
        assert_eq!((attempts, error.code().unwrap().code(), error.is_safe_to_retry()), (1, "0A000", false));
    }
    let done: Result<(), Error> = pool
        .transaction_with(TxOptions::serializable(), |tx| async move {
            let _ = tx.execute("select 1", &[]).await; // passed over
            Ok(())
        })
        .await;
    assert!(matches!(done, Err(Error::TxClosed)), "{done:?}");
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

/// Who runs another statement at the same time hears the same.
#[tokio::test]
async fn a_begin_that_is_refused_is_told_to_all_who_were_under_way() {
    let (cluster, _) = standby().await;
    for mode in [PoolerMode::Session, PoolerMode::Transaction] {
        let pool = Pool::lazy(Config::new(cluster.address().clone()).with_pooler(mode));
        let tx = pool.begin_with(TxOptions::serializable()).await.unwrap();
        let (first, second, third) = tokio::join!(
            tx.execute("select 1", &[]),
            tx.query("select 2", &[]),
            tx.batch_execute("select 3"),
        );
        for error in [first.unwrap_err(), second.unwrap_err(), third.unwrap_err()] {
            assert!(matches!(error, Error::NotBegun { .. }), "{mode}: {error:?}");
            assert_eq!(error.code().unwrap().code(), "0A000", "{mode}");
        }
        let error = tx.execute("select 4", &[]).await.unwrap_err();
        assert!(matches!(error, Error::TxClosed), "{mode}: {error:?}");
        drop(tx);
        assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_write_that_a_standby_refuses_is_tried_on_another_session() {
    let (_cluster, pool) = standby().await;
    for (options, expected) in [(TxOptions::new(), 3_u32), (TxOptions::new().read_only(true), 1)] {
        let (mut attempts, connects) = (0_u32, pool.stats().connects_total);
        let done: Result<u64, Error> = pool
            .retrying(RetryPolicy::new().attempts(3))
            .transaction_with(options, |tx| {
                attempts += 1;
                async move { tx.execute("insert into t values (1)", &[]).await }
            })
            .await;
        assert_eq!(done.unwrap_err().code().unwrap().code(), "25006");
        assert_eq!(attempts, expected);
        assert_eq!(pool.stats().connects_total - connects, u64::from(expected));
    }
}
