use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use pgkeel_connect::ServerError;
use tokio_postgres::error::SqlState;

use crate::{BadSnapshot, Differences, Error, LockProblem, Readiness, SquashProblem, Stop, Verification};

/// What went wrong while a schema was read, compared, or made in a shadow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The files or the history cannot be used, or a file could not be applied to a shadow.
    #[error(transparent)]
    Migrate(#[from] Error),
    /// [`Stop`] was asked for. Nothing was written.
    #[error("it was stopped; {}", left(.shadow.as_deref()))]
    Stopped {
        /// The shadow that could not be dropped, if there is one.
        shadow: Option<String>,
    },
    /// There is no connection.
    #[error("the database cannot be reached")]
    Connect(#[source] pgkeel_connect::Error),
    /// The server refused something.
    #[error("{step} failed")]
    Server {
        /// What was being done.
        step: VerifyStep,
        /// Why it failed.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// The server did not answer.
    #[error("{step} did not end within {waited:?}")]
    NoAnswer {
        /// What was being done.
        step: VerifyStep,
        /// How long was waited.
        waited: Duration,
    },
    /// The server's catalogs are of before what is known here.
    #[error("PostgreSQL {major} is too old to be verified; {oldest} is the oldest that can be")]
    TooOld {
        /// Its major version.
        major: u32,
        /// The oldest major version that will do.
        oldest: u32,
    },
    /// The role may not create a database.
    #[error(
        "no shadow database can be made, as the role may not create databases: grant it createdb, or name another \
         server for shadows"
    )]
    MayNotCreate(#[source] pgkeel_connect::Error),
    /// A file changes more than its own database, so that a shadow on a server that others use would not keep it in.
    #[error(
        "{file} says {statement}, which is for the whole server, so it is not tried beside other databases; do that where the \
         server is set up, or name a private server for shadows, and say that it is"
    )]
    ServerWide {
        /// The file's name.
        file: String,
        /// The first words of the statement.
        statement: String,
    },
    /// A lock file is about the schema `public` and others, and not about that of one of many tenants.
    #[error("a tenant's schema cannot be held against a lock file; compare with the record or a shadow")]
    LockOfTenant,
    /// The lock file cannot be read or written.
    #[error("no access to {}", .path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The lock file has lines that cannot be understood.
    #[error("{} is not a lock file of migrations:{}", .path.display(), Lines(.problems))]
    BadLockFile {
        /// The file.
        path: PathBuf,
        /// All that is wrong with it.
        problems: Vec<LockProblem>,
    },
    /// The newest migration that was applied is not in the lock file.
    #[error("the lock file does not know version {version}, which is applied; write it anew from the files")]
    NotLocked {
        /// The version.
        version: i64,
    },
    /// The lock file knows the schema with repeatables only behind all versions, and with the texts that it has.
    #[error(
        "the lock file does not know the schema after version {version} with the repeatables that are applied; apply what \
         is pending or due, write the lock file anew, or compare with a shadow"
    )]
    RepeatablesNotLocked {
        /// The newest version that is applied.
        version: i64,
    },
    /// The text of a repeatable that was applied is not there any more, so what it made cannot be made anew.
    #[error("{file} was edited since it was applied; apply it first")]
    RepeatableDue {
        /// The file's name.
        file: String,
    },
    /// Nothing is applied, so no line of the lock file is about this database.
    #[error("no migration is applied, so there is nothing to hold against the lock file")]
    NothingApplied,
    /// Nobody has recorded a snapshot in this database.
    #[error(
        "this database has no recorded snapshot to be held against; compare with the lock file or a shadow"
    )]
    NotRecorded,
    /// What was recorded does not say of which history it is, as older versions of this crate did not.
    #[error(
        "what was recorded in this database is by an older version, and does not say after which migrations; the next migrate \
         up, down or mark that changes something records it anew; until then compare with the lock file or a shadow"
    )]
    OldRecord,
    /// What was recorded is of before the migrations that were applied or reverted last.
    #[error(
        "what was recorded in this database is of before its last migrations; compare with the lock file or a shadow"
    )]
    StaleRecord,
    /// What was recorded cannot be read.
    #[error("the recorded snapshot cannot be read")]
    BadRecord(#[source] Option<BadSnapshot>),
    /// The schema is not what the migrations make that were to be recorded. Nothing was.
    #[error("nothing was recorded, because the schema is not what the migrations make:\n{}", verification.to_string().trim_end())]
    Different {
        /// What differs.
        verification: Box<Verification>,
    },
    /// Files cannot be made one, or not be removed. Nothing was written and nothing removed.
    #[error("nothing was written:{}", Lines(.problems))]
    CannotSquash {
        /// All that is in the way.
        problems: Vec<SquashProblem>,
    },
    /// What files make one after the other cannot be made in one transaction. Nothing was written.
    #[error(
        "nothing was written, because {file} fails in one transaction with the files before it; squash up to the version before"
    )]
    NotInOne {
        /// The file's name.
        file: String,
        /// What the server said.
        #[source]
        source: Box<Error>,
    },
    /// A checkpoint does not make what the files make that it takes the place of.
    #[error("{file} does not make what the files make that it lists:{}", Lines(&outcome(.differences, .rows)))]
    OtherOutcome {
        /// The checkpoint.
        file: String,
        /// What the files make is what is expected.
        differences: Differences,
        /// In words, what is different of the history and of how many rows tables have.
        rows: Vec<String>,
    },
    /// The files do not make the schema any more that the lock file has. Nothing was written.
    #[error(
        "the lock file has another schema for version {version} than the files make now; find out with migrate lock --check \
         and migrate verify what has changed, and write it anew"
    )]
    StaleLock {
        /// The version.
        version: i64,
    },
    /// A snapshot cannot be read from its file, or not be written.
    #[error("no access to {}", .path.display())]
    SnapshotFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not a snapshot.
    #[error("{} is not a snapshot: {problem}; write one with migrate snapshot --output", .path.display())]
    BadSnapshotFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: BadSnapshot,
    },
    /// It was waited for until a service may serve, in vain.
    #[error("not ready within {waited:?}: {found}")]
    NotReady {
        /// How long was waited.
        waited: Duration,
        /// What was found last.
        found: Box<Readiness>,
    },
    /// The two sides are of servers that write definitions differently.
    #[error(
        "what is expected is of PostgreSQL {expected}, and the database runs on {found}; compare with a shadow there"
    )]
    OtherMajor {
        /// The major version of what is expected.
        expected: u32,
        /// That of the server.
        found: u32,
    },
}

