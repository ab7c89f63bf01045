//! Files and history side by side.

use std::time::SystemTime;

use crate::{Conflict, Error, Migration, Migrations, unfit};

/// Which migrations are applied, which are not, and what stands in the way.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// What the database says was applied, in the order of versions.
    pub applied: Vec<Applied>,
    /// Files that were not applied, in the order of versions.
    pub pending: Vec<Migration>,
    /// Why nothing would be applied now.
    pub conflicts: Vec<Conflict>,
}

/// A migration that was applied, as the history has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// When it was begun, by the clock of who applied it.
    pub applied_on: SystemTime,
    /// Refinery's checksum over version, name and text.
    pub checksum: u64,
}

impl Applied {
    /// The name that its file would have.
    #[must_use]
    pub fn file(&self) -> String {
        format!("V{}__{}.sql", self.version, self.name)
    }
}

impl Status {
    /// Holds the files against the history.
    pub(crate) fn compare(migrations: &Migrations, applied: Vec<Applied>) -> Self {
        let of_version = |version| migrations.iter().find(|file| file.version() == version);
        let is_applied =
            |file: &Migration| applied.binary_search_by_key(&file.version(), |row| row.version).is_ok();
        let mut conflicts: Vec<Conflict> =
            applied.iter().filter_map(|row| changed(row, of_version(row.version))).collect();
        let pending: Vec<Migration> = migrations.iter().filter(|file| !is_applied(file)).cloned().collect();
        conflicts.extend(pending.iter().filter_map(|file| hindered(file, applied.last())));
        conflicts.sort_by_key(Conflict::version);
        Self { applied, pending, conflicts }
    }

    /// Itself, or its conflicts as an error.
    pub(crate) fn free_of_conflicts(self) -> Result<Self, Error> {
        if self.conflicts.is_empty() { Ok(self) } else { Err(Error::Conflicts { conflicts: self.conflicts }) }
    }
}

/// What became of the file since it was applied.
fn changed(row: &Applied, file: Option<&Migration>) -> Option<Conflict> {
    let version = row.version;
    match file {
        None => Some(Conflict::Missing { file: row.file(), version }),
        Some(file) if file.name() != row.name => {
            Some(Conflict::Renamed { file: file.file().to_owned(), applied_as: row.name.clone(), version })
        }
        Some(file) if file.checksum() != row.checksum => {
            Some(Conflict::Edited { file: file.file().to_owned(), version })
        }
        Some(_) => None,
    }
}

/// Why a file that is pending cannot be applied.
fn hindered(pending: &Migration, newest: Option<&Applied>) -> Option<Conflict> {
    let (file, version) = (pending.file().to_owned(), pending.version());
    match newest.filter(|newest| newest.version > version) {
        Some(newest) => Some(Conflict::OutOfOrder { file, behind: newest.file(), version }),
        None => unfit::find(pending.sql()).map(|unfit| Conflict::Unfit { file, unfit, version }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(version: i64, name: &str, checksum: u64) -> Applied {
        Applied { version, name: name.into(), applied_on: SystemTime::UNIX_EPOCH, checksum }
    }

    #[test]
    fn every_disagreement_is_named() {
        let sql = "select 1";
        let files = [
            ("V1__a.sql", sql),
            ("V2__b.sql", sql),
            ("V3__c.sql", sql),
            ("V4__d.sql", sql),
            ("V7__e.sql", "commit"),
        ];
        let migrations = Migrations::from_static(&files).unwrap();
        let checksum = migrations.iter().next().unwrap().checksum();
        let applied = vec![row(1, "a", checksum), row(2, "b", 0), row(3, "x", 0), row(5, "y", 0)];
        let status = Status::compare(&migrations, applied);
        let pending: Vec<i64> = status.pending.iter().map(Migration::version).collect();
        assert_eq!(pending, [4, 7]);
        assert!(
            matches!(
                &status.conflicts[..],
                [
                    Conflict::Edited { version: 2, .. },
                    Conflict::Renamed { version: 3, .. },
                    Conflict::OutOfOrder { version: 4, .. },
                    Conflict::Missing { version: 5, .. },
                    Conflict::Unfit { version: 7, .. },
                ]
            ),
            "{:?}",
            status.conflicts
        );
    }

    #[test]
    fn gaps_between_versions_are_no_conflict() {
        let migrations =
            Migrations::from_static(&[("V3__a.sql", "select 1"), ("V30__b.sql", "select 1")]).unwrap();
        let status = Status::compare(&migrations, Vec::new());
        assert_eq!((status.pending.len(), status.conflicts.len()), (2, 0));
    }
}
