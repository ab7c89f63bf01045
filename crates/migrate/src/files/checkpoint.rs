//! Files that stand for others on an empty database, and what they list.

use std::fmt;
use std::str::FromStr;

use super::file_name::numbered;
use super::migration::{Migration, MigrationProblem};
use super::migrations::Migrations;
use crate::{Error, Fingerprint, Kind};

/// A version that a checkpoint takes the place of: all that has to be known of its file once that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Squashed {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Refinery's checksum over version, name and text, for the row of the history.
    pub checksum: u64,
    /// The SHA-256 over its text without comments and space, as in the log.
    pub token_sha256: Fingerprint,
}

impl Squashed {
    /// What there is to know of this file.
    pub(crate) fn of(migration: &Migration) -> Self {
        let token_sha256 = migration.up().token_sha256().to_string().parse().expect("it is a SHA-256");
        let (version, name) = (migration.version(), migration.name().to_owned());
        Self { version, name, checksum: migration.checksum(), token_sha256 }
    }

    /// The name that its file would have.
    #[must_use]
    pub fn file(&self) -> String {
        format!("V{}__{}.sql", self.version, self.name)
    }
}

/// As in the head of a checkpoint.
impl fmt::Display for Squashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, name, checksum, token_sha256 } = self;
        write!(f, "V{version}__{name}:{checksum}:{token_sha256}")
    }
}

impl FromStr for Squashed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let mut parts = text.strip_prefix('V')?.split(':');
            let (version, name) = numbered(parts.next()?)?;
            let (checksum, token_sha256) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let squashed = Self { version, name: name.to_owned(), checksum, token_sha256 };
            parts.next().is_none().then_some(squashed)
        };
        read().ok_or_else(|| "is not V<version>__<name>:<checksum>:<SHA-256>".to_owned())
    }
}

/// What is wrong with checkpoints beside the other files, all in the order of their versions.
pub(super) fn problems(checkpoints: &[Migration], versioned: &[Migration]) -> Vec<MigrationProblem> {
    let unlisted = checkpoints.iter().filter(|checkpoint| !is_listed(checkpoint));
    let unlisted: Vec<_> = unlisted
        .map(|checkpoint| MigrationProblem::Unlisted { file: checkpoint.file().to_owned() })
        .collect();
    if !unlisted.is_empty() {
        return unlisted;
    }
    let beside = checkpoints.iter().flat_map(|it| versioned.iter().filter_map(|file| beside(it, file)));
    let pairs = checkpoints.windows(2).filter_map(|pair| disagreement(&pair[0], &pair[1]));
    beside.chain(pairs).collect()
}

/// Lowest first, and its own last.
fn is_listed(checkpoint: &Migration) -> bool {
    let squashes = checkpoint.squashes();
    squashes.is_sorted_by(|one, other| one.version < other.version)
        && squashes.last().is_some_and(|newest| newest.version == checkpoint.version())
}

fn beside(checkpoint: &Migration, file: &Migration) -> Option<MigrationProblem> {
    let (name, at) = (file.file().to_owned(), checkpoint.file().to_owned());
    match checkpoint.squashed(file.version()) {
        Some(squashed) if squashed.name == file.name() && squashed.checksum == file.checksum() => None,
        Some(_) => Some(MigrationProblem::NotSquashed { file: name, checkpoint: at }),
        None if file.version() > checkpoint.version() || file.directives().out_of_order => None,
        None => Some(MigrationProblem::BelowCheckpoint { file: name, checkpoint: at }),
    }
}

fn disagreement(earlier: &Migration, later: &Migration) -> Option<MigrationProblem> {
    let is_other = |squashed: &&Squashed| later.squashed(squashed.version) != Some(*squashed);
    let other = earlier.squashes().iter().find(is_other)?;
    let (file, earlier) = (later.file().to_owned(), earlier.file().to_owned());
    Some(MigrationProblem::CheckpointsDisagree { file, earlier, version: other.version })
}

impl Migrations {
    /// What is known of a version whose file may be gone, and the newest checkpoint that takes its place.
    pub(crate) fn squashed(&self, version: i64) -> Option<(&Migration, &Squashed)> {
        self.checkpoints().rev().find_map(|checkpoint| Some((checkpoint, checkpoint.squashed(version)?)))
    }