impl VerifyError {
    /// What the server said, if it was the server that refused.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Migrate(source) => source.server(),
            Self::Connect(source) | Self::Server { source, .. } | Self::MayNotCreate(source) => {
                source.server()
            }
            _ => None,
        }
    }

    /// Whether there is no connection: none could be opened, or it was lost.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        match self {
            Self::Migrate(source) => source.is_disconnected(),
            Self::Connect(source) | Self::Server { source, .. } => source.is_disconnected(),
            _ => false,
        }
    }

    /// Whether it ended early because [`Stop`] was asked for.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        match self {
            Self::Stopped { .. } => true,
            Self::Migrate(error) => error.is_stopped(),
            _ => false,
        }
    }

    /// Whether it comes of this having been asked for: it says so, or something was cancelled.
    pub(crate) fn comes_of(&self, stop: &Stop) -> bool {
        stop.is_cause(self.is_stopped(), self.server())
    }

    /// The same, or that it was stopped if it comes of that, where no shadow is left.
    pub(crate) fn or_stopped(self, stop: &Stop) -> Self {
        match self {
            Self::Stopped { .. } => self,
            error if error.comes_of(stop) => Self::Stopped { shadow: None },
            error => error,
        }
    }

    /// A refusal to make a database, with what to do about it if it is one of privilege.
    pub(crate) fn of_create(source: pgkeel_connect::Error) -> Self {
        let is_privilege =
            source.server().is_some_and(|server| *server.code() == SqlState::INSUFFICIENT_PRIVILEGE);
        if is_privilege {
            Self::MayNotCreate(source)
        } else {
            Self::Server { step: VerifyStep::MakeShadow, source }
        }
    }
}

/// What is done to verify a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyStep {
    /// Reading the schema.
    Snapshot,
    /// Looking for shadows that a run left behind that was killed.
    Sweep,
    /// Making a shadow database.
    MakeShadow,
    /// Dropping a shadow database.
    DropShadow,
    /// Keeping a snapshot in the database.
    Record,
    /// Reading the snapshot that is kept in the database.
    ReadRecord,
    /// Waiting for a server.
    Wait,
    /// Counting the rows of tables.
    Count,
}

impl fmt::Display for VerifyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Snapshot => "reading the schema",
            Self::Sweep => "looking for shadows that were left behind",
            Self::MakeShadow => "making a shadow database",
            Self::DropShadow => "dropping the shadow database",
            Self::Record => "keeping the snapshot",
            Self::ReadRecord => "reading the recorded snapshot",
            Self::Wait => "waiting for the server",
            Self::Count => "counting rows",
        })
    }
}

fn left(shadow: Option<&str>) -> String {
    shadow.map_or_else(
        || "nothing is left of it".to_owned(),
        |name| format!("the shadow database {name} is still there, and a later call that makes one drops it"),
    )
}

fn outcome(differences: &Differences, rows: &[String]) -> Vec<String> {
    let differences = differences.to_string();
    differences.lines().map(str::to_owned).chain(rows.iter().cloned()).collect()
}

/// One a line.
struct Lines<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Lines<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}
