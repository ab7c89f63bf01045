//! Base and overflow, as SQLAlchemy's `QueuePool` has them.

use std::sync::Arc;

use pgkeel_pool::{Config, Executor as _, Pool, Session};
use pgkeel_testkit::{Proxy, TestDatabase, eventually, scaled};
use tokio::sync::Barrier;

use crate::{caller, pool_of, rest};

async fn sessions(pool: &Pool, count: usize) -> Vec<Session> {
    let mut sessions = Vec::new();
    for _ in 0..count {
        sessions.push(pool.session().await.unwrap());
    }
    sessions
}

#[tokio::test]
async fn overflow_is_closed_when_it_comes_back_and_the_base_is_kept() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 3);
    assert_eq!((pool.stats().sessions(), pool.stats().overflow()), (0, -2));

    let mut held = sessions(&pool, 5).await;
    assert_eq!((pool.stats().in_use, pool.stats().overflow()), (5, 3));
    let mut seen = Vec::new();
    while held.pop().is_some() {
        let stats = pool.stats();
        seen.push((stats.in_use, stats.idle, stats.overflow()));
    }
    assert_eq!(seen, [(4, 1, 3), (3, 2, 3), (2, 2, 2), (1, 2, 1), (0, 2, 0)]);
    assert_eq!(pool.stats().overflow_closed_total, 3);
}

#[tokio::test]
async fn the_last_one_back_is_the_first_one_out() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 3, 0);
    let mut held = sessions(&pool, 3).await;
    let last = held.pop().unwrap();
    let pid: i32 = last.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
    drop(held);
    drop(last);
    let again: i32 = pool.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
    assert_eq!(again, pid);
}

#[tokio::test]
async fn there_are_never_more_sessions_than_the_cap() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 3);
    let (tasks, rounds) = scaled((20, 20), (100, 200));

    let start = Arc::new(Barrier::new(tasks));
    let workers: Vec<_> = (0..tasks)
        .map(|_| {
            let (pool, start) = (pool.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                for _ in 0..rounds {
                    pool.execute("select pg_sleep(0.001)", &[]).await.unwrap();
                }
            })
        })
        .collect();
    while workers.iter().any(|worker| !worker.is_finished()) {
        let stats = pool.stats();
        assert!(stats.sessions() <= 5, "{stats}");
        tokio::task::yield_now().await;
    }
    for worker in workers {
        worker.await.unwrap();
    }
    eventually("only the base is left", async || {
        let stats = pool.stats();
        (stats.idle == 2 && stats.sessions() == 2).then_some(())
    })
    .await;
}

/// However many wait; none at a time would open nothing.
#[tokio::test]
async fn no_more_are_opened_at_a_time_than_was_asked_for() {
    let database = TestDatabase::empty().await;
    for (asked_for, at_a_time) in [(0, 1), (2, 2)] {
        let proxy = Proxy::before(database.address()).await;
        proxy.black_hole();
        let config = Config::new(proxy.address()).with_connect_concurrency(asked_for);
        let pool = Pool::lazy(config);
        let callers: Vec<_> = (0..8).map(|_| caller(&pool)).collect();
        eventually("some are being opened", async || {
            (pool.stats().connecting == 8 && proxy.accepted() == at_a_time).then_some(())
        })
        .await;
        rest().await;
        assert_eq!(proxy.accepted(), at_a_time);
        proxy.pass();
        for caller in callers {
            caller.await.unwrap().unwrap();
        }
    }
}
