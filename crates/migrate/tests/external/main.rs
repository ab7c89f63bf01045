//! With programs that are not ours. `cargo test` leaves this out; `cargo test -p pgkeel-migrate --test external` runs it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod pooler;
