//! `cargo xtask external`: the tests that need programs which are not ours, and a core of all others over other versions of
//! PostgreSQL. Installs or fetches what is missing.

use std::process::Command;

use crate::{command, postgres, programs, test};

pub(crate) fn run() -> anyhow::Result<()> {
    programs::install(&programs::FOR_TESTS)?;
    let mut tests = Command::new(env!("CARGO"));
    tests.args([
        "test",
        "--package",
        "pgkeel-pool",
        "--package",
        "pgkeel-migrate",
        "--package",
        "pgkeel-crypto",
        "--package",
        "pgkeel-query",
    ]);
    tests.args(["--test", "external", "--test", "dumps", "--locked"]);
    if let Some(fetched) = postgres::instead_of_installed()? {
        tests.env(test::BINDIR, fetched.bindir());
    }
    command::run(&mut tests)?;
    test::core()
}
