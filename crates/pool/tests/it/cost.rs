//! What sharing costs: checks, connections, time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use deadpool_postgres::RecyclingMethod;
use pgkeel_pool::{Config, Pool};
use pgkeel_testkit::{Direction, PATIENCE, Proxy, TestDatabase, eventually, is_soak, scaled};

use crate::peer::peer_of;
use crate::upkeep::all_at_once;
use crate::{config_of, pool_of, rest};

/// A session that was in use a moment ago is not checked, and one that has rested is, once.
#[tokio::test]
async fn sessions_are_checked_only_after_a_rest() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()).with_size(1, 0).unwrap());
    drop(pool.session().await.unwrap());
    let sent = || proxy.passed(Direction::ToServer);
    let before = sent();
    for _ in 0..scaled(1_000, 10_000) {
        drop(pool.session().await.unwrap());
    }
    let checks = (sent() - before) / SYNC;
    println!("check 11: {checks} checks in {} checkouts", pool.stats().acquires_total - 1);
    assert!(checks <= 10, "{checks}"); // None, unless the machine rests.
    rest().await;
    let before = sent();
    drop(pool.session().await.unwrap());
    assert_eq!(sent() - before, SYNC);
}

/// The bytes of a Sync message.
const SYNC: u64 = 5;

/// The connections that a demand opens which goes up and down between so many sessions, so many times.
async fn connects_of_a_square_wave(pool: &Pool, low: usize, high: usize, rounds: u32) -> u64 {
    for _ in 0..rounds {
        all_at_once(pool, low).await;
        all_at_once(pool, high).await;
    }
    pool.stats().connects_total
}

#[tokio::test]
async fn overflow_that_lingers_saves_connecting_again() {
    let (low, high) = scaled((5, 15), (15, 45));
    let (size, overflow) = scaled((7, 9), (20, 30));
    let database = TestDatabase::empty().await;
    let config = config_of(&database, size, overflow);
    let exact = Pool::lazy(config.clone());
    let without = connects_of_a_square_wave(&exact, low, high, 20).await;
    exact.close(PATIENCE).await;

    let lingering = Pool::lazy(config.with_overflow_linger(Duration::from_secs(2)));
    let with = connects_of_a_square_wave(&lingering, low, high, 20).await;
    println!("check 11: 20 times {low} and {high} sessions: {without} connects without linger, {with} with");
    assert!(without >= 10 * with, "{without} and {with}");
    eventually("what lingered is closed", async || (lingering.stats().sessions() == size).then_some(()))
        .await;
    assert_eq!(lingering.stats().overflow_closed_total, high as u64 - u64::from(size));
}

/// The best of some rounds, as everything that disturbs one makes it longer.
async fn fastest(mut round: impl AsyncFnMut()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        round().await;
        best = best.min(begun.elapsed());
    }
    best
}

/// For comparison: getting a session and giving it back, beside the peer.
#[tokio::test]
async fn a_checkout_beside_the_peers() {
    const CHECKOUTS: u32 = 20_000;
    if !is_soak() {
        return;
    }
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let peer = peer_of(database.address(), 1, RecyclingMethod::Fast, PATIENCE);
    drop((pool.session().await.unwrap(), peer.get().await.unwrap()));
    let ours = fastest(async || {
        for _ in 0..CHECKOUTS {
            drop(black_box(pool.session().await.unwrap()));
        }
    });
    let theirs = fastest(async || {
        for _ in 0..CHECKOUTS {
            drop(black_box(peer.get().await.unwrap()));
        }
    });
    let (ours, theirs) = (ours.await / CHECKOUTS, theirs.await / CHECKOUTS);
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("check 11: get and drop in {ours:?}, of the peer in {theirs:?}: {ratio:.2} times");
}
