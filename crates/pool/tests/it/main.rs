//! Sessions and transactions against a real PostgreSQL. A module a behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod cap;
mod dropped;
mod honesty;
mod hooks;
mod hygiene;
mod life;
mod model;
mod outage;
mod queue;
mod races;
mod secrecy;
mod sizing;
mod statements;
mod status;
mod timeouts;
mod transactions;
mod unnamed;
mod upkeep;

use pgkeel_pool::{Config, Pool};
use pgkeel_testkit::TestDatabase;

/// A pool of this size in front of the database.
fn pool_of(database: &TestDatabase, size: u32, max_overflow: u32) -> Pool {
    Pool::lazy(config_of(database, size, max_overflow))
}

fn config_of(database: &TestDatabase, size: u32, max_overflow: u32) -> Config {
    Config::new(database.address().clone())
        .with_size(size, max_overflow)
        .expect("a size that a pool can have")
}
