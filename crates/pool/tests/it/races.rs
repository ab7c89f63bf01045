//! Closing, pausing and changing a pool while it is used, and pools that outlive a runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use pgkeel_pool::{Config, Error, Executor as _, Pool};
use pgkeel_testkit::{PATIENCE, Proxy, TestDatabase, eventually, scaled};

use crate::{caller, closing, config_of, pool_of, runtime, until_waiting};

/// The look at the free sessions takes them all out for a moment; what it puts back into a closed pool must not stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_stays_free_when_a_look_at_them_meets_the_close() {
    const SIZE: u32 = 12;
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, SIZE, 0);
    for _ in 0..scaled(20, 300) {
        pool.start().await.unwrap();
        pool.warm_up(SIZE).await.unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let looking = std::thread::spawn({
            let (pool, stop) = (pool.clone(), Arc::clone(&stop));
            move || {
                while !stop.load(Ordering::SeqCst) {
                    pool.reload((*pool.config()).clone());
                }
            }
        });
        eventually("all are free", async || (pool.stats().idle == SIZE).then_some(())).await;
        let report = pool.close(PATIENCE).await;
        stop.store(true, Ordering::SeqCst);
        looking.join().unwrap();
        assert!(report.is_graceful(), "{report:?} {}", pool.stats());
    }
}

/// A session that was promised to a caller who gives up just then.
#[tokio::test]
async fn who_gives_up_while_the_pool_closes_keeps_no_session_from_ending() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let held = pool.session().await.unwrap();
    let waiting = caller(&pool);
    until_waiting(&pool, 1).await;
    drop(held);
    waiting.abort(); // It is dropped when this task waits for the first time, in the close.
    let report = pool.close(PATIENCE).await;
    assert!(report.is_graceful(), "{report:?} {}", pool.stats());
}

#[tokio::test]
async fn what_is_being_opened_is_given_up_at_the_close() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    proxy.black_hole();
    let config = Config::new(proxy.address());
    let patient = config.connect().clone().with_connect_timeout(10 * PATIENCE);
    let pool = Pool::lazy(config.with_connect(patient));
    let waiting = caller(&pool);
    eventually("it is being opened", async || (pool.stats().connecting == 1).then_some(())).await;
    let report = pool.close(PATIENCE).await;
    assert!(report.is_graceful(), "{report:?}");
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
}

#[tokio::test]
async fn a_pool_that_is_started_while_it_closes_keeps_its_sessions() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    let held = pool.session().await.unwrap();
    let closing = closing(&pool, Duration::from_millis(100));
    eventually("it closes", async || pool.is_closed().then_some(())).await;
    pool.start().await.unwrap();
    let new = pool.session().await.unwrap();
    closing.await.unwrap();
    for session in [&held, &new] {
        assert_eq!(session.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_pause_neither_ends_a_close_nor_does_its_end() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.close(PATIENCE).await;
    assert_eq!(pool.pause(PATIENCE).await, 0);
    pool.resume();
    assert!(pool.is_closed());
    assert!(matches!(pool.session().await, Err(Error::Closed)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_changes_at_once_lose_no_place_and_no_caller() {
    const SIZE: u32 = 4;
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, SIZE, 3);
    let stop = Arc::new(AtomicBool::new(false));
    let users: Vec<_> = (0..30)
        .map(|number: u64| {
            let (pool, stop) = (pool.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let patience = Duration::from_micros(500 + 100 * number);
                    let _ = tokio::time::timeout(patience, pool.execute("select pg_sleep(0.001)", &[])).await;
                    tokio::task::yield_now().await; // Outside of an open phase nothing else would.
                }
            })
        })
        .collect();
    for round in 0..scaled(30, 1_000) {
        match round % 5 {
            0 => pool.invalidate_all(),
            1 => pool.reload(config_of(&database, 2, 1)),
            2 => drop(pool.pause(Duration::from_millis(3)).await),
            3 => drop(pool.close(Duration::from_millis(20)).await),
            _ => pool.reload(config_of(&database, SIZE, 3)),
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
        pool.resume();
        let _ = tokio::time::timeout(PATIENCE, pool.start()).await.expect("it starts or says why not");
        assert!(pool.stats().sessions() <= SIZE + 3, "{}", pool.stats());
    }
    stop.store(true, Ordering::SeqCst);
    join_all(users).await.into_iter().for_each(Result::unwrap);
    pool.reload(config_of(&database, SIZE, 3));
    let all = join_all((0..SIZE + 3).map(|_| pool.session())).await;
    assert_eq!(all.iter().filter(|got| got.is_ok()).count(), 7, "{all:?}");
    drop(all);
    let report = pool.close(PATIENCE).await;
    assert!(report.is_graceful(), "{report:?} {}", pool.stats());
}

#[test]
fn a_pool_is_looked_after_when_the_runtime_of_its_first_user_has_ended() {
    let (first, second) = (runtime(1), runtime(1));
    let (database, pool) = first.block_on(async {
        let database = TestDatabase::empty().await;
        let idle = Some(Duration::from_millis(50));
        let pool = Pool::lazy(config_of(&database, 2, 0).with_idle_timeout(idle));
        pool.execute("select 1", &[]).await.unwrap();
        (database, pool)
    });
    first.shutdown_timeout(PATIENCE);
    second.block_on(async {
        assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
        eventually("what nobody uses is closed", async || (pool.stats().sessions() == 0).then_some(())).await;
        drop(database);
    });
}

#[test]
fn a_pool_and_its_sessions_may_be_dropped_outside_of_a_runtime() {
    let first = runtime(1);
    let (database, pool, held) = first.block_on(async {
        let database = TestDatabase::empty().await;
        let pool = pool_of(&database, 3, 0);
        let held = [pool.session().await.unwrap(), pool.session().await.unwrap()];
        held[1].batch_execute("begin").await.unwrap();
        (database, pool, held)
    });
    let [clean, dirty] = held;
    drop(clean);
    assert_eq!((pool.stats().idle, pool.stats().in_use), (1, 1));
    drop(dirty);
    assert_eq!(pool.stats().sessions(), 1, "there is nobody to clean it");
    pool.invalidate_all();
    assert_eq!(pool.stats().sessions(), 0);
    drop(pool);
    first.block_on(async { drop(database) });
}

/// Whoever waits there is dropped, though each look finds that one more session is needed.
#[test]
fn a_runtime_ends_while_callers_wait() {
    let first = runtime(1);
    let database = first.block_on(TestDatabase::empty());
    for _ in 0..scaled(10, 200) {
        let ending = runtime(2);
        let pool = Pool::lazy(config_of(&database, 2, 0).with_recycle(Some(Duration::ZERO)));
        for _ in 0..100 {
            let pool = pool.clone();
            ending.spawn(async move {
                loop {
                    let _ = tokio::time::timeout(Duration::from_millis(5), pool.session()).await;
                }
            });
        }
        let is_busy = || pool.stats().connects_total > 0 && pool.stats().waiting > 50;
        first.block_on(eventually("callers wait", async || is_busy().then_some(())));
        let (ended, end) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            drop(ending);
            ended.send(()).unwrap();
        });
        end.recv_timeout(PATIENCE).expect("the runtime ends");
    }
    first.block_on(async { drop(database) });
}
