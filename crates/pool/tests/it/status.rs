//! What the pool says of itself.

use pgkeel_pool::{Executor as _, Pool};
use pgkeel_testkit::{TestDatabase, eventually};

use crate::{config_of, pool_of};

#[tokio::test]
async fn a_lazy_pool_opens_nothing_until_it_is_needed_and_a_connected_one_does() {
    let database = TestDatabase::empty().await;
    let lazy = pool_of(&database, 2, 0);
    assert_eq!(lazy.stats().connects_total, 0);
    let connected = Pool::connect(config_of(&database, 2, 0)).await.unwrap();
    assert_eq!((connected.stats().connects_total, connected.stats().idle), (1, 1));
}

#[tokio::test]
async fn waiting_callers_are_counted_and_served() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let session = pool.session().await.unwrap();
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.query_scalar::<i32>("select 1", &[]).await })
        })
        .collect();
    eventually("all three wait", async || (pool.stats().waiting == 3).then_some(())).await;
    assert!((pool.stats().utilisation() - 1.0).abs() < f64::EPSILON);
    drop(session);
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().unwrap(), 1);
    }
    let stats = pool.stats();
    assert_eq!((stats.waiting, stats.in_use, stats.idle, stats.acquires_total), (0, 0, 1, 4));
}

#[tokio::test]
async fn debug_shows_no_password() {
    let address = "postgres://u:hunter2@h/d".parse().unwrap();
    let pool = Pool::lazy(pgkeel_pool::Config::new(address));
    assert!(!format!("{pool:?} {:?}", pool.config()).contains("hunter2"));
}

#[tokio::test]
async fn slow_statements_are_kept_without_their_values() {
    let database = TestDatabase::empty().await;
    let config =
        config_of(&database, 1, 0).with_slow_query_threshold(Some(std::time::Duration::from_millis(20)));
    let pool = Pool::lazy(config);
    pool.execute("select 1", &[]).await.unwrap();
    pool.execute("select pg_sleep(0.03), 'hunter2', $1::text", &[&"hunter2"]).await.unwrap();
    let kept = pool.slow_queries();
    let seen: Vec<(&str, bool)> = kept.iter().map(|slow| (slow.text.as_str(), slow.failed)).collect();
    assert!(seen.contains(&("select pg_sleep(?), ?, $1::text", false)), "{seen:?}");
    assert!(!format!("{kept:?}").contains("hunter2"));
}

#[tokio::test]
async fn times_are_counted() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    for _ in 0..3 {
        pool.execute("select pg_sleep(0.002)", &[]).await.unwrap();
    }
    let tx = pool.begin().await.unwrap();
    tx.execute("select 1", &[]).await.unwrap();
    drop(tx);
    eventually("it was cleaned", async || (pool.stats().idle == 1).then_some(())).await;
    let times = pool.times();
    let counts = [&times.wait, &times.connect, &times.held, &times.reset].map(pgkeel_pool::Histogram::count);
    assert_eq!(counts, [4, 1, 4, 1]);
    assert!(times.held.sum() >= std::time::Duration::from_millis(6), "{times:?}");
    assert_eq!(pool.stats().acquire_time_total, times.wait.sum());
}
