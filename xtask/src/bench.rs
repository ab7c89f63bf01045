//! `cargo xtask bench …`: pgkeel beside its peers, from a workspace of their own. Takes minutes, so never a part of ci.

use std::process::Command;

use crate::command;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/bench/Cargo.toml");

pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    command::run(cargo.args(["run", "--release", "--locked", "--manifest-path", MANIFEST, "--"]).args(words))
}
