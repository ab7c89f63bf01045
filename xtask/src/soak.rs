//! `cargo xtask soak CHECK`: full counts, in release. Takes minutes, so never a part of ci.

mod checks;
mod sources;

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::ensure;

use self::checks::{Build, CHECKS, Check};
use self::sources::Test;
use crate::{command, postgres, programs, test};

/// Stands for all checks with programs that are not ours.
pub(crate) const EXTERNAL: &str = "external";

/// Runs the tests of one crate's checks, those with other programs, or those with this in their names. A failure does not
/// keep the others from running.
pub(crate) fn run(word: &str) -> anyhow::Result<()> {
    let chosen = Chosen::by(word, &sources::tests()?)?;
    if chosen.needs_programs {
        programs::install(&programs::FOR_TESTS)?;
    }
    let fetched = postgres::instead_of_installed()?;
    let mut failed = Vec::new();
    for ((package, build), run) in &chosen.runs {
        let mut tests = run.command(package, *build);
        if let Some(fetched) = &fetched {
            tests.env(test::BINDIR, fetched.bindir());
        }
        failed.extend(command::run(&mut tests).err().map(|error| error.to_string()));
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// What the crates `aes` and `polyval` are built with (their documentation, "Configuration Flags").
const SOFTWARE_AES: &str = r#"--cfg aes_backend="soft" --cfg polyval_backend="soft""#;
const SOFTWARE_AES_TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/software-aes");

/// All checks that there are, a line each.
pub(crate) fn list() -> String {
    let width = |column: fn(&Check) -> usize| CHECKS.iter().map(column).max().unwrap_or_default();
    let (names, crates) = (width(|check| check.name.len()), width(|check| check.package.len()));
    let line = |check: &Check| {
        let needs = if check.is_external() { " (needs other programs)" } else { "" };
        format!("{:<names$}  {:<crates$}  {}{needs}\n", check.name, check.package, check.shows)
    };
    let head = format!("{:<names$}  {:<crates$}  what it shows\n", "check", "crate");
    head + &CHECKS.iter().map(line).collect::<String>()
}

/// What a word stands for.
#[derive(Debug, Default)]
struct Chosen {
    /// By the short names of crates, and how they are built.
    runs: BTreeMap<(&'static str, Build), Run>,
    needs_programs: bool,
}

/// A crate's test programs, and what the names of their tests contain.
#[derive(Debug, Default)]
struct Run {
    programs: Vec<&'static str>,
    filters: Vec<String>,
}

impl Run {
    fn command(&self, package: &str, build: Build) -> Command {
        let mut tests = Command::new(env!("CARGO"));
        tests.args(["test", "--locked", "--profile", "soak", "--no-fail-fast"]);
        tests.args(["--package", &format!("pgkeel-{package}")]);
        for program in &self.programs {
            match *program {
                sources::LIBRARY => tests.arg("--lib"),
                program => tests.args(["--test", program]),
            };
        }
        tests.args(["--", "--nocapture", "--test-threads=1"]).args(&self.filters);
        tests.env("PGKEEL_TEST_SOAK", "1");
        if build == Build::SoftwareAes {
            // Beside the usual build, which these flags would throw away.
            tests.env("RUSTFLAGS", SOFTWARE_AES).env("CARGO_TARGET_DIR", SOFTWARE_AES_TARGET);
        }
        tests
    }
}

impl Chosen {
    fn by(word: &str, tests: &[Test]) -> anyhow::Result<Self> {
        let is_group = |check: &Check| check.package == word || (word == EXTERNAL && check.is_external());
        let mut chosen = Self::default();
        for check in CHECKS {
            let is_named = || tests.iter().any(|test| test.is_of(check) && test.name.contains(word));
            let filter = if is_group(check) {
                format!("{}::", check.name)
            } else if !CHECKS.iter().any(is_group) && is_named() {
                word.to_owned()
            } else {
                continue;
            };
            chosen.add(check, filter);
        }
        ensure!(
            !chosen.runs.is_empty(),
            "no check with full counts has {word:?} in the name of a test; cargo xtask soak --list names all checks"
        );
        Ok(chosen)
    }

    fn add(&mut self, check: &Check, filter: String) {
        let run = self.runs.entry((check.package, check.build)).or_default();
        if !run.programs.contains(&check.program) {
            run.programs.push(check.program);
        }
        if !run.filters.contains(&filter) {
            run.filters.push(filter);
        }
        self.needs_programs |= check.is_external();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(word: &str) -> Vec<(&'static str, Vec<&'static str>, usize)> {
        let chosen = Chosen::by(word, &sources::tests().unwrap()).unwrap();
        let runs = chosen.runs.into_iter();
        runs.map(|((package, _), run)| (package, run.programs, run.filters.len())).collect()
    }

    #[test]
    fn a_word_that_is_in_no_name_is_an_error_with_a_hint() {
        for word in ["no_such_check", "corpus::rase"] {
            let chosen = Chosen::by(word, &[]);
            assert!(chosen.unwrap_err().to_string().contains("soak --list"), "{word}");
        }
        let refused = run("no_such_check").unwrap_err();
        assert!(refused.to_string().contains("\"no_such_check\""), "{refused}");
    }

    #[test]
    fn a_module_or_a_test_is_run_by_a_part_of_its_name() {
        assert_eq!(chosen("corpus::race"), [("migrate", vec!["it"], 1)]);
        assert_eq!(chosen("nobody_is_in_the_way_of_another"), [("migrate", vec!["it"], 1)]);
        let outages = chosen("outage");
        assert_eq!(outages.iter().map(|run| run.0).collect::<Vec<_>>(), ["migrate", "pool", "server"]);
    }

    #[test]
    fn a_crate_is_run_with_all_its_checks_and_programs() {
        let [(package, programs, filters)] = &chosen("migrate")[..] else { panic!() };
        assert_eq!((*package, &programs[..]), ("migrate", &["it", "external", "dumps"][..]));
        assert_eq!(*filters, CHECKS.iter().filter(|check| check.package == "migrate").count());
        let external = chosen(EXTERNAL);
        assert!(external.iter().all(|(_, programs, _)| !programs.contains(&"it")), "{external:?}");
        let packages: Vec<_> = external.iter().map(|run| run.0).collect();
        assert_eq!(packages, ["migrate", "pool", "query"]);
    }

    #[test]
    fn the_help_names_every_crate_that_has_checks() {
        for check in CHECKS {
            assert!(crate::HELP.contains(check.package), "{}", check.package);
        }
    }

    #[test]
    fn the_list_has_a_line_for_each_check() {
        let list = list();
        assert_eq!(list.lines().count(), CHECKS.len() + 1);
        let race = list.lines().find(|line| line.starts_with("corpus::race ")).unwrap();
        assert!(race.contains(" migrate ") && race.contains("32 processes"), "{race}");
    }
}
