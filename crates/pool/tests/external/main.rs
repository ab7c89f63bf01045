//! With programs that are not ours. `cargo test` leaves this out; `cargo xtask external` installs what it needs and runs
//! it. A module a program and behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod cancels;
mod dialling;
mod dropped;
mod sessions;
mod transactions;
mod typed;

use pgkeel_pool::Config;
use pgkeel_testkit::Bouncer;

fn config_of(bouncer: &Bouncer, size: u32) -> Config {
    Config::new(bouncer.address().clone()).with_size(size, 0).expect("a size that a pool can have")
}
