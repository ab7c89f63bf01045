//! The server never has more sessions of the pool than the cap allows, not even while some are being closed.

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
    let count = "select count(*) from pg_stat_activity where application_name = $1";
    watcher.query_scalar(count, &[&NAME]).await.unwrap()
}

/// Gets sessions and runs statements, and drops both at any moment.
async fn drop_at_random(pool: Pool, mut random: Random, until: Instant) {
    while Instant::now() < until {
        let patience = Duration::from_micros(random.below(20_000));
        let sleep = f64::from(u32::try_from(random.below(10)).unwrap()) / 1000.0;
        let _ = tokio::time::timeout(patience, pool.execute("select pg_sleep($1)", &[&sleep])).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cap_holds_at_the_server_under_random_drops() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config(&database));
    let watcher = database.connection().await;
    let until = Instant::now() + scaled(Duration::from_secs(2), Duration::from_secs(20));
    let random = Random::seeded();
    let workers: Vec<_> = (0..200)
        .map(|number| tokio::spawn(drop_at_random(pool.clone(), random.fork(number), until)))
        .collect();
    let mut most = 0;
    while Instant::now() < until {
        most = most.max(sessions_at_the_server(&watcher).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for worker in workers {
        worker.await.unwrap();
    }
    println!("at most {most} sessions at the server");
    assert!(most <= i64::from(SIZE + OVERFLOW), "{most} ({})", pool.stats());

    let all = join_all((0..SIZE + OVERFLOW).map(|_| pool.session())).await;
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(pool.stats().in_use, SIZE + OVERFLOW);
    drop(all);
    eventually("only the base is left, at the server as well", async || {
        let stats = pool.stats();
        let here = (stats.idle, stats.sessions()) == (SIZE, SIZE);
        (here && sessions_at_the_server(&watcher).await == i64::from(SIZE)).then_some(())
    })
    .await;
}
