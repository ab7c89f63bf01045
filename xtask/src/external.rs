//! `cargo xtask external`: the tests that need programs which are not ours. Installs those that are missing.

use std::process::Command;

use crate::{command, postgres, programs, soak, test};

const PROGRAMS: [&str; 2] = ["pgbouncer", "psql"];

pub(crate) fn run() -> anyhow::Result<()> {
    programs::install(&PROGRAMS)?;
    let mut tests = tests();
    if let Some(fetched) = postgres::instead_of_installed()? {
        tests.env(test::BINDIR, fetched.bindir());
    }
    command::run(&mut tests)
}

/// In release and with full counts.
pub(crate) fn soak() -> anyhow::Result<()> {
    programs::install(&PROGRAMS)?;
    command::run(soak::in_full(&mut tests()))
}

fn tests() -> Command {
    let mut tests = Command::new(env!("CARGO"));
    tests.args(["test", "--package", "pgkeel-pool", "--package", "pgkeel-migrate"]);
    tests.args(["--test", "external", "--locked"]);
    tests
}
