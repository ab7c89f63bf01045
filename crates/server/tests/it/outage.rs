//! The database goes and comes back, under load, while operators keep asking.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pgkeel_pool::{Config, Executor as _, Pool};
use pgkeel_testkit::{TestCluster, eventually, is_soak, scaled};
use rustix::process::Signal;

use crate::http::get;
use crate::program::{Serving, url};

const PATHS: [&str; 7] = [
    "/api/v1/health/",
    "/api/v1/health/live",
    "/api/v1/health/ready",
    "/api/v1/health/database",
    "/api/v1/health/database/connection-pool",
    "/health",
    "/metrics",
];

/// How soon the answers must follow the database.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(4);

const P99_BELOW: Duration = Duration::from_millis(50);

/// Statements without a pause, whatever becomes of them.
fn load(pool: &Pool, stop: &Arc<AtomicBool>) -> Vec<tokio::task::JoinHandle<()>> {
    let worker = |_| {
        let (pool, stop) = (pool.clone(), Arc::clone(stop));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if pool.execute("select count(*) from generate_series(1, 1000)", &[]).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        })
    };
    (0..4).map(worker).collect()
}

/// Asks every path in turn until told to stop, and keeps how long each answer took.
fn ask_on(server: SocketAddr, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<Vec<(usize, Duration)>> {
    let stop = Arc::clone(stop);
    tokio::spawn(async move {
        let mut took = Vec::new();
        for path in (0..PATHS.len()).cycle() {
            if stop.load(Ordering::Relaxed) && took.len() >= scaled(50, 1000) * PATHS.len() {
                break;
            }
            let start = Instant::now();
            let (status, _) = get(server, PATHS[path]).await;
            took.push((path, start.elapsed()));
            assert!(status == 200 || status == 503, "{} answered {status}", PATHS[path]);
            assert!(status == 200 || !["/api/v1/health/live", "/metrics"].contains(&PATHS[path]));
        }
        took
    })
}

/// Waits until both paths that tell of the database answer with this status; returns how long that took.
async fn both_turn(server: SocketAddr, expected: u16) -> Duration {
    let start = Instant::now();
    eventually("ready and database turn", async || {
        let ready = get(server, "/api/v1/health/ready").await.0;
        let database = get(server, "/api/v1/health/database").await.0;
        (ready == expected && database == expected).then_some(())
    })
    .await;
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_follows_the_database_and_liveness_does_not() {
    let mut cluster = TestCluster::start().await;
    let serving = Serving::start(&[("DATABASE_URL", &url(cluster.address()))]).await;
    assert!(serving.line.contains("postgresql://"), "{}", serving.line);
    let pool = Pool::lazy(Config::new(cluster.address().clone()).with_size(4, 0).unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let workers = load(&pool, &stop);
    let asking = ask_on(serving.address, &stop);
    both_turn(serving.address, 200).await;

    for round in 0..scaled(1, 3) {
        cluster.stop().await;
        let down = both_turn(serving.address, 503).await;
        cluster.start_again().await;
        let up = both_turn(serving.address, 200).await;
        println!("round {round}: 503 after {down:.2?}, 200 again after {up:.2?}");
        if is_soak() {
            assert!(down <= FOLLOWS_WITHIN && up <= FOLLOWS_WITHIN, "{down:?} {up:?}");
        }
    }

    stop.store(true, Ordering::Relaxed);
    report(&asking.await.unwrap());
    for worker in workers {
        worker.await.unwrap();
    }
    serving.send(Signal::TERM);
    let (status, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log:?}");
}

fn report(took: &[(usize, Duration)]) {
    for (path, name) in PATHS.iter().enumerate() {
        let mut times: Vec<Duration> =
            took.iter().filter(|(of, _)| *of == path).map(|(_, time)| *time).collect();
        times.sort_unstable();
        let p99 = times[times.len() * 99 / 100];
        println!("{name}: {} answers, median {:.2?}, p99 {p99:.2?}", times.len(), times[times.len() / 2]);
        if is_soak() {
            assert!(p99 < P99_BELOW, "{name}: {p99:?}");
        }
    }
}

#[tokio::test]
async fn a_frozen_database_is_seen_and_so_is_its_return() {
    let mut cluster = TestCluster::start().await;
    let serving = Serving::start(&[("DATABASE_URL", &url(cluster.address()))]).await;
    both_turn(serving.address, 200).await;
    cluster.freeze().await;
    let down = both_turn(serving.address, 503).await;
    assert_eq!(get(serving.address, "/api/v1/health/live").await.0, 200);
    cluster.thaw().await;
    let up = both_turn(serving.address, 200).await;
    println!("frozen: 503 after {down:.2?}, 200 again after {up:.2?}");
    if is_soak() {
        assert!(down <= FOLLOWS_WITHIN && up <= FOLLOWS_WITHIN, "{down:?} {up:?}");
    }
    serving.send(Signal::TERM);
    assert_eq!(serving.ended().await.0.code(), Some(0));
}
