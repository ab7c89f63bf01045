//! `cargo xtask soak CHECK`: full counts, in release. Takes minutes, so never a part of ci.

use std::process::Command;

use crate::command;

pub(crate) fn run(check: &str) -> anyhow::Result<()> {
    let words = [
        "test",
        "--workspace",
        "--profile",
        "soak",
        "--locked",
        check,
        "--",
        "--nocapture",
        "--test-threads=1",
    ];
    command::run(Command::new(env!("CARGO")).args(words).env("PGKEEL_TEST_SOAK", "1"))
}
