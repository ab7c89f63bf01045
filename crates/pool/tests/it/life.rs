//! Age, starting, pausing, changing.

use std::time::Duration;

use futures_util::future::join_all;
use pgkeel_pool::{Executor as _, Pool};
use pgkeel_testkit::{PATIENCE, TestDatabase, eventually};

use crate::{config_of, pool_of, until_waiting};

async fn backend(pool: &Pool) -> i32 {
    pool.query_scalar("select pg_backend_pid()", &[]).await.unwrap()
}

#[tokio::test]
async fn a_session_past_its_age_is_replaced() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_recycle(Some(Duration::ZERO)));
    let first = backend(&pool).await;
    assert_ne!(backend(&pool).await, first);
    assert_eq!(pool.stats().recycled_total, 2);
}

#[tokio::test]
async fn a_session_that_the_server_ended_is_replaced_unseen() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let pid = backend(&pool).await;
    let other = database.connection().await;
    let ended: bool = other.query_scalar("select pg_terminate_backend($1, 10000)", &[&pid]).await.unwrap();
    assert!(ended);
    eventually("the next session is another", async || {
        // The news of the end may still be on its way: then the statement itself finds out.
        let next = pool.query_scalar::<i32>("select pg_backend_pid()", &[]).await.ok()?;
        (next != pid).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_closed_pool_starts_again() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    let first = backend(&pool).await;
    assert!(pool.close(PATIENCE).await.is_graceful());
    pool.start().await.unwrap();
    assert_ne!(backend(&pool).await, first);
    assert!(!pool.is_closed());
}

/// Sessions that others hold count, and nobody waits for them.
#[tokio::test]
async fn a_warm_up_does_not_wait_for_sessions_in_use() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 4, 0);
    let held = pool.session().await.unwrap();
    pool.warm_up(4).await.unwrap();
    assert_eq!((pool.stats().idle, pool.stats().in_use), (3, 1));
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_start_it_one_start_happens() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 20, 0);
    let starts: Vec<_> = (0..100)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.start().await })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
    assert_eq!(pool.stats().connects_total, 1);
    pool.warm_up(50).await.unwrap();
    assert_eq!((pool.stats().idle, pool.stats().sessions()), (20, 20));
}

#[tokio::test]
async fn callers_wait_while_the_pool_is_paused_and_get_new_sessions_afterwards() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    let first = backend(&pool).await;
    assert_eq!(pool.pause(PATIENCE).await, 0);
    assert_eq!(pool.stats().sessions(), 0);
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { backend(&pool).await }
    });
    until_waiting(&pool, 1).await;
    assert_eq!(pool.stats().sessions(), 0);
    pool.resume();
    assert_ne!(waiting.await.unwrap(), first);

    let held = pool.session().await.unwrap();
    assert_eq!(pool.pause(Duration::from_millis(20)).await, 1, "one is still held");
    drop(held);
    eventually("it is closed at its return", async || (pool.stats().sessions() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_pool_goes_on_under_another_configuration() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 4, 6);
    let most = || join_all((0..10).map(|_| pool.session()));
    assert_eq!(most().await.into_iter().flatten().count(), 10);
    eventually("the base rests", async || (pool.stats().sessions() == 4).then_some(())).await;

    let small = config_of(&database, 2, 1).with_timeout(Duration::from_millis(50));
    let renamed = small.connect().clone().with_application_name("renamed");
    pool.reload(small.with_connect(renamed));
    eventually("the smaller base rests", async || (pool.stats().sessions() == 2).then_some(())).await;
    assert_eq!(most().await.into_iter().flatten().count(), 3);

    pool.invalidate_all();
    let name: String = pool.query_scalar("select current_setting('application_name')", &[]).await.unwrap();
    assert_eq!(name, "renamed");

    pool.reload(config_of(&database, 4, 6));
    assert_eq!(most().await.into_iter().flatten().count(), 10);
}
