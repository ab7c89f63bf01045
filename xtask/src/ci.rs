//! `cargo xtask ci`: everything that has to hold before a change lands.

use std::process::Command;

use crate::{alone, bench, command, external, layers, postgres, sql, test};

pub(crate) fn run() -> anyhow::Result<()> {
    postgres::instead_of_installed()?; // a machine that gets no PostgreSQL should say so at once
    command::cargo(&["fmt", "--all", "--check"])?;
    layers::run()?;
    sql::run()?;
    clippy(&["--all-targets"])?;
    // Test programs that `cargo test` leaves out; `--all-targets` does so as well, also where they are named besides.
    clippy(&["--test", "external", "--test", "dumps"])?;
    alone::run()?;
    let docs = ["doc", "--workspace", "--all-features", "--no-deps", "--document-private-items", "--locked"];
    command::run(Command::new(env!("CARGO")).args(docs).env("RUSTDOCFLAGS", "-D warnings"))?;
    test::run()?;
    external::run()?;
    bench::guard()
}

fn clippy(targets: &[&str]) -> anyhow::Result<()> {
    let everywhere = &["clippy", "--workspace", "--all-features", "--locked"][..];
    command::cargo(&[everywhere, targets, &["--", "-D", "warnings"]].concat())
}
