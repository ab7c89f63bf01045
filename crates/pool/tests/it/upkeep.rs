//! What happens to sessions that nobody uses, and to old ones.

use std::time::{Duration, Instant};

use pgkeel_pool::{Config, Executor as _, Pool};
use pgkeel_testkit::{Direction, Proxy, TestDatabase, eventually, is_soak, scaled};

use crate::config_of;

async fn all_at_once(pool: &Pool, count: usize) {
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(pool.session().await.unwrap());
    }
}

#[tokio::test]
async fn as_many_are_kept_free_as_was_asked_for() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 5, 2).with_min_idle(3).unwrap());
    let first = pool.session().await.unwrap();
    eventually("three are free", async || (pool.stats().idle == 3).then_some(())).await;
    let second = pool.session().await.unwrap();
    eventually("three are free again", async || (pool.stats().idle == 3).then_some(())).await;
    drop((first, second));

    // Ended by the server, they are replaced although nobody asks.
    let watcher = database.connection().await;
    let end_all = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    let ended: i64 = watcher.query_scalar(end_all, &[]).await.unwrap();
    assert!(ended >= 3);
    eventually("the dead ones are gone and three are free", async || {
        let stats = pool.stats();
        (stats.lost_total >= 3 && stats.idle >= 3 && stats.closing == 0).then_some(())
    })
    .await;
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

/// Taken, lost or closed, each is replaced at once, not at the next look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_kept_free_are_replaced_at_once() {
    const KEPT: u32 = 5;
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 10, 10).with_min_idle(KEPT).unwrap());
    let warm = async || {
        eventually("enough are free", async || (pool.stats().idle >= KEPT).then_some(Instant::now())).await
    };
    drop(pool.session().await.unwrap());
    let mut longest = Duration::ZERO;
    for _ in 0..scaled(20, 500) {
        warm().await;
        let session = pool.session().await.unwrap();
        let asked = Instant::now();
        while pool.stats().idle < KEPT {
            assert!(asked.elapsed() < pgkeel_testkit::PATIENCE);
            tokio::task::yield_now().await;
        }
        longest = longest.max(asked.elapsed());
        session.invalidate();
    }
    println!("fewer than {KEPT} were free for at most {longest:?}");
    assert!(!is_soak() || longest < Duration::from_millis(100), "{longest:?}");
}

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
    println!("{checks} checks in {} checkouts", pool.stats().acquires_total - 1);
    assert!(checks <= 10, "{checks}"); // None, unless the machine rests.
    tokio::time::sleep(Duration::from_millis(600)).await; // past the time in which a session is not checked
    let before = sent();
    drop(pool.session().await.unwrap());
    assert_eq!(sent() - before, SYNC);
}

/// The bytes of a Sync message.
const SYNC: u64 = 5;

#[tokio::test]
async fn sessions_that_nobody_uses_are_closed_down_to_those_kept_free() {
    let database = TestDatabase::empty().await;
    let config = config_of(&database, 6, 0).with_min_idle(2).unwrap();
    let pool = Pool::lazy(config.with_idle_timeout(Some(Duration::from_millis(200))));
    all_at_once(&pool, 6).await;
    let mut fewest = 6;
    eventually("two are left", async || {
        fewest = fewest.min(pool.stats().idle);
        (pool.stats().sessions() == 2).then_some(())
    })
    .await;
    assert_eq!((fewest, pool.stats().idle_closed_total), (2, 4));
}

#[tokio::test]
async fn overflow_that_lingers_saves_connecting_again() {
    const ROUNDS: u32 = 20;
    let database = TestDatabase::empty().await;
    let config = config_of(&database, 2, 4);
    let exact = Pool::lazy(config.clone());
    let lingering = Pool::lazy(config.with_overflow_linger(Duration::from_secs(2)));
    for _ in 0..ROUNDS {
        all_at_once(&exact, 6).await;
        all_at_once(&lingering, 6).await;
    }
    let connects = (exact.stats().connects_total, lingering.stats().connects_total);
    println!("connections opened without and with linger: {connects:?}");
    assert!(connects.0 >= 10 * connects.1, "{connects:?}");
    eventually("what lingered is closed", async || (lingering.stats().sessions() == 2).then_some(())).await;
    assert_eq!(lingering.stats().overflow_closed_total, 4);
}

/// Twenty that were born together are replaced one after the other, and nobody waits for a successor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_born_together_do_not_end_together() {
    let (count, lifetime, watch) = scaled(
        (10, Duration::from_secs(2), Duration::from_secs(6)),
        (20, Duration::from_secs(4), Duration::from_secs(40)),
    );
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, count, 10).with_recycle(Some(lifetime)));
    all_at_once(&pool, count as usize).await;
    assert_eq!(pool.stats().idle, count);
    let warm = pool.stats();

    let (start, mut seen, mut most_at_once) = (Instant::now(), warm.recycled_total, 0);
    let mut waits = Vec::new();
    while start.elapsed() < watch {
        let window = Instant::now();
        while window.elapsed() < Duration::from_millis(100) {
            let asked = Instant::now();
            let session = pool.session().await.unwrap();
            waits.push(asked.elapsed());
            session.execute("select 1", &[]).await.unwrap();
            drop(session);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let retired = pool.stats().recycled_total;
        most_at_once = most_at_once.max(retired - seen);
        seen = retired;
    }
    waits.sort();
    let stats = pool.stats();
    println!(
        "{seen} retired, at most {most_at_once} in 100 ms, p99 {:?}; {stats:?}",
        waits[waits.len() * 99 / 100]
    );
    assert!(seen >= u64::from(count), "all were replaced: {seen}");
    assert!(most_at_once <= 3, "{most_at_once}");
    assert!(stats.sessions() >= count, "{stats}");
    assert_eq!(stats.timeouts_total, 0);
}

#[tokio::test]
async fn no_session_outlives_an_invalidation() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 3, 0));
    all_at_once(&pool, 3).await;
    let held = pool.session().await.unwrap();
    pool.invalidate_all();
    eventually("the free ones are closed", async || (pool.stats().sessions() == 1).then_some(())).await;
    assert_eq!(held.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    drop(held);
    eventually("and the one in use at its return", async || (pool.stats().sessions() == 0).then_some(()))
        .await;
    assert_eq!(pool.stats().lost_total, 3);
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}
