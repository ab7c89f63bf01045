//! Which of our files the rows of a tool's table mean.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::flyway::{self, Sum};
use super::table::{Record, Table};
use super::version::{canonical, order};
use crate::adopt::origin::Origin;
use crate::adopt::{ImportProblem, Tool, checksum};
use crate::run::session::Session;
use crate::{Error, Migration, Migrations, Squashed};

/// What a tool's table comes to.
#[derive(Debug)]
pub(in crate::adopt) struct Resolved {
    /// In the order of our versions, with the time at which the tool says that it was applied.
    pub(in crate::adopt) applied: Vec<(Migration, Option<SystemTime>)>,
    /// The same of versions whose files a checkpoint has taken the place of.
    pub(in crate::adopt) gone: Vec<(Squashed, Option<SystemTime>)>,
    pub(in crate::adopt) problems: Vec<ImportProblem>,
}

pub(in crate::adopt) async fn resolve(
    session: &Session,
    table: &Table,
    migrations: &Migrations,
    accepts_edited: bool,
) -> Result<Resolved, Error> {
    let rows = table.rows(session).await?;
    let mut files = Files::new(table.tool, migrations);
    match table.tool {
        Tool::Flyway => {
            let Sum { applied, baseline } = flyway::sum(rows);
            if let Some(version) = baseline {
                files.add_up_to(&version);
            }
            files.add_all(&applied);
        }
        Tool::GolangMigrate => {
            for row in &rows {
                files.add(row);
                files.add_up_to(row.version.as_deref().unwrap_or_default());
            }
        }
        _ => files.add_all(&rows),
    }
    if accepts_edited {
        files.problems.retain(|problem| !matches!(problem, ImportProblem::Edited { .. }));
    }
    let (applied, gone) = (files.applied.into_values().collect(), files.gone.into_values().collect());
    Ok(Resolved { applied, gone, problems: files.problems })
}

struct Files<'a> {
    tool: Tool,
    migrations: &'a Migrations,
    /// By the versions that the tool has for them.
    by_version: BTreeMap<String, (&'a Migration, Option<Origin>)>,
    applied: BTreeMap<i64, (Migration, Option<SystemTime>)>,
    gone: BTreeMap<i64, (Squashed, Option<SystemTime>)>,
    problems: Vec<ImportProblem>,
}

impl<'a> Files<'a> {
    /// A file that says nothing of where it came from has the version that it has.
    fn new(tool: Tool, migrations: &'a Migrations) -> Self {
        let entry = |migration: &'a Migration| {
            let origin = Origin::of(migration).filter(|origin| origin.tool == tool);
            let version = origin.as_ref().map_or(migration.version().to_string(), |it| it.version.clone());
            (canonical(&version), (migration, origin))
        };
        let by_version = migrations.iter().map(entry).collect();
        let (applied, gone) = (BTreeMap::new(), BTreeMap::new());
        Self { tool, migrations, by_version, applied, gone, problems: Vec::new() }
    }

    fn add_all(&mut self, rows: &[Record]) {
        for row in rows {
            self.add(row);
        }
    }

    fn add(&mut self, row: &Record) {
        let version = row.version.clone().unwrap_or_else(|| "of a repeatable file".to_owned());
        if row.is_failed {
            self.problems.push(ImportProblem::Failed { version, remedy: self.tool.remedy() });
            return;
        }
        let Some((migration, origin)) = self.by_version.get(&canonical(&version)) else {
            self.add_gone(row, version);
            return;
        };
        let is_same = row.checksum.as_ref().is_none_or(|theirs| match origin {
            Some(origin) => origin.checksums.is_empty() || origin.checksums.contains(theirs),
            None => self.tool != Tool::Refinery || is_of_refinery(migration, theirs),
        });
        if !is_same {
            self.problems.push(ImportProblem::Edited { file: migration.file().to_owned() });
        }
        self.applied.insert(migration.version(), ((*migration).clone(), row.applied_on));
    }

    /// A version without a file, which a checkpoint may list: under its number, as where it came from went with the file.
    fn add_gone(&mut self, row: &Record, version: String) {
        let number: Option<i64> = canonical(&version).parse().ok();
        let Some((_, gone)) = number.and_then(|number| self.migrations.squashed(number)) else {
            self.problems.push(ImportProblem::NoFile { version });
            return;
        };
        let is_same = row.checksum.as_ref().is_none_or(|theirs| *theirs == gone.checksum.to_string());
        if self.tool == Tool::Refinery && !is_same {
            self.problems.push(ImportProblem::Edited { file: gone.file() });
        }
        self.gone.insert(gone.version, (gone.clone(), row.applied_on));
    }

    /// All files of versions that are not above this one.
    fn add_up_to(&mut self, version: &str) {
        for migration in self.migrations.iter() {
            let theirs = self.by_version.iter().find(|(_, (it, _))| it.version() == migration.version());
            if theirs.is_some_and(|(theirs, _)| order(theirs, version).is_le()) {
                self.applied.entry(migration.version()).or_insert_with(|| (migration.clone(), None));
            }
        }
        for (_, gone) in self.migrations.gone() {
            if order(&gone.version.to_string(), version).is_le() {
                self.gone.entry(gone.version).or_insert_with(|| (gone.clone(), None));
            }
        }
    }
}

/// The checksum is over the text as it is in the file. What is at hand is without what editors and checkouts change, so
/// all that the file may have been is tried.
fn is_of_refinery(migration: &Migration, checksum: &str) -> bool {
    let text = migration.sql().trim_end_matches('\n');
    let texts = ["\n", "\r\n"].into_iter().flat_map(|end| {
        let text = text.replace('\n', end);
        (0..4).map(move |ends| format!("{text}{}", end.repeat(ends)))
    });
    let texts = texts.flat_map(|text| [format!("\u{feff}{text}"), text]);
    texts.into_iter().any(|text| {
        let sums = checksum::refinery(migration.name(), migration.version(), &text);
        sums.iter().any(|sum| sum.to_string() == checksum)
    })
}