    /// What brings an empty database forward: the newest checkpoint that is not above `limit`, and all that it does not
    /// list.
    pub(crate) fn for_empty(&self, limit: i64) -> Vec<Migration> {
        let start = self.checkpoints().rev().find(|checkpoint| checkpoint.version() <= limit);
        let is_listed = |file: &&Migration| start.is_some_and(|it| it.squashed(file.version()).is_some());
        start.into_iter().chain(self.iter().filter(|file| !is_listed(file))).cloned().collect()
    }

    /// Versions that a checkpoint lists and that there is no file for, each with the newest that does.
    pub(crate) fn gone(&self) -> impl Iterator<Item = (&Migration, &Squashed)> {
        // Each lists all that those before it list.
        let newest = self.checkpoints().next_back();
        let listed =
            newest.into_iter().flat_map(|it| it.squashes().iter().map(move |squashed| (it, squashed)));
        listed.filter(|(_, squashed)| self.get(squashed.version).is_none())
    }

    /// The same as one chain without detours: each file by itself, and below them a checkpoint only where files are gone.
    pub(crate) fn chain(&self) -> Self {
        let gone: Vec<i64> = self.gone().map(|(_, squashed)| squashed.version).collect();
        let has_all = |it: &&Migration| gone.iter().all(|version| it.squashed(*version).is_some());
        let start = self.checkpoints().find(has_all).filter(|_| !gone.is_empty());
        let is_listed = |file: &&Migration| start.is_some_and(|it| it.squashed(file.version()).is_some());
        let versioned = self.iter().filter(|file| !is_listed(file)).cloned().collect();
        Self { versioned, checkpoints: start.into_iter().cloned().collect(), ..self.clone() }
    }

    /// What a checkpoint can be held against, of a chain that ends with its version: what it does not list came later.
    pub(crate) fn replaced_by(checkpoint: &Migration, chain: &[Migration]) -> Vec<Migration> {
        let is_replaced = |file: &&Migration| {
            file.kind() == Kind::Checkpoint || checkpoint.squashed(file.version()).is_some()
        };
        chain.iter().filter(is_replaced).cloned().collect()
    }

    /// The same with another checkpoint.
    pub(crate) fn with_checkpoint(&self, checkpoint: &Migration) -> Result<Self, Error> {
        let mut checkpoints: Vec<Migration> = self.checkpoints().cloned().collect();
        checkpoints.push(checkpoint.clone());
        checkpoints.sort_by_key(Migration::version);
        let problems = problems(&checkpoints, &self.versioned);
        if problems.is_empty() {
            Ok(Self { checkpoints: checkpoints.into(), ..self.clone() })
        } else {
            Err(Error::Files { problems })
        }
    }

    /// The same without the files of these versions.
    pub(crate) fn without(&self, versions: &[i64]) -> Self {
        let left = self.iter().filter(|file| !versions.contains(&file.version()));
        Self { versioned: left.cloned().collect(), ..self.clone() }
    }

    /// Just these, in their order, with the hooks.
    pub(crate) fn of_these(&self, files: &[Migration]) -> Self {
        let of_kind = |is_checkpoint: bool| {
            let found = files.iter().filter(move |it| (it.kind() == Kind::Checkpoint) == is_checkpoint);
            found.cloned().collect()
        };
        let (checkpoints, versioned) = (of_kind(true), of_kind(false));
        Self { versioned, checkpoints, ..self.without_repeatables() }
    }

    /// The newest version that is known.
    pub(crate) fn newest(&self) -> Option<i64> {
        let newest = [self.iter().next_back(), self.checkpoints().next_back()];
        newest.into_iter().flatten().map(Migration::version).max()
    }

