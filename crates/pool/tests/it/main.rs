//! Sessions and transactions against a real PostgreSQL. A module a behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod after_commit;
mod cap;
mod dropped;
mod flights;
mod honesty;
mod hooks;
mod hygiene;
mod life;
mod lost_commit;
mod model;
mod outage;
mod queue;
mod races;
mod request;
mod retry;
mod savepoints;
mod secrecy;
mod sizing;
mod statements;
mod standby;
mod status;
mod timeouts;
mod transactions;
mod upkeep;
mod web;

use pgkeel_pool::{Config, Pool};
use pgkeel_testkit::TestDatabase;

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
