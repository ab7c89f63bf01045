//! `cargo xtask bench …`: pgkeel beside its peers, from a workspace of their own. Rounds take minutes and depend on the
//! machine, so they are never a part of ci; instructions do not, and are.

use std::process::Command;

use crate::{command, programs};

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/bench/Cargo.toml");

pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    // What is all arithmetic is a program of its own, built as the product is.
    let (program, words) = match words {
        ["crypto", words @ ..] => (["--profile", "product", "--package", "pgkeel-bench-crypto"], words),
        words => (["--profile", "release", "--package", "pgkeel-bench"], words),
    };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.arg("run").args(program).args(["--locked", "--manifest-path", MANIFEST, "--"]);
    command::run(cargo.args(words))
}

/// Fails if pgkeel has come to take more instructions beside its peers than it may.
pub(crate) fn guard() -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        println!("no valgrind here: instructions are not counted");
        return Ok(());
    }
    programs::install(&["valgrind"])?;
    run(&["instructions", "--guard"])
}
