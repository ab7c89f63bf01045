//! With programs that are not ours. `cargo test` leaves this out; `cargo xtask external` installs what it needs and runs it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod format;
mod python;
mod sample;
mod shape;
