//! Every wait has a bound, and the error names the step.

use std::time::{Duration, Instant};

use pgkeel_pool::{Config, Error, Executor as _, Pool, Step};
use pgkeel_testkit::{Proxy, TestDatabase, eventually};

use crate::config_of;

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_full_pool_is_waited_for_only_so_long() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_timeout(SHORT));
    let _held = pool.session().await.unwrap();
    let start = Instant::now();
    let error = pool.session().await.unwrap_err();
    assert!(start.elapsed() >= SHORT);
    let Error::AcquireTimeout { step: Step::Wait, stats, .. } = &error else { panic!("{error:?}") };
    assert_eq!((stats.in_use, stats.waiting), (1, 0));
    assert!(error.is_safe_to_retry());
    assert_eq!(pool.stats().timeouts_total, 1);
}

#[tokio::test]
async fn connecting_counts_towards_the_same_bound() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    proxy.black_hole();
    let pool = Pool::lazy(Config::new(proxy.address()).with_timeout(SHORT));
    let error = pool.session().await.unwrap_err();
    assert!(matches!(error, Error::AcquireTimeout { step: Step::Connect, .. }), "{error:?}");
    assert_eq!((pool.stats().sessions(), pool.stats().connecting), (1, 1), "it goes on connecting");
    proxy.pass();
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_caller_who_gives_up_leaves_no_trace() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0));
    let held = pool.session().await.unwrap();
    for _ in 0..20 {
        let given_up = tokio::time::timeout(Duration::from_millis(1), pool.session()).await;
        assert!(given_up.is_err());
    }
    assert_eq!(pool.stats().waiting, 0);
    drop(held);
    let again = pool.session().await.unwrap();
    eventually("one session is out", async || (pool.stats().in_use == 1).then_some(())).await;
    drop(again);
}
