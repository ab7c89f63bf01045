//! `cargo xtask sql`: statements whose text is put together where they are run.
//!
//! What it sees is in one function: a text of several pieces that is given to one of the calls in `calls.rs`, there or by way of
//! variables, lists, branches, blocks, closures and conversions. Pieces that are literals or constants do no harm. A text that
//! another function gives back, adds to or runs it does not follow, nor one in a field. Where such a text has to be, a comment
//! that begins with `sql:` says why, in front of the statement that runs it; in programs that use pgkeel `AuditedSql` does so,
//! and is counted.

mod calls;
mod function;
mod judge;
mod macros;
mod scopes;
#[cfg(test)]
mod signatures;
mod text;
mod variables;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use syn::visit::Visit as _;

use self::function::Functions;

/// A call that runs a text which was put together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: PathBuf,
    line: usize,
    call: String,
}

/// The crates of this workspace.
pub(crate) fn run() -> anyhow::Result<()> {
    told(&all_of(&ours()?)?)
}

/// The sources below this directory.
pub(crate) fn run_on(directory: &str) -> anyhow::Result<()> {
    told(&all_of(&[PathBuf::from(directory)])?)
}

fn told(findings: &[Finding]) -> anyhow::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    bail!(
        "statements whose text is put together; give values as parameters, or say why in a comment `// sql: …`:\n  {}",
        lines.join("\n  ")
    )
}

/// What is compiled into users' programs: not the tests.
fn ours() -> anyhow::Result<Vec<PathBuf>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let entries = fs::read_dir(&crates).with_context(|| format!("reading {}", crates.display()))?;
    let mut sources = Vec::new();
    for entry in entries {
        let source = entry?.path().join("src");
        sources.extend(source.is_dir().then_some(source));
    }
    Ok(sources)
}

fn all_of(directories: &[PathBuf]) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for directory in directories {
        for file in sources(directory)? {
            let source = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            let found = in_source(&source).with_context(|| format!("parsing {}", file.display()))?;
            findings.extend(found.into_iter().map(|(line, call)| Finding { file: file.clone(), line, call }));
        }
    }
    findings.sort();
    Ok(findings)
}

/// All sources below a directory.
fn sources(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Lines, from 1 on, and what is called there.
fn in_source(source: &str) -> syn::Result<Vec<(usize, String)>> {
    let lines: Vec<&str> = source.lines().collect();
    let mut functions = Functions::default();
    functions.visit_file(&syn::parse_file(source)?);
    Ok(functions.found.into_iter().filter(|(line, _)| !has_reason(&lines, *line)).collect())
}

/// Whether a comment right in front of the line says so.
fn has_reason(lines: &[&str], line: usize) -> bool {
    let before = lines.iter().take(line - 1).rev().map(|line| line.trim_start());
    before.take_while(|line| line.starts_with("//")).any(|line| line.starts_with("// sql: "))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.call)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_seeded_is_found_and_nothing_else() {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dynamic_sql/src");
        let mut seeded = BTreeSet::new();
        for file in sources(&fixture).unwrap() {
            let source = fs::read_to_string(&file).unwrap();
            let lines = (1..).zip(source.lines()).filter(|(_, line)| line.contains("// seeded"));
            seeded.extend(lines.map(|(line, _)| (file.clone(), line)));
        }
        assert!(seeded.len() > 12);
        let found = all_of(&[fixture]).unwrap().into_iter().map(|finding| (finding.file, finding.line));
        let found: BTreeSet<_> = found.collect();
        let (missed, harmless) = (seeded.difference(&found), found.difference(&seeded));
        assert!(
            seeded == found,
            "missed: {:#?}, harmless: {:#?}",
            missed.collect::<Vec<_>>(),
            harmless.collect::<Vec<_>>()
        );
    }

    #[test]
    fn no_crate_of_ours_puts_a_text_together_without_a_reason() {
        run().unwrap();
    }
}
