//! Sessions and transactions against a real PostgreSQL. A module a behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod abandoned;
mod after_commit;
mod batches;
mod cap;
mod closing;
mod copies;
mod cost;
mod doubt;
mod dropped;
mod flights;
mod guard;
mod honesty;
mod hooks;
mod hygiene;
mod life;
mod lifetime;
mod lost_commit;
mod macros;
mod model;
mod observation;
mod outage;
mod peer;
mod queue;
mod races;
mod request;
mod retry;
mod savepoints;
mod seams;
mod secrecy;
mod shared_reads;
mod sizing;
mod statements;
mod standby;
mod status;
mod streams;
mod timeouts;
mod transactions;
mod turnover;
mod typed;
mod unnamed;
mod unread;
mod upkeep;
mod web;

use std::time::Duration;

use pgkeel_connect::Connection;
use pgkeel_pool::{CloseReport, Config, Error, Executor as _, Pool};
use pgkeel_testkit::{TestDatabase, eventually};
use tokio::task::JoinHandle;

/// A pool of this size in front of the database.
fn pool_of(database: &TestDatabase, size: u32, max_overflow: u32) -> Pool {
    Pool::lazy(config_of(database, size, max_overflow))
}

fn config_of(database: &TestDatabase, size: u32, max_overflow: u32) -> Config {
    config_at(database.address().clone(), size, max_overflow)
}

fn config_at(address: pgkeel_connect::Address, size: u32, max_overflow: u32) -> Config {
    Config::new(address).with_size(size, max_overflow).expect("a size that a pool can have")
}

/// A caller in a task of its own, who gives the session back at once.
fn caller(pool: &Pool) -> JoinHandle<Result<(), Error>> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.session().await.map(drop) })
}

async fn until_waiting(pool: &Pool, count: u32) {
    eventually("so many wait", async || (pool.stats().waiting == count).then_some(())).await;
}

fn closing(pool: &Pool, deadline: Duration) -> JoinHandle<CloseReport> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.close(deadline).await })
}

/// The sessions at the server besides this one.
async fn others(watcher: &Connection) -> i64 {
    let count = "select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    watcher.query_scalar(count, &[]).await.unwrap()
}

/// Rests for longer than a session may without being checked before it is handed out.
async fn rest() {
    tokio::time::sleep(Duration::from_millis(600)).await;
}

/// The most of a growing count that came within so much time, of looks at it in their order.
fn most_within(time: Duration, looks: &[(Duration, u64)]) -> u64 {
    let mut last = 0;
    let since = |(first, (begun, before)): (usize, &(Duration, u64))| {
        last = last.max(first);
        while looks.get(last + 1).is_some_and(|(at, _)| *at <= *begun + time) {
            last += 1;
        }
        looks[last].1 - before
    };
    looks.iter().enumerate().map(since).max().unwrap_or(0)
}

/// Of times that were sorted.
fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap()
}
