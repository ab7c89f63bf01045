//! The one thing that the tests need beyond Rust.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::command;

/// Where Debian's packages put the binaries.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Installs PostgreSQL if the machine has none and this may install packages.
pub(crate) fn ensure() -> anyhow::Result<()> {
    if is_there() {
        return Ok(());
    }
    if !answers("apt-get") {
        bail!(
            "no PostgreSQL on this machine; install version 14 to 18, or name its directory in PGKEEL_PG_BINDIR"
        );
    }
    command::run(Command::new("apt-get").arg("update"))?;
    let install = ["install", "--yes", "--no-install-recommends", "postgresql"];
    command::run(Command::new("apt-get").args(install).env("DEBIAN_FRONTEND", "noninteractive"))
}

#[expect(clippy::disallowed_methods, reason = "the same variable that the tests read, without their crates")]
fn is_there() -> bool {
    let named = std::env::var_os("PGKEEL_PG_BINDIR").is_some_and(|directory| !directory.is_empty());
    named || Path::new(DEBIAN).is_dir() || answers("pg_config") || answers("postgres")
}

fn answers(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}