    /// How many versions are known.
    pub(crate) fn versions(&self) -> usize {
        self.len() + self.gone().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, &str); 3] =
        [("V1__a.sql", "create table a ();"), ("V2__b.sql", "select 2;"), ("V3__c.sql", "select 3;")];

    /// A checkpoint of those files of these versions.
    fn checkpoint(versions: &[i64]) -> String {
        let files = Migrations::from_static(&FILES).unwrap();
        let line =
            |version: &i64| format!("-- pgkeel: squashes={}\n", Squashed::of(files.get(*version).unwrap()));
        format!("{}select 1;", versions.iter().map(line).collect::<String>())
    }

    fn read(files: &[(&str, &str)]) -> Result<Migrations, String> {
        Migrations::from_static(files).map_err(|error| match error {
            Error::Files { problems } => {
                problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
            }
            other => panic!("{other:?}"),
        })
    }

    fn files(migrations: &[Migration]) -> Vec<&str> {
        migrations.iter().map(Migration::file).collect()
    }

    #[test]
    fn what_is_squashed_is_read_as_it_is_written() {
        let migrations = read(&FILES).unwrap();
        let squashed = Squashed::of(migrations.get(2).unwrap());
        assert_eq!(squashed.to_string().parse(), Ok(squashed.clone()));
        assert_eq!(squashed.file(), "V2__b.sql");
        for wrong in ["", "V1__a", "V1__a:1", "V1__a:1:2", "1__a:1:2", &format!("{squashed}:3")] {
            assert!(wrong.parse::<Squashed>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_empty_database_starts_at_the_newest_checkpoint_within_the_limit() {
        let (two, three) = (checkpoint(&[1, 2]), checkpoint(&[1, 2, 3]));
        let all =
            [&FILES[..], &[("B2__x.sql", &two), ("B3__y.sql", &three), ("V4__d.sql", "select 4")]].concat();
        let migrations = read(&all).unwrap();
        assert_eq!(files(&migrations.for_empty(i64::MAX)), ["B3__y.sql", "V4__d.sql"]);
        assert_eq!(files(&migrations.for_empty(2)), ["B2__x.sql", "V3__c.sql", "V4__d.sql"]);
        assert_eq!(files(&migrations.for_empty(1)), ["V1__a.sql", "V2__b.sql", "V3__c.sql", "V4__d.sql"]);
        assert_eq!((migrations.newest(), migrations.versions(), migrations.gone().count()), (Some(4), 4, 0));
        assert_eq!((migrations.chain().len(), migrations.chain().checkpoints().count()), (4, 0));
    }

    #[test]
    fn a_chain_begins_with_the_oldest_checkpoint_that_has_all_that_is_gone() {
        let (two, three) = (checkpoint(&[1, 2]), checkpoint(&[1, 2, 3]));
        let left = [("B2__x.sql", two.as_str()), ("B3__y.sql", &three), FILES[1], FILES[2]];
        let migrations = read(&left).unwrap();
        let chain = migrations.chain();
        assert_eq!(files(&chain.for_empty(i64::MAX)), ["B2__x.sql", "V3__c.sql"]);
        assert_eq!((migrations.versions(), migrations.gone().count()), (3, 1));
        let chain = read(&left[..3]).unwrap().chain();
        assert_eq!(files(&chain.for_empty(i64::MAX)), ["B3__y.sql"]);
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        let (one, three, gap) = (checkpoint(&[1]), checkpoint(&[1, 2, 3]), checkpoint(&[1, 3]));
        let told = |more: &[(&str, &str)]| read(&[&FILES[..], more].concat()).unwrap_err();
        for (more, part) in [
            (&[("B3__x.sql", "select 1;")][..], "B3__x.sql does not list the versions"),
            (&[("B4__x.sql", three.as_str())], "B4__x.sql does not list the versions"),
            (&[("B3__x.sql", gap.as_str())], "V2__b.sql is below B3__x.sql, which does not list it"),
            (
                &[("B3__x.sql", three.as_str()), ("B3__y.sql", &three)],
                "B3__x.sql and B3__y.sql have the same version",
            ),
            (&[("B3__x.sql", "commit;")], "B3__x.sql has COMMIT at 1:1"),
        ] {
            let told = told(more);
            assert!(told.contains(part), "{told}");
        }
        let mut edited = FILES.to_vec();
        edited[0].1 = "create table b ();";
        edited.push(("B1__x.sql", &one));
        assert!(read(&edited).unwrap_err().contains("V1__a.sql is not what B1__x.sql takes the place of"));
        let apart = read(&[("B1__x.sql", one.as_str()), ("B3__y.sql", &checkpoint(&[2, 3]))]).unwrap_err();
        assert!(apart.contains("B3__y.sql does not agree with B1__x.sql about version 1"), "{apart}");
    }
}
