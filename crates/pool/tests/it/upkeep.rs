//! What happens to sessions that nobody uses.

use std::time::{Duration, Instant};

use pgkeel_pool::{Executor as _, Pool};
use pgkeel_testkit::{TestDatabase, eventually, is_soak, scaled};

use crate::config_of;

pub(crate) async fn all_at_once(pool: &Pool, count: usize) {
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
    println!("check 10: fewer than {KEPT} were free for at most {longest:?}");
    assert!(!is_soak() || longest < Duration::from_millis(100), "{longest:?}");
}

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
