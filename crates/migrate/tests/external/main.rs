//! With programs that are not ours. `cargo test` leaves this out; `cargo test -p pgkeel-migrate --test external` runs it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod pooled_backfill;
mod pooler;
mod psql;

#[path = "../it/corpus/failing.rs"]
mod failing;
#[path = "../it/corpus/files.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod files;
#[path = "../it/progress.rs"]
mod progress;
#[path = "../it/corpus/state.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod state;
