//! The `pgkeel` binary, as a user runs it. A module a behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod check;
mod config;
mod demo;
mod demo_cut_off;
mod demo_refused;
mod http;
mod keys;
mod migrate;
mod migrations;
mod outage;
mod private;
mod program;
mod stopping;
mod wrong_settings;
