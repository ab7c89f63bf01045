//! What callers do at the turns of a session's life.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pgkeel_pool::{Error, Executor as _, Hooks, Pool, TxOptions};
use pgkeel_testkit::{Log, PATIENCE, TestDatabase, eventually, in_full};

use crate::config_of;

/// Counts how often it is done.
fn counting(
    counter: &Arc<AtomicU32>,
) -> impl Fn(&pgkeel_connect::Connection) -> pgkeel_pool::HookFuture<'_> + use<> {
    let counter = Arc::clone(counter);
    move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn each_turn_is_told_once() {
    let database = TestDatabase::empty().await;
    let turns: [Arc<AtomicU32>; 4] = Default::default();
    let hooks = Hooks::new()
        .after_connect(counting(&turns[0]))
        .before_acquire(counting(&turns[1]))
        .after_release(counting(&turns[2]))
        .before_close(counting(&turns[3]));
    let pool = Pool::lazy(config_of(&database, 1, 0).with_hooks(hooks));
    for _ in 0..3 {
        pool.execute("select 1", &[]).await.unwrap();
        eventually("it is back", async || (pool.stats().idle == 1).then_some(())).await;
    }
    pool.close(PATIENCE).await;
    assert_eq!(turns.map(|turn| turn.load(Ordering::SeqCst)), [1, 3, 3, 1]);
}

#[tokio::test]
async fn a_setting_made_after_connecting_is_there() {
    let database = TestDatabase::empty().await;
    let hooks = Hooks::new()
        .after_connect(|connection| Box::pin(connection.batch_execute("set time zone 'Asia/Aden'")));
    let pool = Pool::lazy(config_of(&database, 1, 0).with_hooks(hooks));
    let zone: String = pool.query_scalar("select current_setting('TimeZone')", &[]).await.unwrap();
    assert_eq!(zone, "Asia/Aden");
}

#[tokio::test]
async fn a_connection_whose_preparation_fails_was_not_opened() {
    let database = TestDatabase::empty().await;
    let hooks = Hooks::new()
        .after_connect(|connection| Box::pin(connection.batch_execute("set no.such to nonsense; x")));
    let pool = Pool::lazy(config_of(&database, 1, 0).with_hooks(hooks));
    let error = pool.session().await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42601", "{error:?}");
    assert_eq!((pool.stats().connects_total, pool.stats().connect_failures_total), (0, 1));
}

/// It counts as a failure, so that callers are told and it is not tried again and again.
#[tokio::test]
async fn a_connection_whose_preparation_panics_was_not_opened() {
    let database = TestDatabase::empty().await;
    let turns = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&turns);
    let hooks = Hooks::new().after_connect(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        panic!("as a bug would")
    });
    let config = config_of(&database, 1, 0).with_connect_attempts(2).with_hooks(hooks);
    let pool = Pool::lazy(config);
    let error = pool.session().await.unwrap_err();
    assert!(matches!(error, Error::Connect { failures: 2, .. }), "{error:?}");
    assert!(in_full(&error).contains("the after_connect hook"), "{error:?}");
    let seen = (turns.load(Ordering::SeqCst), pool.stats().connects_total);
    assert_eq!((seen, pool.stats().connect_failures_total), ((2, 0), 2));
}

/// A hook that never ends is not waited for for ever.
#[tokio::test]
async fn a_session_that_is_refused_before_use_is_replaced() {
    let database = TestDatabase::empty().await;
    let refused = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&refused);
    let hooks = Hooks::new().before_acquire(move |_| {
        let turn = counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match turn {
                0 => Err(pgkeel_connect::Error::Closed { reason: None }),
                1 => std::future::pending().await,
                _ => Ok(()),
            }
        })
    });
    let config = config_of(&database, 1, 0).with_hooks(hooks).with_ping_timeout(Duration::from_millis(50));
    let pool = Pool::lazy(config);
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    assert_eq!((refused.load(Ordering::SeqCst), pool.stats().connects_total), (3, 3));
}

#[tokio::test]
async fn a_session_held_for_too_long_is_told_of_once() {
    let database = TestDatabase::empty().await;
    let threshold = Some(Duration::from_millis(50));
    let pool = Pool::lazy(config_of(&database, 2, 0).with_leak_threshold(threshold));
    let forgotten = pool.session().await.unwrap();
    eventually("it is told of", async || (pool.stats().leaks_total == 1).then_some(())).await;
    drop(pool.session().await.unwrap());
    drop(forgotten);
    let again = pool.session().await.unwrap();
    eventually("another is told of", async || (pool.stats().leaks_total == 2).then_some(())).await;
    drop(again);
}

/// Whether it was taken as a session or in a transaction.
#[tokio::test]
async fn the_report_of_a_session_held_for_too_long_names_the_place() {
    let log = Log::of_this_process();
    let database = TestDatabase::empty().await;
    let threshold = Some(Duration::from_millis(50));
    let pool = Pool::lazy(config_of(&database, 3, 0).with_leak_threshold(threshold));
    let line = line!();
    let session = pool.session().await.unwrap();
    let tx = pool.begin().await.unwrap();
    let serializable = pool.begin_with(TxOptions::serializable()).await.unwrap();
    eventually("all are told of", async || (pool.stats().leaks_total == 3).then_some(())).await;
    let text = log.text();
    for held in 1..=3 {
        let place = format!("{}:{}:", file!(), line + held);
        assert!(text.contains(&place), "{place}");
    }
    drop((session, tx, serializable));
}
