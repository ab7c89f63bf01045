//! The tests that there are, as their sources have them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::checks::Check;

/// One test, or several in a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    package: String,
    program: String,
    module: String,
    /// As the test program lists it.
    pub(super) name: String,
}

impl Test {
    pub(super) fn is_of(&self, check: &Check) -> bool {
        (self.package.as_str(), self.program.as_str(), self.module.as_str())
            == (check.package, check.program, check.name)
    }
}

/// What the tests of a library itself are run as, of which those are looked at that have a file of their own, `tests.rs`.
pub(super) const LIBRARY: &str = "lib";

/// Every test of every crate's test programs.
pub(super) fn tests() -> anyhow::Result<Vec<Test>> {
    Ok(modules()?.iter().flat_map(Module::tests).collect())
}

/// A file of a test program.
#[derive(Debug)]
struct Module {
    package: String,
    program: String,
    /// The names of modules from the program's root on.
    name: String,
    text: String,
}

impl Module {
    fn read(package: &str, program: &Path, file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let inside = file.strip_prefix(program).unwrap_or(file).with_extension("");
        let names = inside.iter().map(|part| part.to_string_lossy().into_owned());
        let names: Vec<String> = names.filter(|part| part != "mod" && part != "main").collect();
        let program = match program.file_name().unwrap_or_default().to_string_lossy() {
            sources if sources == "src" => LIBRARY.to_owned(),
            program => program.into_owned(),
        };
        Ok(Self { package: package.to_owned(), program, name: names.join("::"), text })
    }

    fn tests(&self) -> Vec<Test> {
        let mut lines = self.text.lines().map(str::trim_start);
        let mut tests = Vec::new();
        while let Some(line) = lines.next() {
            if !line.starts_with("#[tokio::test") && !line.starts_with("#[test]") {
                continue;
            }
            let function = lines.by_ref().find_map(|line| line.split_once("fn ").map(|(_, rest)| rest));
            let name = function.and_then(|rest| rest.split('(').next()).unwrap_or_default();
            tests.push(Test {
                package: self.package.clone(),
                program: self.program.clone(),
                module: self.name.clone(),
                name: if self.name.is_empty() { name.to_owned() } else { format!("{}::{name}", self.name) },
            });
        }
        tests
    }
}

fn modules() -> anyhow::Result<Vec<Module>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut modules = Vec::new();
    for package in entries(&crates)? {
        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let library = package.join("src");
        let is_of_tests = |file: &PathBuf| file.ends_with("tests.rs");
        for file in files(&library)?.iter().filter(|file| is_of_tests(file)) {
            modules.push(Module::read(&name, &library, file)?);
        }
        let Ok(programs) = entries(&package.join("tests")) else { continue };
        for program in programs.iter().filter(|program| program.join("main.rs").is_file()) {
            for file in files(program)? {
                modules.push(Module::read(&name, program, &file)?);
            }
        }
    }
    Ok(modules)
}

/// All sources below a directory.
fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in entries(directory)? {
        if entry.is_dir() {
            files.extend(self::files(&entry)?);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    Ok(files)
}

/// What is in a directory, in the order of names.
fn entries(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut entries = read().with_context(|| format!("reading {}", directory.display()))?;
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::checks::CHECKS;
    use super::*;

    #[test]
    fn every_module_with_full_counts_is_a_check() {
        let has_full_counts = |module: &&Module| {
            ["scaled(", "is_soak("].iter().any(|call| module.text.contains(call))
                && !module.tests().is_empty()
        };
        let modules = modules().unwrap();
        let unlisted: Vec<String> = modules
            .iter()
            .filter(has_full_counts)
            .filter(|module| !CHECKS.iter().any(|check| module.tests()[0].is_of(check)))
            .map(|module| format!("{} {} {}", module.package, module.program, module.name))
            .collect();
        assert!(unlisted.is_empty(), "no line in checks.rs: {unlisted:#?}");
    }

    #[test]
    fn every_check_is_a_module_with_tests_and_listed_once() {
        let tests = tests().unwrap();
        for (at, check) in CHECKS.iter().enumerate() {
            assert!(tests.iter().any(|test| test.is_of(check)), "there is no such module: {check:?}");
            let same = |other: &Check| {
                (check.package, check.program, check.name, check.build)
                    == (other.package, other.program, other.name, other.build)
            };
            assert!(!CHECKS[at + 1..].iter().any(same), "{check:?}");
        }
    }

    /// Full counts that are read elsewhere would escape the table.
    #[test]
    fn no_helper_without_tests_has_full_counts() {
        let modules = modules().unwrap();
        let helpers = modules.iter().filter(|module| module.tests().is_empty());
        let wrong: Vec<&Module> = helpers.filter(|module| module.text.contains("scaled(")).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// A name that no module has any more would leave its tests out, and nobody would see that.
    #[test]
    fn what_is_run_over_other_versions_are_modules_with_tests() {
        let tests = tests().unwrap();
        for module in crate::test::CORE {
            let is_of = |test: &Test| test.program == "it" && test.name.starts_with(module);
            assert!(tests.iter().any(is_of), "there is no such module: {module}");
        }
    }

    /// The corpus is where each of the fifteen acceptance checks of migrations is named.
    #[test]
    fn every_acceptance_check_of_migrations_is_a_check_here() {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/migrate/tests/corpus/README.md");
        let text = std::fs::read_to_string(readme).unwrap();
        let rows = text.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            Some((cells.next()?.parse::<usize>().ok()?, cells.nth(1)?))
        });
        let rows: Vec<(usize, &str)> = rows.collect();
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), (1..=15).collect::<Vec<_>>());
        for (number, cell) in rows {
            let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
            assert!(!names.is_empty(), "{number}");
            for name in names {
                let is_it = |check: &Check| check.package == "migrate" && check.name == name;
                assert!(CHECKS.iter().any(is_it), "{number}: {name}");
            }
        }
    }
}
