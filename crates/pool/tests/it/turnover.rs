//! Sessions that are closed whenever they come back: of all who wait each is served, or told why not.

use std::time::Duration;

use futures_util::future::join_all;
use pgkeel_pool::{Error, Pool, Session};
use pgkeel_testkit::{PATIENCE, Proxy, TestDatabase, eventually, scaled};

use crate::{config_at, config_of, runtime, until_waiting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_gets_a_session_of_those_opened_in_place_of_closed_ones() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 2, 0).with_timeout(PATIENCE));
    let callers = (0..scaled(60_u32, 1000)).map(|number| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let closed = async { pool.session().await.map(Session::invalidate).is_ok() };
            if number % 3 == 0 {
                // Some leave before it is their turn, perhaps in the moment in which they are told to look.
                let patience = Duration::from_millis(u64::from(number) / 2);
                return tokio::time::timeout(patience, closed).await.unwrap_or(true);
            }
            closed.await
        })
    });
    let served = join_all(callers.collect::<Vec<_>>()).await;
    assert!(served.into_iter().all(Result::unwrap));
    eventually("all are gone", async || (pool.stats().sessions() == 0).then_some(())).await;
}

/// Those who wait elsewhere go on when a runtime ends that has been told to look.
#[test]
fn callers_of_another_runtime_are_served_when_one_ends() {
    let (first, second) = (runtime(1), runtime(1));
    let database = second.block_on(TestDatabase::empty());
    let pool = Pool::lazy(config_of(&database, 1, 0).with_timeout(PATIENCE));
    let held = second.block_on(pool.session()).unwrap();
    let wait_on = |runtime: &tokio::runtime::Runtime| {
        let pool = pool.clone();
        runtime.spawn(async move { pool.session().await.map(Session::invalidate) })
    };
    let leaving: Vec<_> = (0..5).map(|_| wait_on(&first)).collect();
    second.block_on(until_waiting(&pool, 5));
    let staying: Vec<_> = (0..5).map(|_| wait_on(&second)).collect();
    second.block_on(until_waiting(&pool, 10));
    second.block_on(async move { held.invalidate() });
    drop(first);
    drop(leaving);
    second.block_on(async { join_all(staying).await.into_iter().for_each(|done| done.unwrap().unwrap()) });
}

/// None of them could be served any more: there is no session, and none can be opened.
#[tokio::test]
async fn all_who_wait_hear_that_none_can_be_opened_in_place_of_a_closed_one() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let config = config_at(proxy.address(), 1, 1).with_timeout(Duration::from_mins(10));
    let pool = Pool::lazy(config.with_connect_attempts(1));
    let held = pool.session().await.unwrap();
    proxy.refuse();
    let error = pool.session().await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    // Now it is known, and with one session at most there is one to wait for.
    pool.reload(config_at(proxy.address(), 1, 0).with_timeout(Duration::from_mins(10)));
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.session().await.map(drop) })
        })
        .collect();
    until_waiting(&pool, 50).await;
    held.invalidate();
    for told in tokio::time::timeout(PATIENCE, join_all(callers)).await.unwrap() {
        let error = told.unwrap().unwrap_err();
        assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    }
}
