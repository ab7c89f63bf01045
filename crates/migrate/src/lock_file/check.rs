use super::{LockEntry, LockFile};
use crate::{Fingerprint, Migration, Migrations};

/// What the lock file and the files beside it do not agree on. Found without a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockConflict {
    /// The file was edited since.
    #[error(
        "{file} is not what the lock file says it is; restore it, or write the lock file anew if no database has it"
    )]
    Edited {
        /// The file's name.
        file: String,
    },
    /// The file has another name than in the lock file.
    #[error("{file} is called {locked} in the lock file; give it its name back, or its own version")]
    Renamed {
        /// The file's name.
        file: String,
        /// The name of the migration in the lock file.
        locked: String,
    },
    /// The file is not in the lock file yet.
    #[error("{file} is not in the lock file; write it anew")]
    New {
        /// The file's name.
        file: String,
    },
    /// The lock file has a version that there is no file for.
    #[error("the lock file has version {version}, {name}, but there is no such file")]
    Gone {
        /// The version.
        version: i64,
        /// Its name.
        name: String,
    },
    /// The lock file has a checkpoint that there is no file for.
    #[error("the lock file has {file}, but there is no such file; restore it, or write the lock file anew")]
    CheckpointGone {
        /// The file's name.
        file: String,
    },
    /// The repeatable was edited since, as it may be.
    #[error("{file} is not what the lock file says it is; write it anew")]
    RepeatableEdited {
        /// The file's name.
        file: String,
    },
    /// The lock file has a repeatable that there is no file for.
    #[error("the lock file has {file}, but there is no such file; write it anew")]
    RepeatableGone {
        /// The file's name.
        file: String,
    },
}

impl LockFile {
    /// What stands in the way of trusting it for these files, in the order of versions. Needs no database.
    #[must_use]
    pub fn check(&self, migrations: &Migrations) -> Vec<LockConflict> {
        let mut found: Vec<(i64, LockConflict)> = Vec::new();
        for migration in migrations.iter() {
            let conflict = conflict(migration, self.entry(migration.version()));
            found.extend(conflict.map(|conflict| (migration.version(), conflict)));
        }
        let is_there = |version| migrations.iter().any(|migration| migration.version() == version);
        let is_squashed = |entry: &LockEntry| {
            migrations.squashed(entry.version).is_some_and(|(_, it)| it.name == entry.name)
        };
        let gone = self.entries().iter().filter(|entry| !is_there(entry.version) && !is_squashed(entry));
        found.extend(gone.map(|entry| {
            let (version, name) = (entry.version, entry.name.clone());
            (version, LockConflict::Gone { version, name })
        }));
        found.sort_by_key(|(version, _)| *version);
        let checkpoints = self.checkpoints_in_conflict(migrations);
        let repeatables = self.repeatables_in_conflict(migrations);
        found.into_iter().map(|(_, conflict)| conflict).chain(checkpoints).chain(repeatables).collect()
    }

    fn checkpoints_in_conflict(&self, migrations: &Migrations) -> Vec<LockConflict> {
        let locked = |version: i64| self.checkpoints().iter().find(|entry| entry.version == version);
        let found = migrations.checkpoints().filter_map(|file| conflict(file, locked(file.version())));
        let is_there = |entry: &&LockEntry| migrations.checkpoints().any(|it| it.version() == entry.version);
        let gone = self.checkpoints().iter().filter(|entry| !is_there(entry));
        let gone = gone.map(|entry| LockConflict::CheckpointGone {
            file: format!("B{}__{}.sql", entry.version, entry.name),
        });
        found.chain(gone).collect()
    }

    /// By name: edited, new or gone.
    fn repeatables_in_conflict(&self, migrations: &Migrations) -> Vec<LockConflict> {
        let locked = self.repeatables();
        let compare = |migration: &Migration| {
            let file = migration.file().to_owned();
            match locked.and_then(|locked| locked.checksum(migration.name())) {
                None => Some(LockConflict::New { file }),
                Some(checksum) if checksum != Fingerprint::of(migration.sql()) => {
                    Some(LockConflict::RepeatableEdited { file })
                }
                Some(_) => None,
            }
        };
        let is_there = |name: &str| migrations.repeatables().any(|file| file.name() == name);
        let gone = locked.into_iter().flat_map(|locked| &locked.files).filter(|(name, _)| !is_there(name));
        let gone = gone.map(|(name, _)| LockConflict::RepeatableGone { file: format!("R__{name}.sql") });
        migrations.repeatables().filter_map(compare).chain(gone).collect()
    }
}

fn conflict(migration: &Migration, entry: Option<&LockEntry>) -> Option<LockConflict> {
    let file = migration.file().to_owned();
    match entry {
        None => Some(LockConflict::New { file }),
        Some(entry) if entry.name != migration.name() => {
            Some(LockConflict::Renamed { file, locked: entry.name.clone() })
        }
        Some(entry) if entry.checksum != Fingerprint::of(migration.sql()) => {
            Some(LockConflict::Edited { file })
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scope;

    #[test]
    fn every_disagreement_is_named_in_the_order_of_versions() {
        let migrations = |files: &[(&str, &str)]| Migrations::from_static(files).unwrap();
        let old = migrations(&[
            ("V1__a.sql", "select 1"),
            ("V2__b.sql", "select 2"),
            ("V3__c.sql", "select 3"),
            ("V4__d.sql", "select 4"),
        ]);
        let entries = old.iter().map(|migration| LockEntry::new(migration, Fingerprint::of(""))).collect();
        let lock = LockFile::new(15, Scope::default(), entries);
        assert_eq!(lock.check(&old), []);
        let new = migrations(&[
            ("V1__a.sql", "select 1\r\n"),
            ("V2__b.sql", "select 22"),
            ("V3__x.sql", "select 3"),
            ("V5__e.sql", "select 5"),
        ]);
        let found = lock.check(&new);
        assert!(
            matches!(
                &found[..],
                [
                    LockConflict::Edited { file },
                    LockConflict::Renamed { locked, .. },
                    LockConflict::Gone { version: 4, .. },
                    LockConflict::New { .. }
                ] if file == "V2__b.sql" && locked == "c"
            ),
            "{found:?}"
        );
    }
}
