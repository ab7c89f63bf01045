//! Sessions that grow old, and their successors.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use pgkeel_pool::{Executor as _, Pool, Session};
use pgkeel_testkit::{TestDatabase, eventually, is_soak, scaled};

use crate::upkeep::all_at_once;
use crate::{config_of, most_within, quantile};

/// What one of those who use a pool saw.
#[derive(Default)]
struct Seen {
    waits: Vec<Duration>,
    /// Sessions that were opened only after they were asked for.
    paid: u32,
}

/// Uses the pool until it is told to stop.
async fn user(pool: Pool, stop: Arc<AtomicBool>) -> Seen {
    let (mut seen, mut known) = (Seen::default(), HashSet::new());
    while !stop.load(Ordering::SeqCst) {
        let (asked, at) = (Instant::now(), SystemTime::now());
        let session = pool.session().await.unwrap();
        seen.waits.push(asked.elapsed());
        let pid: i32 = session.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
        if known.insert(pid) {
            let asked = at.duration_since(UNIX_EPOCH).unwrap();
            seen.paid += u32::from(was_opened(&session).await > asked);
        }
        drop(session);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    seen
}

/// When its server process began, on the clock of this machine.
async fn was_opened(session: &Session) -> Duration {
    let begin = "select (extract(epoch from backend_start) * 1e6)::int8 from pg_stat_activity
        where pid = pg_backend_pid()";
    let micros: i64 = session.query_scalar(begin, &[]).await.unwrap();
    Duration::from_micros(u64::try_from(micros).unwrap())
}

struct Life {
    retired: u64,
    most_at_once: u64,
    paid: u32,
    p99: Duration,
}

/// Watches sessions that were born together, under load.
async fn watch(database: &TestDatabase, count: u32, lifetime: Option<Duration>, time: Duration) -> Life {
    let pool = Pool::lazy(config_of(database, count, 10).with_recycle(lifetime));
    all_at_once(&pool, count as usize).await;
    assert_eq!(pool.stats().idle, count);
    let stop = Arc::new(AtomicBool::new(false));
    let users: Vec<_> = (0..4).map(|_| tokio::spawn(user(pool.clone(), Arc::clone(&stop)))).collect();
    let (start, mut looks) = (Instant::now(), Vec::new());
    while start.elapsed() < time {
        looks.push((start.elapsed(), pool.stats().recycled_total));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stop.store(true, Ordering::SeqCst);
    let seen: Vec<Seen> = join_all(users).await.into_iter().map(Result::unwrap).collect();
    let mut waits: Vec<Duration> = seen.iter().flat_map(|seen| seen.waits.iter().copied()).collect();
    waits.sort();
    let stats = pool.stats();
    assert!(stats.sessions() >= count && stats.timeouts_total == 0, "{stats:?}");
    Life {
        retired: stats.recycled_total,
        most_at_once: most_within(Duration::from_millis(100), &looks),
        paid: seen.iter().map(|seen| seen.paid).sum(),
        p99: quantile(&waits, 99),
    }
}

/// Twenty that were born together are replaced one after the other, and nobody waits for a successor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_born_together_do_not_end_together() {
    let (count, lifetime, time) = scaled(
        (10, Duration::from_secs(2), Duration::from_secs(6)),
        (20, Duration::from_secs(4), Duration::from_secs(40)),
    );
    let database = TestDatabase::empty().await;
    let Life { retired, most_at_once, paid, p99 } = watch(&database, count, Some(lifetime), time).await;
    println!("check 10: {retired} retired, at most {most_at_once} in 100 ms, {paid} acquires paid a connect");
    assert!(retired >= u64::from(count), "all were replaced: {retired}");
    assert!(most_at_once <= 3, "{most_at_once}");
    assert_eq!(paid, 0);
    if is_soak() {
        let for_ever = watch(&database, count, None, time).await;
        println!("check 10: acquire p99 {p99:?}, without an end of life {:?}", for_ever.p99);
        assert_eq!((for_ever.retired, for_ever.paid), (0, 0));
        assert!(p99 <= 2 * for_ever.p99, "{p99:?} and {:?}", for_ever.p99);
    }
}

/// A base of one and an old session beyond it, in this order.
async fn young_and_old(database: &TestDatabase, linger: Duration) -> (Pool, Session, Session) {
    let lifetime = Duration::from_secs(1);
    let config = config_of(database, 1, 2).with_recycle(Some(lifetime)).with_overflow_linger(linger);
    let pool = Pool::lazy(config);
    let old = pool.session().await.unwrap();
    tokio::time::sleep(lifetime).await;
    let young = pool.session().await.unwrap();
    (pool, young, old)
}

/// An old session that the pool does not keep anyway has no successor.
#[tokio::test]
async fn an_old_overflow_session_is_closed_without_a_successor() {
    let database = TestDatabase::empty().await;
    for linger in [Duration::ZERO, Duration::from_hours(1)] {
        let (pool, young, old) = young_and_old(&database, linger).await;
        drop(young);
        drop(old);
        let stats = pool.stats();
        assert_eq!((stats.idle, stats.closing, stats.connecting), (1, 1, 0), "{linger:?}: {stats}");
        assert_eq!((stats.overflow_closed_total, stats.recycled_total), (1, 0), "{linger:?}");
    }
}

/// Nor one that grows old while it lingers.
#[tokio::test]
async fn a_lingering_session_that_grows_old_is_closed_without_a_successor() {
    let database = TestDatabase::empty().await;
    let config = config_of(&database, 1, 2).with_recycle(Some(Duration::from_secs(1)));
    let pool = Pool::lazy(config.with_overflow_linger(Duration::from_hours(1)));
    all_at_once(&pool, 3).await;
    eventually("both that linger are closed", async || {
        (pool.stats().overflow_closed_total == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_old_session_of_the_base_has_a_successor() {
    let database = TestDatabase::empty().await;
    let (pool, young, old) = young_and_old(&database, Duration::ZERO).await;
    drop(old);
    assert_eq!(pool.stats().connecting, 1);
    drop(young);
    eventually("the old one has gone", async || {
        let stats = pool.stats();
        (stats.recycled_total == 1 && stats.sessions() == 1).then_some(())
    })
    .await;
}
