//! The `pgkeel` binary, as a user runs it. A module a behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod check;
mod config;
mod http;
mod outage;
mod private;
mod program;
mod wrong_settings;
