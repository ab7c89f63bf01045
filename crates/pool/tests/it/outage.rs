//! A server that goes and comes back.

use pgkeel_pool::{Config, Error, Executor as _, Pool};
use pgkeel_testkit::{TestCluster, eventually};

#[tokio::test]
async fn the_pool_reconnects_by_itself_when_the_server_is_back() {
    let mut cluster = TestCluster::start().await;
    let pool = Pool::connect(Config::new(cluster.address().clone())).await.unwrap();
    cluster.stop().await;
    let error = eventually("the pool notices", async || pool.session().await.err()).await;
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    assert!(error.is_safe_to_retry());
    cluster.start_again().await;
    eventually("the pool connects again", async || pool.query_scalar::<i32>("select 1", &[]).await.ok())
        .await;
    assert!(pool.stats().connect_failures_total >= 1);
}

#[tokio::test]
async fn a_session_caught_by_a_crash_fails_and_the_next_works() {
    let mut cluster = TestCluster::start().await;
    let pool = Pool::connect(Config::new(cluster.address().clone())).await.unwrap();
    let session = pool.session().await.unwrap();
    cluster.crash().await;
    let error = session.execute("select 1", &[]).await.unwrap_err();
    assert!(!error.is_safe_to_retry(), "{error:?}");
    drop(session);
    cluster.start_again().await;
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    assert_eq!((pool.stats().sessions(), pool.stats().idle), (1, 1));
}
