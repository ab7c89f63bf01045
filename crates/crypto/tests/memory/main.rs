//! What is left in the memory of a process. A program of its own, so that no other test's keys are there.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod masked;
mod scan;
mod wiped;
