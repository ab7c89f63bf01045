//! How far to go.

use crate::{Conflict, Error, Kind, Migration, Migrations};

/// How far to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Target {
    /// Everything that is pending.
    #[default]
    Latest,
    /// Up to this version, it included.
    Version(i64),
    /// At most so many files, of which a checkpoint is one.
    Steps(usize),
}

/// How far to revert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Back {
    /// So many of the newest migrations.
    Steps(usize),
    /// Everything above this version, which stays; 0 for everything.
    To(i64),
}

impl Target {
    /// What is left of it when so many files have been applied.
    pub(crate) fn after(self, done: usize) -> Self {
        match self {
            Self::Steps(steps) => Self::Steps(steps.saturating_sub(done)),
            other => other,
        }
    }

    /// Which of those that are pending are meant.
    pub(crate) fn select(
        self,
        files: &Migrations,
        mut pending: Vec<Migration>,
    ) -> Result<Vec<Migration>, Error> {
        match self {
            Self::Latest => {}
            Self::Version(version) if !is_known(files, version) => {
                return Err(Error::NoSuchVersion { version });
            }
            Self::Version(version)
                if pending.first().is_some_and(|first| first.kind() == Kind::Checkpoint) =>
            {
                pending = for_empty(files, version)?;
            }
            Self::Version(version) => pending.retain(|file| file.version() <= version),
            Self::Steps(steps) => pending.truncate(steps),
        }
        Ok(pending)
    }
}

fn is_known(files: &Migrations, version: i64) -> bool {
    files.get(version).is_some() || files.checkpoints().any(|checkpoint| checkpoint.version() == version)
}

/// What brings an empty database to a version, which the newest checkpoint may be above.
fn for_empty(files: &Migrations, version: i64) -> Result<Vec<Migration>, Error> {
    let mut found = files.for_empty(version);
    found.retain(|file| file.version() <= version);
    let is_there = |gone: i64| found.first().is_some_and(|first| first.squashed(gone).is_some());
    let lacking = files.gone().filter(|(_, gone)| gone.version <= version && !is_there(gone.version));
    let conflicts: Vec<Conflict> = lacking.map(|(at, gone)| Conflict::squashed(at, gone)).collect();
    if conflicts.is_empty() { Ok(found) } else { Err(Error::Conflicts { conflicts }) }
}

impl Back {
    /// Which of the versions that are applied, in their order, are meant: the newest first.
    pub(crate) fn select(self, applied: &[i64]) -> Result<Vec<i64>, Error> {
        let newest_first = applied.iter().rev().copied();
        match self {
            Self::Steps(steps) => Ok(newest_first.take(steps).collect()),
            Self::To(version) if version != 0 && !applied.contains(&version) => {
                Err(Error::NoSuchVersion { version })
            }
            Self::To(version) => Ok(newest_first.filter(|applied| *applied > version).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_is_selected() {
        let files = [("V1__a.sql", "select 1"), ("V2__b.sql", "select 1"), ("V5__c.sql", "select 1")];
        let files = Migrations::from_static(&files).unwrap();
        let selected = |target: Target| {
            let pending = files.iter().skip(1).cloned().collect();
            target
                .select(&files, pending)
                .map(|found| found.iter().map(Migration::version).collect::<Vec<_>>())
        };
        assert_eq!(selected(Target::Latest).unwrap(), [2, 5]);
        assert_eq!(selected(Target::Version(2)).unwrap(), [2]);
        assert_eq!(selected(Target::Version(1)).unwrap(), [0_i64; 0]);
        assert_eq!(selected(Target::Steps(1)).unwrap(), [2]);
        assert!(matches!(selected(Target::Version(3)), Err(Error::NoSuchVersion { version: 3 })));
    }

    #[test]
    fn what_is_to_be_reverted_comes_newest_first() {
        let applied = [1, 2, 5];
        assert_eq!(Back::Steps(2).select(&applied).unwrap(), [5, 2]);
        assert_eq!(Back::To(1).select(&applied).unwrap(), [5, 2]);
        assert_eq!(Back::To(0).select(&applied).unwrap(), [5, 2, 1]);
        assert_eq!(Back::To(5).select(&applied).unwrap(), [0_i64; 0]);
        assert!(matches!(Back::To(3).select(&applied), Err(Error::NoSuchVersion { version: 3 })));
    }
}
