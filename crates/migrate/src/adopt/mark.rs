//! Versions that are put into the history, or taken out of it, by hand.

use std::time::SystemTime;

use super::record;
use crate::run::Lock;
use crate::run::session::Session;
use crate::state::log::{Cause, Entry, RunId, State, Trail, WithoutFile};
use crate::state::{history, repeated};
use crate::{Applied, Conflict, Direction, Error, Migrations, Status};

/// What was marked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Marked {
    /// The files, in the order of their versions.
    pub files: Vec<String>,
    /// What they count as now.
    pub direction: Direction,
    /// Whether nothing of it stays, as it was a dry run.
    pub is_dry_run: bool,
}

/// Why a version cannot be marked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkProblem {
    /// There is no file with this version.
    #[error("there is no file with version {version}")]
    NoFile {
        /// The version.
        version: i64,
    },
    /// There is no file with this version any more.
    #[error(
        "{file} is gone, and {checkpoint}, which has taken its place, is for empty databases; restore the file first"
    )]
    Gone {
        /// The name of the file that is gone.
        file: String,
        /// The checkpoint.
        checkpoint: String,
    },
    /// It is applied already.
    #[error("{file} is applied already")]
    Applied {
        /// The file's name.
        file: String,
    },
    /// It is not applied.
    #[error("version {version} is not applied")]
    NotApplied {
        /// The version.
        version: i64,
    },
    /// One would be pending below another that is applied, and so could never be applied.
    #[error(
        "{file} would be pending below {above}, which is applied; mark one of them, too, or run it first"
    )]
    Below {
        /// The one that would be pending.
        file: String,
        /// The newest that is applied.
        above: String,
    },
    /// One would count as not applied whose file is gone, and so could never be applied.
    #[error(
        "{file} would count as not applied, and there is only {checkpoint} in its place, which is for empty databases; \
         restore the file first"
    )]
    Squashed {
        /// The name of the file that is gone.
        file: String,
        /// The checkpoint.
        checkpoint: String,
    },
}

/// What there is, and what is to be done with it.
pub(crate) struct Order<'a> {
    pub(crate) migrations: &'a Migrations,
    pub(crate) status: &'a Status,
    pub(crate) trail: &'a Trail,
    pub(crate) direction: Direction,
    pub(crate) versions: &'a [i64],
    pub(crate) reason: &'a str,
}

impl Order<'_> {
    /// All that is in the way.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let of_itself = self.versions.iter().filter_map(|version| self.problem(*version));
        let mut problems: Vec<MarkProblem> = of_itself.collect();
        if problems.is_empty() {
            problems = self.never();
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::CannotMark { problems }) }
    }

    fn problem(&self, version: i64) -> Option<MarkProblem> {
        let row = self.row(version);
        match (self.direction, self.migrations.get(version), row) {
            (Direction::Up, _, Some(row)) => Some(MarkProblem::Applied { file: self.trail.file(row) }),
            (Direction::Up, None, None) => Some(self.no_file(version)),
            (Direction::Down, _, None) => Some(MarkProblem::NotApplied { version }),
            (Direction::Up, Some(_), None) | (Direction::Down, _, Some(_)) => None,
        }
    }

    fn no_file(&self, version: i64) -> MarkProblem {
        match self.migrations.squashed(version) {
            Some((checkpoint, gone)) => {
                MarkProblem::Gone { file: gone.file(), checkpoint: checkpoint.file().to_owned() }
            }
            None => MarkProblem::NoFile { version },
        }
    }

    fn row(&self, version: i64) -> Option<&Applied> {
        self.status.applied.iter().find(|row| row.version == version)
    }

    /// What could never be applied afterwards and can now.
    fn never(&self) -> Vec<MarkProblem> {
        let kept = self.status.applied.iter().filter(|row| !self.versions.contains(&row.version)).cloned();
        let files = self.versions.iter().filter_map(|version| self.migrations.get(*version));
        let added = files.filter(|_| self.direction == Direction::Up);
        let added = added.flat_map(|file| history::made_by(file, SystemTime::UNIX_EPOCH));
        let mut rows: Vec<Applied> = kept.chain(added).collect();
        rows.sort_by_key(|row| row.version);
        let then = Status::compare(self.migrations, rows, &Trail::default(), None).conflicts;
        let is_new = |conflict: &&Conflict| {
            !self
                .status
                .conflicts
                .iter()
                .any(|now| now.kind() == conflict.kind() && now.version() == conflict.version())
        };
        let problem = |conflict: &Conflict| match conflict {
            Conflict::OutOfOrder { file, behind, .. } => {
                Some(MarkProblem::Below { file: file.clone(), above: behind.clone() })
            }
            Conflict::Squashed { file, checkpoint, .. } => {
                Some(MarkProblem::Squashed { file: file.clone(), checkpoint: checkpoint.clone() })
            }
            _ => None,
        };
        then.iter().filter(is_new).filter_map(problem).collect()
    }

    /// Writes history and log.
    pub(crate) async fn carry_out(&self, session: &Session, lock: Lock, run: &RunId) -> Result<(), Error> {
        let mut statements: Vec<String> =
            self.versions.iter().flat_map(|version| self.statements(run, *version)).collect();
        // Who knows what else went when it was undone: as behind a file that reverts, all are due again.
        if self.direction == Direction::Down && !self.status.repeated.is_empty() {
            statements.push(repeated::forget(&run.home));
        }
        record::write(session, lock, &statements).await
    }

    fn statements(&self, run: &RunId, version: i64) -> [String; 2] {
        let Some(migration) = self.migrations.get(version) else {
            let row = self.row(version).expect("it is applied, or there is a file");
            let (hashes, note) = (self.trail.applied.get(&version), self.reason);
            return [history::forget(&run.home, version), WithoutFile { run, row, hashes, note }.insert()];
        };
        let change = match self.direction {
            Direction::Up => history::remember(&run.home, migration, None),
            Direction::Down => history::forget(&run.home, version),
        };
        let entry = Entry::new(run, migration, self.direction, State::Ok);
        [change, Entry { cause: Cause::Mark, note: Some(self.reason), ..entry }.insert()]
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let file = |version: &i64| match (self.migrations.get(*version), self.row(*version)) {
            (Some(migration), _) => migration.file().to_owned(),
            (None, Some(row)) => self.trail.file(row),
            (None, None) => version.to_string(),
        };
        self.versions.iter().map(file).collect()
    }
}
