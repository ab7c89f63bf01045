//! `cargo xtask ci`: everything that has to hold before a change lands.

use std::process::Command;

use crate::{alone, command, layers, postgres};

pub(crate) fn run() -> anyhow::Result<()> {
    postgres::ensure()?;
    command::cargo(&["fmt", "--all", "--check"])?;
    layers::run()?;
    command::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])?;
    alone::run()?;
    let docs = ["doc", "--workspace", "--all-features", "--no-deps", "--document-private-items", "--locked"];
    command::run(Command::new(env!("CARGO")).args(docs).env("RUSTDOCFLAGS", "-D warnings"))?;
    command::cargo(&["test", "--workspace", "--locked"])
}
