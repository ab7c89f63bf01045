//! Step by step against a model of SQLAlchemy's `QueuePool`.
//!
//! The model is `_do_get` and `_do_return_conn` of `lib/sqlalchemy/pool/impl.py`: a queue of at most `pool_size`, and a
//! counter that begins at `-pool_size`, grows with each connection and stops at `max_overflow`.

use std::time::Duration;

use futures_util::future::join_all;
use pgkeel_pool::{Config, Error, Pool, Session};
use pgkeel_testkit::{PATIENCE, Proxy, Random, TestDatabase, eventually, scaled};
use tokio::time::error::Elapsed;

use crate::{caller, closing, config_of, until_waiting};

#[derive(Debug)]
struct Model {
    pool_size: i64,
    max_overflow: i64,
    queued: i64,
    overflow: i64,
    invalidated: u64,
}

impl Model {
    fn new(pool_size: i64, max_overflow: i64) -> Self {
        Self { pool_size, max_overflow, queued: 0, overflow: -pool_size, invalidated: 0 }
    }

    fn get(&mut self) -> bool {
        if self.queued > 0 {
            self.queued -= 1;
        } else if self.overflow < self.max_overflow {
            self.overflow += 1;
        } else {
            return false;
        }
        true
    }

    fn put_back(&mut self) {
        if self.queued < self.pool_size {
            self.queued += 1;
        } else {
            self.overflow -= 1;
        }
    }

    /// `SQLAlchemy` keeps an empty record for a connection that was invalidated, and a detached one leaves the count;
    /// here both leave it.
    fn leave(&mut self) {
        self.overflow -= 1;
    }

    fn checked_out(&self) -> i64 {
        self.pool_size - self.queued + self.overflow
    }
}

async fn assert_same(pool: &Pool, model: &Model, step: &str) {
    let stats = pool.stats();
    let ours =
        (i64::from(stats.checked_in()), i64::from(stats.checked_out()), stats.overflow(), stats.lost_total);
    let theirs = (model.queued, model.checked_out(), model.overflow, model.invalidated);
    assert_eq!(ours, theirs, "after {step}: {stats} / {model:?}");
    assert_eq!(i64::from(stats.size), model.pool_size);
    let total = stats.connecting + stats.idle + stats.in_use + stats.resetting + stats.closing;
    assert_eq!(total, stats.sessions());
    // A session that is being closed still has its place: the next step is taken when it is gone.
    eventually("closed sessions are gone", async || (pool.stats().closing == 0).then_some(())).await;
}

#[tokio::test]
async fn every_step_agrees_with_the_model_of_sqlalchemy() {
    const SIZE: u32 = 5;
    const OVERFLOW: u32 = 4;
    let database = TestDatabase::empty().await;
    let timeout = Duration::from_millis(1);
    let pool = Pool::lazy(config_of(&database, SIZE, OVERFLOW));
    let impatient = |pool: Pool| async move { tokio::time::timeout(timeout, pool.session()).await };
    let mut model = Model::new(SIZE.into(), OVERFLOW.into());
    let mut random = Random::seeded();
    let mut held: Vec<Session> = Vec::new();
    let mut refused = 0;

    for _ in 0..scaled(1_000, 10_000) {
        let step = match random.below(10) {
            0..=4 => {
                if model.get() {
                    held.push(pool.session().await.unwrap());
                } else {
                    assert!(impatient(pool.clone()).await.is_err());
                    refused += 1;
                }
                "get"
            }
            choice if !held.is_empty() => {
                let at = usize::try_from(random.below(held.len() as u64)).unwrap();
                let session = held.swap_remove(at);
                match choice {
                    5 => {
                        session.invalidate();
                        model.invalidated += 1;
                        model.leave();
                        "invalidate"
                    }
                    6 => {
                        session.detach().unwrap().close().await;
                        model.leave();
                        "detach"
                    }
                    _ => {
                        drop(session);
                        model.put_back();
                        "put back"
                    }
                }
            }
            _ => "nothing",
        };
        assert_same(&pool, &model, step).await;
    }
    assert!(refused > 0);
}

