//! Those who wait: in the order of coming, within their deadline, no more than may.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pgkeel_pool::{Error, Executor as _, Hooks, Pool};
use pgkeel_testkit::{Random, TestDatabase, eventually, is_soak, scaled};

use crate::{caller, config_of, pool_of, until_waiting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_are_served_in_the_order_of_coming() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let held = pool.session().await.unwrap();
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for number in 0..200 {
        let (pool, served) = (pool.clone(), Arc::clone(&served));
        tasks.push(tokio::spawn({
            let pool = pool.clone();
            async move {
                let session = pool.session().await.unwrap();
                served.lock().unwrap().push(number);
                drop(session);
            }
        }));
        eventually("it has taken its place", async || (pool.stats().waiting > number).then_some(())).await;
    }
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    let served = served.lock().unwrap();
    let inversions = served.windows(2).filter(|pair| pair[0] > pair[1]).count();
    println!("check 12: {} served, {inversions} inversions", served.len());
    assert_eq!((served.len(), inversions), (200, 0));
}

#[tokio::test]
async fn who_was_given_a_session_of_no_use_keeps_its_place() {
    let database = TestDatabase::empty().await;
    let refusals = Arc::new(AtomicU32::new(0));
    let left = Arc::clone(&refusals);
    let hooks = Hooks::new().before_acquire(move |connection| {
        let refuses =
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        Box::pin(connection.batch_execute(if refuses { "nonsense" } else { "" }))
    });
    let pool = Pool::lazy(config_of(&database, 1, 0).with_hooks(hooks));
    let held = pool.session().await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for number in 0..3 {
        let (its, order) = (pool.clone(), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let _session = its.session().await.unwrap();
            order.lock().unwrap().push(number);
        }));
        until_waiting(&pool, number + 1).await;
    }
    refusals.store(1, Ordering::SeqCst);
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
}

/// The one who waits longest gets the first connection that is opened, whoever's need it was opened for.
#[tokio::test]
async fn connections_that_are_opened_go_to_those_who_came_first() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 4, 0);
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..4)
        .map(|number| {
            let (pool, order) = (pool.clone(), Arc::clone(&order));
            tokio::spawn(async move {
                let session = pool.session().await.unwrap();
                order.lock().unwrap().push(number);
                session
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_give_up_at_any_moment_cost_no_place() {
    const SIZE: u32 = 3;
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, SIZE, 0);
    let random = Random::seeded();
    let each = scaled(50, 1_000);
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let (pool, mut random) = (pool.clone(), random.fork(number));
            tokio::spawn(async move {
                for _ in 0..each {
                    let patience = Duration::from_micros(random.below(800));
                    let _ = tokio::time::timeout(patience, async {
                        let session = pool.session().await.unwrap();
                        tokio::time::sleep(Duration::from_micros(300)).await;
                        drop(session);
                    })
                    .await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut all = Vec::new();
    for _ in 0..SIZE {
        all.push(pool.session().await.unwrap());
    }
    let stats = pool.stats();
    assert_eq!((stats.in_use, stats.waiting, stats.sessions()), (SIZE, 0, SIZE));
}

#[tokio::test]
async fn one_more_than_may_wait_is_turned_away_at_once() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_max_waiting(2));
    let _held = pool.session().await.unwrap();
    let waiting = [caller(&pool), caller(&pool)];
    until_waiting(&pool, 2).await;
    let asked = Instant::now();
    let error = pool.session().await.unwrap_err();
    println!("check 12: one more than may wait is turned away after {:?}", asked.elapsed());
    assert!(!is_soak() || asked.elapsed() < Duration::from_millis(1));
    assert!(matches!(error, Error::Overloaded { waiting: 2, .. }), "{error:?}");
    assert!(error.is_safe_to_retry());
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}
