//! `cargo xtask test`: all tests once, or the integration tests, or a core of them, over several major versions of PostgreSQL.

use std::process::Command;

use anyhow::{Context as _, bail};
use pgkeel_localpg::Installation;

use crate::{command, postgres};

/// Wins over all other ways to find PostgreSQL, and is passed on to every program that a test starts.
pub(crate) const BINDIR: &str = "PGKEEL_PG_BINDIR";

/// The oldest major version that is supported, and the newest.
const ENDS: [u32; 2] = [14, 18];

/// Modules of tests of what versions do most differently: catalogs, types, grammar, errors, the wire.
#[rustfmt::skip]
pub(crate) const CORE: [&str; 20] = [
    "doubt::", "hygiene::", "batches::", "savepoints::", "statements::", "typed::",
    "constraints::", "errors::", "made_types::", "matrix::", "writes::",
    "apply::", "backfill::batches::", "down::", "handover::", "outside::", "recorded::", "relay::", "snapshot::", "tenants::one::",
];

/// Everything, over the PostgreSQL that the machine has.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut tests = Command::new(env!("CARGO"));
    tests.args(["test", "--workspace", "--locked"]);
    if let Some(fetched) = postgres::instead_of_installed()? {
        tests.env(BINDIR, fetched.bindir());
    }
    command::run(&mut tests)
}

/// The integration tests once a major version; goes on after a failure, and sums up at the end.
pub(crate) fn over(majors: &[u32]) -> anyhow::Result<()> {
    sum_up(majors, &[])
}

/// The part of them that depends most on the version, over the oldest and the newest one. What cannot be fetched is left out, and
/// told of: a registry out of reach says nothing of a change.
pub(crate) fn core() -> anyhow::Result<()> {
    let is_there = |major: &u32| {
        let fetched = postgres::of_major(*major);
        fetched.inspect_err(|error| eprintln!("PostgreSQL {major} is left out: {error:#}")).is_ok()
    };
    let there: Vec<u32> = ENDS.into_iter().filter(is_there).collect();
    sum_up(&there, &CORE)
}

fn sum_up(majors: &[u32], modules: &[&str]) -> anyhow::Result<()> {
    let rows: Vec<Row> = majors.iter().map(|major| Row::run(*major, modules)).collect();
    print!("{}", table(&rows));
    let failed: Vec<String> =
        rows.iter().filter(|row| !row.has_passed()).map(|row| row.major.to_string()).collect();
    if failed.is_empty() { Ok(()) } else { bail!("the tests failed over PostgreSQL {}", failed.join(", ")) }
}

/// `14,15,18`.
pub(crate) fn majors(text: &str) -> anyhow::Result<Vec<u32>> {
    let parsed: Result<Vec<u32>, _> = text.split(',').map(str::parse).collect();
    parsed.with_context(|| format!("{text} is no list of major versions such as 14,15,18"))
}

/// What came of one major version.
struct Row {
    major: u32,
    installation: Option<Installation>,
    outcome: anyhow::Result<()>,
}

impl Row {
    fn run(major: u32, modules: &[&str]) -> Self {
        let installation = match postgres::of_major(major) {
            Ok(installation) => installation,
            Err(error) => return Self { major, installation: None, outcome: Err(error) },
        };
        eprintln!("\n=== over PostgreSQL {installation}");
        let mut tests = Command::new(env!("CARGO"));
        tests.args(["test", "--workspace", "--test", "it", "--locked", "--no-fail-fast", "--"]).args(modules);
        let outcome = command::run(tests.env(BINDIR, installation.bindir()));
        Self { major, installation: Some(installation), outcome }
    }

    fn has_passed(&self) -> bool {
        self.outcome.is_ok()
    }
}

fn table(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let version = row.installation.as_ref().map_or("-".to_owned(), |found| found.version().to_string());
        let outcome = match &row.outcome {
            Ok(()) => "passed".to_owned(),
            Err(error) => format!("FAILED: {error:#}"),
        };
        format!("{:<6} {version:<32} {outcome}\n", row.major)
    });
    format!("\n{:<6} {:<32} integration tests\n", "major", "version") + &lines.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn majors_are_separated_by_commas() {
        assert_eq!(majors("14,15,18").unwrap(), [14, 15, 18]);
        assert!(majors("14,new").unwrap_err().to_string().contains("14,new"));
    }

    #[test]
    fn the_table_tells_what_failed_and_why() {
        let rows = [
            Row { major: 14, installation: None, outcome: Err(anyhow::anyhow!("nothing came")) },
            Row { major: 15, installation: None, outcome: Ok(()) },
        ];
        let shown = table(&rows);
        assert!(shown.contains("FAILED: nothing came") && shown.contains("passed"), "{shown}");
    }
}
