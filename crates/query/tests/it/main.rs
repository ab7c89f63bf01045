//! Statements, values and rows against a real PostgreSQL. A module a behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod as_they_come;
mod audited;
mod batches;
mod calls;
mod cursors;
mod changes;
mod children;
mod constraints;
mod dropped;
mod economy;
mod entity;
mod errors;
mod explain;
mod expressions;
mod relations;
mod generated;
mod hostile;
mod joined_pages;
mod keyset;
mod injection;
mod input;
mod input_hostile;
mod like;
mod made_types;
mod matrix;
mod misuse;
mod moods;
mod named;
mod operators;
mod oracle;
mod own_types;
mod pages;
mod params;
mod repository;
mod round_trip;
mod rotation;
mod rows;
mod samples;
mod sealed;
mod secrecy;
mod selects;
mod service;
mod sites;
mod streams;
mod watched;
mod tenants;
mod texts;
mod writes;

use pgkeel_pool::{Config, Pool};
use pgkeel_testkit::TestDatabase;

fn pool_of(database: &TestDatabase) -> Pool {
    Pool::lazy(Config::new(database.address().clone()).with_size(1, 0).expect("a size that a pool can have"))
}
