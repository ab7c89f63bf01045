//! A server that goes and comes back, and a network that forgets connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::RecyclingMethod;
use pgkeel_pool::{Config, Error, Executor as _, Pool};
use pgkeel_testkit::{PATIENCE, Proxy, TestCluster, TestDatabase, eventually, is_soak, scaled};

use crate::peer::peer_of;
use crate::{most_within, quantile, rest};

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
    eventually("the pool connects again", async || pool.query_scalar::<i32>("select 1", &[]).await.ok())
        .await;
    assert_eq!((pool.stats().sessions(), pool.stats().idle), (1, 1));
}

/// While connecting keeps failing callers hear the cause at once, and sessions that are free still serve.
#[tokio::test]
async fn what_is_free_still_serves_while_connecting_fails_fast() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()).with_size(5, 0).unwrap());
    drop(pool.session().await.unwrap());
    proxy.refuse();
    let held = pool.session().await.unwrap();
    let error = pool.session().await.unwrap_err();
    let Error::Connect { failures, retry_after, source } = &error else { panic!("{error:?}") };
    assert!(*failures >= 3 && *retry_after <= Duration::from_millis(800), "{error}");
    assert!(source.is_safe_to_retry() && error.is_safe_to_retry());

    let dials = proxy.accepted();
    let mut waits: Vec<Duration> = Vec::new();
    for _ in 0..scaled(200, 2_000) {
        let asked = Instant::now();
        let refused = pool.session().await;
        waits.push(asked.elapsed());
        assert!(matches!(refused, Err(Error::Connect { .. })), "{refused:?}");
    }
    waits.sort();
    let (p50, p99) = (quantile(&waits, 50), quantile(&waits, 99));
    println!("check 8: refused while connecting fails after p50 {p50:?}, p99 {p99:?}");
    assert!(!is_soak() || p99 <= Duration::from_millis(20));
    assert!(proxy.accepted() - dials <= 20, "nobody hammers a server that is down");
    drop(held);
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    proxy.pass();
    let _held = pool.session().await.unwrap();
    eventually("a second is opened again", async || pool.session().await.ok()).await;
}

/// A wrong password does not get better by being tried again, by one caller.
#[tokio::test]
async fn a_refused_password_is_told_at_once_and_tried_once() {
    let database = TestDatabase::empty().await;
    let wrong = database.address().clone().with_database("there_is_no_such_database");
    let pool = Pool::lazy(Config::new(wrong));
    let error = pool.session().await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "3D000");
    assert!(!error.is_safe_to_retry());
    assert_eq!(pool.stats().connect_failures_total, 1);
}

/// Twenty connections that a firewall forgot cost one ping timeout, not twenty.
#[tokio::test]
async fn dead_connections_cost_one_ping_timeout_together() {
    const COUNT: u32 = 20;
    let ping = Duration::from_millis(200);
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let config = Config::new(proxy.address()).with_size(COUNT, 0).unwrap().with_ping_timeout(ping);
    let pool = Pool::lazy(config);
    let mut held = Vec::new();
    for _ in 0..COUNT {
        held.push(pool.session().await.unwrap());
    }
    drop(held);
    rest().await;
    proxy.strand();
    let asked = Instant::now();
    let session = pool.session().await.unwrap();
    let took = asked.elapsed();
    println!(
        "check 9: of {COUNT} dead sessions, one that works after {took:?}, of which {ping:?} were the ping"
    );
    assert!(!is_soak() || took <= Duration::from_millis(500), "{took:?}");
    assert!(took >= ping);
    assert_eq!(session.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    eventually("all dead ones are gone", async || {
        (pool.stats().lost_total == u64::from(COUNT)).then_some(())
    })
    .await;
    let stats = pool.stats();
    assert!(stats.sessions() <= 2, "{stats}");
}

/// For comparison: the peer checks one dead connection after the other.
#[tokio::test]
async fn the_peer_pays_for_each_dead_connection() {
    if !is_soak() {
        return;
    }
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let ping = Duration::from_millis(200);
    let peer = peer_of(&proxy.address(), 20, RecyclingMethod::Verified, ping);
    let held = futures_util::future::join_all((0..20).map(|_| peer.get())).await;
    drop(held);
    proxy.strand();
    let asked = Instant::now();
    let got = tokio::time::timeout(PATIENCE, peer.get()).await.map(|got| got.is_ok());
    println!("check 9, peer: of 20 dead sessions, one that works after {:?} ({got:?})", asked.elapsed());
}

/// Reads that are run again when that is safe do not notice a restart, and the server is not met by everybody at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load_surfaces_no_error_to_retried_reads() {
    let mut cluster = TestCluster::start().await;
    let proxy = Proxy::before(cluster.address()).await;
    let pool = Pool::connect(Config::new(proxy.address())).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> =
        (0..32).map(|_| tokio::spawn(read_until(pool.clone(), Arc::clone(&stop)))).collect();
    eventually("load", async || (pool.stats().acquires_total > 500).then_some(())).await;

    for _ in 0..scaled(1, 5) {
        let failures = pool.stats().connect_failures_total;
        cluster.stop().await;
        let is_noticed = async || (pool.stats().connect_failures_total > failures).then_some(());
        eventually("it is noticed", is_noticed).await;
        cluster.start_again().await;
        let accepts = Instant::now();
        let (acquires, connects) = (pool.stats().acquires_total, pool.stats().connects_total);
        let mut served = None;
        let mut dials: Vec<(Duration, u64)> = Vec::new();
        while served.is_none() || accepts.elapsed() < Duration::from_secs(1) {
            assert!(accepts.elapsed() < PATIENCE, "served again");
            dials.push((accepts.elapsed(), proxy.accepted()));
            if served.is_none() && pool.stats().acquires_total > acquires {
                served = Some(accepts.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (most, opened) =
            (most_within(Duration::from_millis(100), &dials), pool.stats().connects_total - connects);
        println!(
            "check 8: served again {served:?} after the server accepts; {opened} opened, at most {most} dials in 100 ms"
        );
        let bound = u64::from(2 * pool.config().connect_concurrency());
        assert!(!is_soak() || (served < Some(Duration::from_secs(1)) && most <= bound), "{most} dials");
    }
    stop.store(true, Ordering::SeqCst);
    let mut reads = 0;
    for reader in readers {
        reads += reader.await.unwrap();
    }
    println!("check 8: {reads} reads, no error");
}

/// Each read is run again until it succeeds, at most for the patience of a test.
async fn read_until(pool: Pool, stop: Arc<AtomicBool>) -> u64 {
    let mut reads = 0;
    while !stop.load(Ordering::SeqCst) {
        let begun = Instant::now();
        while let Err(error) = pool.query_scalar::<i32>("select 1", &[]).await {
            assert!(begun.elapsed() < PATIENCE, "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        reads += 1;
    }
    reads
}
