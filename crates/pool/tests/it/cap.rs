//! The server never has more sessions of the pool than the cap allows, not even while some are being closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use pgkeel_connect::Connection;
use pgkeel_pool::{Config, Executor as _, Pool};
use pgkeel_testkit::{Random, TestDatabase, eventually, scaled};

use crate::config_of;

const NAME: &str = "pgkeel cap";
const SIZE: u32 = 4;
const OVERFLOW: u32 = 6;

fn config(database: &TestDatabase) -> Config {
    let config = config_of(database, SIZE, OVERFLOW);
    let connect = config.connect().clone().with_application_name(NAME);
    config.with_connect(connect)
}

async fn sessions_at_the_server(watcher: &Connection) -> i64 {
    let count = "select count(*) from pg_stat_activity
        where application_name = $1 and datname = current_database()";
    watcher.query_scalar(count, &[&NAME]).await.unwrap()
}

/// Gets sessions and runs statements, and drops both at any moment. How often it asked.
async fn drop_at_random(pool: Pool, mut random: Random, until: Instant) -> u64 {
    let mut calls = 0;
    while Instant::now() < until {
        let patience = Duration::from_micros(random.below(20_000));
        let sleep = f64::from(u32::try_from(random.below(10)).unwrap()) / 1000.0;
        let _ = tokio::time::timeout(patience, pool.execute("select pg_sleep($1)", &[&sleep])).await;
        calls += 1;
    }
    calls
}

/// A smaller cap is kept although somebody always waits, and a larger one is used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_cap_holds_at_the_server_under_load() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config(&database));
    let watcher = database.connection().await;
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..100)
        .map(|_| {
            let (pool, stop) = (pool.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    pool.execute("select pg_sleep(0.002)", &[]).await.unwrap();
                }
            })
        })
        .collect();
    let small = config(&database).with_size(2, 1).unwrap();
    for (config, cap) in [(small.clone(), 3), (config(&database), 10), (small, 3)] {
        pool.reload(config);
        eventually("the cap is reached", async || {
            (sessions_at_the_server(&watcher).await == cap).then_some(())
        })
        .await;
        let until = Instant::now() + scaled(Duration::from_millis(300), Duration::from_secs(5));
        let mut most = 0;
        while Instant::now() < until {
            most = most.max(sessions_at_the_server(&watcher).await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        println!("at most {most} sessions at the server under a cap of {cap}");
        assert_eq!(most, cap, "{}", pool.stats());
    }
    stop.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.unwrap();
    }
}

/// Under each of these caps, one after the other, as another configuration sets them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cap_holds_at_the_server_under_random_drops() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config(&database));
    let watcher = database.connection().await;
    let random = Random::seeded();
    let mut calls = 0;
    for (size, overflow) in [(SIZE, OVERFLOW), (2, 1), (SIZE, OVERFLOW)] {
        let until = Instant::now() + scaled(Duration::from_millis(1500), Duration::from_secs(20));
        let workers: Vec<_> = (0..200)
            .map(|number| tokio::spawn(drop_at_random(pool.clone(), random.fork(number), until)))
            .collect();
        let cap = i64::from(size + overflow);
        pool.reload(config(&database).with_size(size, overflow).unwrap());
        eventually("what was too many is closed", async || {
            let here = i64::from(pool.stats().sessions());
            (here.max(sessions_at_the_server(&watcher).await) <= cap).then_some(())
        })
        .await;
        let mut most = 0;
        while Instant::now() < until {
            let stats = pool.stats();
            assert!(i64::from(stats.sessions()) <= cap, "{stats}");
            most = most.max(sessions_at_the_server(&watcher).await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for worker in workers {
            calls += worker.await.unwrap();
        }
        println!("check 1: at most {most} sessions at the server under a cap of {cap}");
        assert!(most <= cap, "{most} ({})", pool.stats());
        calls += all_can_be_had(&pool, size, overflow).await;
        eventually("only the base is left, at the server as well", async || {
            let stats = pool.stats();
            let here = (stats.idle, stats.sessions()) == (size, size);
            (here && sessions_at_the_server(&watcher).await == i64::from(size)).then_some(())
        })
        .await;
    }
    println!("check 2: {calls} calls, {:?}", pool.stats());
    assert_eq!(calls, pool.stats().calls_total());
}

/// Exactly as many sessions as may be can be held at once. How often it asked.
async fn all_can_be_had(pool: &Pool, size: u32, overflow: u32) -> u64 {
    let most = size + overflow;
    let all: Vec<_> = join_all((0..most).map(|_| pool.session())).await;
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(pool.stats().in_use, most);
    let one_more = tokio::time::timeout(Duration::from_millis(50), pool.session()).await;
    assert!(one_more.is_err(), "{}", pool.stats());
    drop(all);
    u64::from(most) + 1
}
