//! Step by step against a model of SQLAlchemy's `QueuePool`.
//!
//! The model is `_do_get` and `_do_return_conn` of `lib/sqlalchemy/pool/impl.py`: a queue of at most `pool_size`, and a
//! counter that begins at `-pool_size`, grows with each connection and stops at `max_overflow`.

use pgkeel_pool::{Error, Pool, Session};
use pgkeel_testkit::{Random, TestDatabase, eventually, scaled};

use crate::config_of;

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
    let timeout = std::time::Duration::from_millis(1);
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

#[tokio::test]
async fn outcomes_add_up_to_calls() {
    let database = TestDatabase::empty().await;
    let config =
        config_of(&database, 2, 1).with_timeout(std::time::Duration::from_millis(20)).with_max_waiting(4);
    let pool = Pool::lazy(config);
    let calls = 30;
    let tasks: Vec<_> = (0..calls)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let got = pool.session().await;
                tokio::time::sleep(std::time::Duration::from_millis(15)).await;
                got.map(drop)
            })
        })
        .collect();
    let (mut good, mut late, mut turned_away) = (0, 0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => good += 1,
            Err(Error::AcquireTimeout { .. }) => late += 1,
            Err(Error::Overloaded { waiting: 4, .. }) => turned_away += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    let stats = pool.stats();
    assert_eq!(
        (stats.acquires_total, stats.timeouts_total, stats.overloaded_total),
        (good, late, turned_away)
    );
    assert_eq!(good + late + turned_away, calls);
}
