//! `cargo xtask soak CHECK`: full counts, in release. Takes minutes, so never a part of ci.

use std::process::Command;

use crate::command;

pub(crate) fn run(check: &str) -> anyhow::Result<()> {
    let mut tests = Command::new(env!("CARGO"));
    tests.args(["test", "--workspace", "--locked", check]);
    command::run(in_full(&mut tests))
}

/// To be run in release, with full counts, one test after the other, and with what they print.
pub(crate) fn in_full(tests: &mut Command) -> &mut Command {
    tests.args(["--profile", "soak", "--", "--nocapture", "--test-threads=1"]).env("PGKEEL_TEST_SOAK", "1")
}
