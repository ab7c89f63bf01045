//! A set of migrations while its files are read.

use std::collections::BTreeMap;

use super::file_name::{FileName, suggestion};
use super::kind::Kind;
use super::migration::{Migration, MigrationProblem};
use super::migrations::Migrations;
use super::script::Script;
use super::{checkpoint, placement, requirements};
use crate::Error;

/// The names of the hooks.
const BEFORE: &str = "before_run";
const AFTER: &str = "after_run";

/// The files seen so far, by their names without ending, and what is wrong with them.
#[derive(Default)]
pub(super) struct Draft {
    ups: BTreeMap<String, (i64, Option<Script>)>,
    checkpoints: BTreeMap<String, (i64, Option<Script>)>,
    downs: BTreeMap<String, Option<Script>>,
    verifies: BTreeMap<String, Option<Script>>,
    /// With their kinds and names.
    unversioned: Vec<(Kind, String, Option<Script>)>,
    problems: Vec<MigrationProblem>,
}

impl Draft {
    pub(super) fn add(&mut self, file: &str, bytes: &[u8]) {
        match FileName::parse(file) {
            Some(FileName::Beside) => {}
            Some(FileName::Down { stem }) => {
                let script = self.script(file, bytes);
                self.downs.insert(stem.to_owned(), script);
            }
            Some(FileName::Verify { stem }) => {
                let script = self.script(file, bytes);
                let problem = script.as_ref().and_then(placement::check_verify);
                let unfit = script.as_ref().and_then(placement::check_statements);
                self.problems.extend(problem.into_iter().chain(unfit));
                self.verifies.insert(stem.to_owned(), script);
            }
            Some(FileName::Up { stem, version }) => {
                let script = self.script(file, bytes);
                self.problems.extend(script.as_ref().and_then(|it| placement::check(it, Kind::Versioned)));
                self.ups.insert(stem.to_owned(), (version, script));
            }
            Some(FileName::Checkpoint { stem, version }) => {
                let script = self.script(file, bytes);
                self.problems.extend(script.as_ref().and_then(|it| placement::check(it, Kind::Checkpoint)));
                self.problems.extend(script.as_ref().and_then(placement::check_statements));
                self.checkpoints.insert(stem.to_owned(), (version, script));
            }
            Some(FileName::Repeatable { name, .. }) => {
                self.add_unversioned(Kind::Repeatable, name, file, bytes);
            }
            Some(FileName::BeforeRun) => self.add_unversioned(Kind::Hook, BEFORE, file, bytes),
            Some(FileName::AfterRun) => self.add_unversioned(Kind::Hook, AFTER, file, bytes),
            None => self.problems.push(MigrationProblem::NotAMigration {
                file: file.to_owned(),
                suggestion: suggestion(file),
            }),
        }
    }

    fn add_unversioned(&mut self, kind: Kind, name: &str, file: &str, bytes: &[u8]) {
        let script = self.script(file, bytes);
        self.problems.extend(script.as_ref().and_then(|it| placement::check(it, kind)));
        self.problems.extend(script.as_ref().and_then(placement::check_statements));
        self.unversioned.push((kind, name.to_owned(), script));
    }

    /// The file's script, or a noted problem.
    fn script(&mut self, file: &str, bytes: &[u8]) -> Option<Script> {
        let script = match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Script::new(file.to_owned(), text),
            _ => Err(MigrationProblem::NotText { file: file.to_owned() }),
        };
        script.map_err(|problem| self.problems.push(problem)).ok()
    }

    pub(super) fn complete(mut self) -> Result<Migrations, Error> {
        let mut versions = BTreeMap::<i64, Vec<String>>::new();
        let mut found = Vec::new();
        for (stem, (version, up)) in std::mem::take(&mut self.ups) {
            versions.entry(version).or_default().push(format!("{stem}.sql"));
            let (down, verify) = (self.downs.remove(&stem).flatten(), self.verifies.remove(&stem).flatten());
            match up.map(|up| Migration::new(&stem, up, down, verify)).transpose() {
                Ok(migration) => found.extend(migration),
                Err(problem) => self.problems.push(problem),
            }
        }
        let checkpoints = self.checkpoints();
        let unversioned = self.unversioned();
        let of_kind = |wanted: Kind| unversioned.iter().filter(move |file| file.kind() == wanted);
        let repeatables = requirements::in_order(of_kind(Kind::Repeatable).cloned().collect());
        let repeatables = repeatables.unwrap_or_else(|problems| {
            self.problems.extend(problems);
            Vec::new()
        });
        let hook = |name: &str| of_kind(Kind::Hook).find(|file| file.name() == name).cloned();
        let several = versions.into_values().filter(|files| files.len() > 1);
        self.problems.extend(several.map(|files| MigrationProblem::SameVersion { files }));
        self.problems.extend(self.downs.keys().map(|stem| MigrationProblem::DownAlone {
            file: format!("{stem}.down.sql"),
            up: format!("{stem}.sql"),
        }));
        self.problems.extend(self.verifies.keys().map(|stem| MigrationProblem::VerifyAlone {
            file: format!("{stem}.verify.sql"),
            of: format!("{stem}.sql"),
        }));
        found.sort_by_key(Migration::version);
        self.problems.extend(checkpoint::problems(&checkpoints, &found));
        if self.problems.is_empty() {
            let (before, after) = (hook(BEFORE), hook(AFTER));
            let (versioned, checkpoints) = (found.into(), checkpoints.into());
            Ok(Migrations { versioned, checkpoints, repeatables: repeatables.into(), before, after })
        } else {
            Err(Error::Files { problems: self.problems })
        }
    }

    /// Those that stand for others, lowest version first.
    fn checkpoints(&mut self) -> Vec<Migration> {
        let read = std::mem::take(&mut self.checkpoints).into_iter();
        let mut found: Vec<Migration> = read
            .filter_map(|(stem, (version, script))| Some(Migration::checkpoint(&stem, version, script?)))
            .collect();
        found.sort_by_key(Migration::version);
        let several = found.chunk_by(|one, other| one.version() == other.version());
        self.problems.extend(several.filter(|same| same.len() > 1).map(|same| {
            MigrationProblem::SameVersion {
                files: same.iter().map(|migration| migration.file().to_owned()).collect(),
            }
        }));
        found
    }

    /// Those without a version, with the files that verify them.
    fn unversioned(&mut self) -> Vec<Migration> {
        let mut found = Vec::new();
        for (kind, name, script) in std::mem::take(&mut self.unversioned) {
            let verify = match kind {
                Kind::Repeatable => self.verifies.remove(&format!("R__{name}")).flatten(),
                _ => None,
            };
            found.extend(script.map(|script| Migration::unversioned(kind, &name, script, verify)));
        }
        found
    }
}
