//! The shop against a real PostgreSQL. A module a behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod cut_off;
mod disk;
mod filling;
mod halt;
mod kept;
mod names;
mod others;
mod workload;
