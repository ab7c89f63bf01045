//! `cargo xtask layers`: who imports whom, held against the table in ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// A crate's short name, and those of the crates that it may import.
type Table = BTreeMap<String, BTreeSet<String>>;

/// What every crate's tests may use besides.
const FOR_TESTS: &str = "testkit";

pub(crate) fn run() -> anyhow::Result<()> {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).context("reading ARCHITECTURE.md")?;
    let wrong = violations(&allowed(&page)?, &metadata()?);
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("imports that the table in ARCHITECTURE.md does not allow:\n  {}", wrong.join("\n  "))
}

/// The packages of this workspace.
pub(crate) fn packages() -> anyhow::Result<Vec<String>> {
    Ok(metadata()?.workspace_packages().iter().map(|package| package.name.to_string()).collect())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn metadata() -> anyhow::Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.current_dir(root()).no_deps().other_options(["--offline".to_owned()]);
    command.exec().context("running cargo metadata")
}

/// Reads the rows of the table whose head is `| crate | may import | …`.
fn allowed(page: &str) -> anyhow::Result<Table> {
    let rows = page.lines().skip_while(|line| !line.starts_with("| crate | may import |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let table: Table = rows.filter_map(row).flatten().collect();
    ensure!(!table.is_empty(), "ARCHITECTURE.md has no table `| crate | may import |`");
    Ok(table)
}

/// One row may stand for several crates: `| connect, localpg | none of ours | … |`. What only tests may import is
/// listed as `pool in tests`.
fn row(line: &str) -> Option<Vec<(String, BTreeSet<String>)>> {
    let mut cells = line.trim_matches('|').split('|').map(str::trim);
    let (crates, imports) = (cells.next()?, cells.next()?);
    let words = |cell: &str| cell.split(',').map(|word| word.trim().to_owned()).collect::<BTreeSet<_>>();
    let imports = if imports == "none of ours" { BTreeSet::new() } else { words(imports) };
    Some(words(crates).into_iter().map(|name| (name, imports.clone())).collect())
}

fn violations(allowed: &Table, metadata: &Metadata) -> Vec<String> {
    let ours: Vec<&Package> = metadata.workspace_packages();
    let names: BTreeSet<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in &ours {
        let from = short(&package.name);
        let Some(may) = allowed.get(from) else {
            wrong.push(format!("{from} has no row in the table"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|edge| names.contains(edge.name.as_str())) {
            let to = short(&dependency.name);
            let is_for_tests = to == FOR_TESTS || to == from || may.contains(&format!("{to} in tests"));
            let in_tests = dependency.kind == DependencyKind::Development && is_for_tests;
            if !in_tests && !may.contains(to) {
                wrong.push(format!("{from} imports {to}"));
            }
        }
    }
    let gone = allowed.keys().filter(|name| ours.iter().all(|package| short(&package.name) != name.as_str()));
    wrong.extend(gone.map(|name| format!("{name} has a row in the table, but there is no such crate")));
    wrong
}

fn short(package: &str) -> &str {
    package.strip_prefix("pgkeel-").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_import_only_what_the_architecture_allows() {
        run().unwrap();
    }

    #[test]
    fn every_path_that_the_architecture_names_exists() {
        let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
        let quoted = page.split('`').skip(1).step_by(2);
        let paths: Vec<&str> = quoted.filter(|text| text.starts_with("crates/")).collect();
        assert!(paths.len() > 10);
        let missing: Vec<&&str> = paths.iter().filter(|path| !root().join(path).exists()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn an_edge_that_is_not_in_the_table_is_found() {
        let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
        let mut table = allowed(&page).unwrap();
        table.get_mut("pool").unwrap().remove("connect");
        table.insert("attic".into(), BTreeSet::new());
        let wrong = violations(&table, &metadata().unwrap());
        assert_eq!(
            wrong,
            ["pool imports connect", "attic has a row in the table, but there is no such crate"]
        );
    }

    #[test]
    fn an_edge_for_tests_is_no_edge_of_the_library() {
        let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
        let mut table = allowed(&page).unwrap();
        let query = table.get_mut("query").unwrap();
        assert!(query.remove("pool in tests") && query.remove("connect"));
        query.insert("connect in tests".into());
        let wrong = violations(&table, &metadata().unwrap());
        assert_eq!(wrong, ["query imports connect", "query imports pool"]);
    }

    #[test]
    fn a_row_may_stand_for_several_crates() {
        let page = "| crate | may import | because |\n|---|---|---|\n| a, b | none of ours | x |\n| c | a, b | y |\n";
        let table = allowed(page).unwrap();
        assert_eq!(table["b"], BTreeSet::new());
        assert_eq!(table["c"], BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    }
}
