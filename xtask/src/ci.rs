//! `cargo xtask ci`: everything that has to hold before a change lands.

use std::process::Command;

use crate::{alone, bench, command, external, layers, postgres, test};

pub(crate) fn run() -> anyhow::Result<()> {
    postgres::instead_of_installed()?; // a machine that gets no PostgreSQL should say so at once
    command::cargo(&["fmt", "--all", "--check"])?;
    layers::run()?;
    command::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--test",
        "external", // `cargo test` leaves it out, and so does `--all-targets`
        "--test",
        "dumps", // the same
        "--all-features",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])?;
    alone::run()?;
    let docs = ["doc", "--workspace", "--all-features", "--no-deps", "--document-private-items", "--locked"];
    command::run(Command::new(env!("CARGO")).args(docs).env("RUSTDOCFLAGS", "-D warnings"))?;
    test::run()?;
    external::run()?;
    bench::guard()
}