/// What callers saw.
#[derive(Debug, Default, PartialEq)]
struct Outcomes {
    acquired: u64,
    late: u64,
    overloaded: u64,
    refused: u64,
    found_closed: u64,
    gave_up: u64,
}

impl Outcomes {
    fn count(&mut self, seen: &Result<Result<(), Error>, Elapsed>) {
        *match seen {
            Ok(Ok(())) => &mut self.acquired,
            Ok(Err(Error::AcquireTimeout { .. })) => &mut self.late,
            Ok(Err(Error::Overloaded { waiting: 4, .. })) => &mut self.overloaded,
            Ok(Err(Error::Connect { .. })) => &mut self.refused,
            Ok(Err(Error::Closed)) => &mut self.found_closed,
            Ok(Err(other)) => panic!("{other:?}"),
            Err(_) => &mut self.gave_up,
        } += 1;
    }

    /// What the pool says of itself.
    fn of(pool: &Pool) -> Self {
        let stats = pool.stats();
        Self {
            acquired: stats.acquires_total,
            late: stats.timeouts_total,
            overloaded: stats.overloaded_total,
            refused: stats.refused_total,
            found_closed: stats.found_closed_total,
            gave_up: stats.abandoned_total,
        }
    }
}

/// A burst of callers who hold what they get for a while; one in three gives up soon.
async fn burst(pool: &Pool, calls: u64, seen: &mut Outcomes) {
    let callers = (0..calls).map(|number| {
        let patience = if number % 3 == 0 { Duration::from_millis(5) } else { PATIENCE };
        let pool = pool.clone();
        tokio::spawn(async move {
            let got = tokio::time::timeout(patience, pool.session()).await;
            tokio::time::sleep(Duration::from_millis(30)).await;
            got.map(|got| got.map(drop))
        })
    });
    for caller in join_all(callers).await {
        seen.count(&caller.unwrap());
    }
}

/// Each call for a session is counted once, by what came of it.
#[tokio::test]
async fn outcomes_add_up_to_calls() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let config = Config::new(proxy.address()).with_size(2, 1).unwrap();
    let pool = Pool::lazy(config.with_timeout(Duration::from_millis(20)).with_max_waiting(4));
    let (mut seen, mut calls) = (Outcomes::default(), 0);
    for _ in 0..scaled(3, 100) {
        burst(&pool, 30, &mut seen).await;
        calls += 30;
        assert_eq!(seen, Outcomes::of(&pool));
    }
    proxy.refuse();
    pool.invalidate_all();
    while seen.refused < 5 {
        assert!(calls < 3_000 + 500, "callers are told: {seen:?}");
        burst(&pool, 1, &mut seen).await;
        calls += 1;
    }
    proxy.pass();
    eventually("it connects again", async || {
        burst(&pool, 1, &mut seen).await;
        calls += 1;
        (pool.stats().idle > 0).then_some(())
    })
    .await;
    pool.reload((*pool.config()).clone().with_timeout(PATIENCE));
    let held = join_all((0..3).map(|_| pool.session())).await;
    let waiting = [caller(&pool), caller(&pool)];
    until_waiting(&pool, 2).await;
    let late = closing(&pool, PATIENCE);
    for waiting in waiting {
        seen.count(&Ok(waiting.await.unwrap()));
    }
    seen.count(&Ok(pool.session().await.map(drop)));
    seen.acquired += u64::try_from(held.iter().filter(|got| got.is_ok()).count()).unwrap();
    drop(held);
    assert!(late.await.unwrap().is_graceful());
    calls += 6;
    println!("check 2: {calls} calls, {seen:?}");
    assert_eq!((&seen, seen.found_closed), (&Outcomes::of(&pool), 3));
    assert!(seen.late > 0 && seen.overloaded > 0 && seen.gave_up > 0, "{seen:?}");
    assert_eq!(calls, pool.stats().calls_total());
}
