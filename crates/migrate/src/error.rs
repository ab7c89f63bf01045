use std::path::PathBuf;
use std::time::Duration;

use pgkeel_connect::ServerError;

use crate::wording::{Before, Holder, Lines, hint};
use crate::{Conflict, Location, LockHolder, MigrationProblem, Step};

/// What went wrong with migrations.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory cannot be read, or a file in it cannot be read or written.
    #[error("no access to the migrations in {}", .path.display())]
    Directory {
        /// The directory or the file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Files cannot be used, whatever the database says.
    #[error("the migration files cannot be used:{}", Lines(.problems))]
    Files {
        /// All that is wrong.
        problems: Vec<MigrationProblem>,
    },
    /// A new migration cannot have this name.
    #[error(
        "a migration cannot be named {name:?}: use lower-case letters, digits and underscores, and a letter first{}",
        .suggestion.as_ref().map(|name| format!(", for example {name}")).unwrap_or_default()
    )]
    Name {
        /// The name.
        name: String,
        /// One like it that would do.
        suggestion: Option<String>,
    },
    /// There is no connection. Nothing was done.
    #[error("the database cannot be reached")]
    Connect(#[source] pgkeel_connect::Error),
    /// Files and history disagree, so nothing was applied.
    #[error("nothing was applied, because the files and the database do not go together:{}", Lines(.conflicts))]
    Conflicts {
        /// All that is in the way.
        conflicts: Vec<Conflict>,
    },
    /// Somebody else was applying migrations all the time. Nothing was done.
    #[error("somebody else was applying migrations for {waited:?}{}", Holder(.holder.as_ref()))]
    Locked {
        /// How long was waited.
        waited: Duration,
        /// Who held the lock last, if it could be found out.
        holder: Option<LockHolder>,
    },
    /// The server refused something that is done besides the files.
    #[error("{step} failed")]
    Database {
        /// What was being done.
        step: Step,
        /// Why it failed.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// The server did not answer.
    #[error("{step} did not end within {waited:?}")]
    NoAnswer {
        /// What was being done.
        step: Step,
        /// How long was waited.
        waited: Duration,
    },
    /// A row of the history was not written by refinery or by this crate.
    #[error("the history's row of version {version} has no {column} that can be read")]
    History {
        /// The row's version.
        version: i64,
        /// The column that cannot be read.
        column: &'static str,
    },
    /// Refinery's own checks refused a file that ours had let pass.
    #[error("refinery refused the file")]
    Refinery(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server refused a statement of a file. Nothing of this file stays.
    #[error(
        "{file}{}: the server refused a statement; nothing of this file was applied{}{}",
        .at.map(|at| format!(":{at}")).unwrap_or_default(), Before(.applied), hint(.source)
    )]
    Statement {
        /// The file's name.
        file: String,
        /// Where the server sees the mistake, or else where the statement begins. `None` if only the COMMIT failed, as
        /// with a constraint that is checked then.
        at: Option<Location>,
        /// The files that the same call applied before.
        applied: Vec<String>,
        /// What the server said.
        #[source]
        source: ServerError,
    },
    /// The file did not end in time. The server rolls it back as soon as it notices that nobody waits any more.
    #[error("{file} did not end within {waited:?} and is rolled back{}", Before(.applied))]
    TooSlow {
        /// The file's name.
        file: String,
        /// How long was waited.
        waited: Duration,
        /// The files that the same call applied before.
        applied: Vec<String>,
    },
    /// The session does not hold the lock although it took it: the file let go of it, or there is a pooler between that
    /// gives each transaction another session. Nothing of this file stays.
    #[error(
        "{file}: the lock is gone, so nothing of this file was applied{}; connect without a pooler in transaction \
         mode, and leave pg_advisory_unlock_all out", Before(.applied)
    )]
    LockLost {
        /// The file's name.
        file: String,
        /// The files that the same call applied before.
        applied: Vec<String>,
    },
    /// The file ended the transaction that it ran in, in a way that was not seen before. What it did until then stays,
    /// and there is no row in the history.
    #[error(
        "{file} ended its own transaction, so that parts of it may be there without being in the history{}",
        Before(.applied)
    )]
    TransactionEnded {
        /// The file's name.
        file: String,
        /// The files that the same call applied before.
        applied: Vec<String>,
    },
    /// The connection was lost during COMMIT. The next status says whether the file is applied.
    #[error(
        "{file}: the connection was lost during COMMIT; ask for the status to see whether it was applied{}",
        Before(.applied)
    )]
    OutcomeUnknown {
        /// The file's name.
        file: String,
        /// The files that the same call applied before.
        applied: Vec<String>,
        /// Why, if it is known.
        #[source]
        source: Option<pgkeel_connect::Error>,
    },
    /// Something besides its statements went wrong with a file: the connection was lost, the history could not be
    /// written. The server keeps nothing of this file.
    #[error("{file} was not applied{}", Before(.applied))]
    NotApplied {
        /// The file's name.
        file: String,
        /// The files that the same call applied before.
        applied: Vec<String>,
        /// What went wrong.
        #[source]
        source: Box<Error>,
    },
}

impl Error {
    /// The files that the call that failed had applied before; they stay applied.
    #[must_use]
    pub fn applied(&self) -> &[String] {
        match self {
            Self::Statement { applied, .. }
            | Self::TooSlow { applied, .. }
            | Self::LockLost { applied, .. }
            | Self::TransactionEnded { applied, .. }
            | Self::OutcomeUnknown { applied, .. }
            | Self::NotApplied { applied, .. } => applied,
            _ => &[],
        }
    }

    /// The file during which it went wrong, if it was during one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Statement { file, .. }
            | Self::TooSlow { file, .. }
            | Self::LockLost { file, .. }
            | Self::TransactionEnded { file, .. }
            | Self::OutcomeUnknown { file, .. }
            | Self::NotApplied { file, .. } => Some(file),
            _ => None,
        }
    }

    /// What the server said, if it was the server that refused.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Statement { source, .. } => Some(source),
            Self::Connect(source) | Self::Database { source, .. } => source.server(),
            Self::OutcomeUnknown { source, .. } => source.as_ref()?.server(),
            Self::NotApplied { source, .. } => source.server(),
            _ => None,
        }
    }

    /// Whether there is no connection: none could be opened, or it was lost.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        match self {
            Self::Connect(source) | Self::Database { source, .. } => source.is_disconnected(),
            Self::NotApplied { source, .. } => source.is_disconnected(),
            Self::OutcomeUnknown { .. } => true,
            _ => false,
        }
    }
}
