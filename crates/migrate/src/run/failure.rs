use std::fmt;
use std::time::Duration;

use pgkeel_connect::ServerError;
use tokio_postgres::error::SqlState;

use super::retry;
use crate::wording::{Before, hint};
use crate::{Backfilled, Blocker, CodeError, Direction, Error, Location};

/// Why one file was not applied or not reverted.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileError {
    /// The file's name; if what went wrong is in the file that verifies it, the name of that.
    pub file: String,
    /// Which way it was going.
    pub direction: Direction,
    /// Where the server sees the mistake, or else where the statement begins. `None` if it is about the file as a whole,
    /// such as a constraint that is checked at its COMMIT.
    pub at: Option<Location>,
    /// What went wrong.
    pub reason: Reason,
    /// What of the file stays.
    pub stays: Stays,
    /// How often it was tried.
    pub attempts: u32,
    /// Who had locked what it waited for when it was last looked, if that was seen.
    pub blockers: Vec<Blocker>,
    /// The files that the same call ran before; they stay applied, or reverted.
    pub before: Vec<String>,
}

/// What of a file stays that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stays {
    /// Nothing.
    Nothing,
    /// Its first statements. The next call goes on behind them.
    Statements {
        /// How many.
        done: usize,
        /// How many it has.
        of: usize,
    },
    /// The batches of a backfill that this call has run. The next call goes on with the rest.
    Batches(Backfilled),
    /// That is not known; the reason says more.
    Unknown,
}

/// What went wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The server refused a statement, or the COMMIT.
    #[error("the server refused a statement")]
    Refused(#[source] ServerError),
    /// It lacks something, and so do other repeatables that were tried since: either some of them need each other, or
    /// nothing makes what they need.
    #[error(
        "it lacks something that the other repeatables that are due do not make either, unless they need each other: {}",
        .others.join("; ")
    )]
    Lacking {
        /// What the server said.
        #[source]
        source: ServerError,
        /// The other files that lack something, each with what the server said.
        others: Vec<String>,
    },
    /// A query that the file gives as `precheck` did not answer `true`.
    #[error("the precheck does not hold: {query}")]
    Precheck {
        /// The query.
        query: String,
    },
    /// The function of a migration that is code gave up.
    #[error("its code gave up")]
    Code(#[source] CodeError),
    /// What the file beside it, `….verify.sql`, says has to be so behind it is not so.
    #[error("what has to hold behind it does not, as this query answers {answer}")]
    Unverified {
        /// What it answers: `false`, `zero`, `null` or `no row`.
        answer: &'static str,
    },
    /// [`Stop`](crate::Stop) was asked for.
    #[error("it was stopped")]
    Stopped,
    /// The server did not say in time that the file has ended. It ends it as soon as it notices that nobody waits any
    /// more.
    #[error("it did not end within {waited:?}")]
    TooSlow {
        /// How long was waited.
        waited: Duration,
    },
    /// The session does not hold the lock although it took it: the file let go of it, or there is a pooler in between
    /// that gives each transaction another session.
    #[error(
        "the lock is gone; connect without a pooler in transaction mode, and leave pg_advisory_unlock_all out"
    )]
    LockLost,
    /// The file ended the transaction that it ran in, in a way that was not seen before. What it did until then stays,
    /// and there is no row in the history.
    #[error("it ended its own transaction, so that parts of it may be there without being in the history")]
    TransactionEnded,
    /// The connection was lost during COMMIT. The next status says what became of it.
    #[error("the connection was lost during COMMIT; ask for the status to see what became of it")]
    OutcomeUnknown(#[source] Option<pgkeel_connect::Error>),
    /// There is an index of this name that is another one.
    #[error(
        "there is an index {index} already, and it is not the one that this statement builds; drop or rename it"
    )]
    IndexDiffers {
        /// The index, with its schema.
        index: String,
    },
    /// The index was built and is not valid.
    #[error("the index {index} is there but not valid; the next call builds it again")]
    IndexInvalid {
        /// The index, with its schema.
        index: String,
    },
    /// Somebody is building the index right now.
    #[error("the index {index} is being built by process {pid}; try again when that has ended")]
    IndexInUse {
        /// The index, with its schema.
        index: String,
        /// The process id of the session that builds it.
        pid: i32,
    },
    /// The statement of a backfill has changed rows in so many batches that it is taken for one that never ends.
    #[error(
        "it still changes rows after {batches} batches, so that it may never end: its WHERE has to leave out what is done; if \
         more are right, write max_batches=… behind backfill"
    )]
    Unending {
        /// How many.
        batches: u64,
    },
    /// Something besides its statements went wrong: the connection was lost, the history could not be written.
    #[error("something besides its statements went wrong")]
    Besides(#[source] Box<Error>),
}

impl Reason {
    /// What the server said, if it was the server that refused.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Refused(source) | Self::Lacking { source, .. } => Some(source),
            Self::OutcomeUnknown(source) => source.as_ref()?.server(),
            Self::Besides(source) => source.server(),
            _ => None,
        }
    }

    /// Whether the server is still busy or gone, so that nothing more can be said to it.
    pub(crate) fn is_without_answer(&self) -> bool {
        match self {
            Self::TooSlow { .. } | Self::OutcomeUnknown(_) => true,
            Self::Besides(error) => error.is_disconnected() || matches!(**error, Error::NoAnswer { .. }),
            _ => false,
        }
    }

    /// Whether the same may go well another time, and nothing of it stays.
    pub(crate) fn is_worth_retrying(&self) -> bool {
        matches!(self, Self::Refused(source) if retry::is_worth_it(source.code()))
    }

    /// Whether somebody had the server cancel it.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.server().is_some_and(|source| *source.code() == SqlState::QUERY_CANCELED)
    }

    /// Whether the server refused it because it cannot run in a transaction.
    pub(crate) fn needs_no_transaction(&self) -> bool {
        let codes = [SqlState::ACTIVE_SQL_TRANSACTION, SqlState::INVALID_TRANSACTION_TERMINATION];
        matches!(self, Self::Refused(source) if codes.contains(source.code()))
    }
}

/// What went wrong and where, before it is known what else there is to say.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Which file, if it is not the one that was to be run.
    pub(crate) file: Option<String>,
    pub(crate) at: Option<Location>,
    pub(crate) reason: Reason,
}

impl Failure {
    pub(crate) fn at(self, at: Location) -> Self {
        Self { at: self.at.or(Some(at)), ..self }
    }

    pub(crate) fn in_file(self, file: &str) -> Self {
        Self { file: Some(file.to_owned()), ..self }
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self { file: None, at: None, reason }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Reason::Besides(Box::new(error)).into()
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.map(|at| format!(":{at}")).unwrap_or_default();
        write!(f, "{}{at}: {}", self.file, self.reason)?;
        let done = self.direction.participle();
        match self.stays {
            Stays::Nothing => write!(f, "; nothing of this file was {done}")?,
            Stays::Statements { done, of } if done == of => {
                f.write_str("; all of its statements stay, and the next call goes on behind them")?;
            }
            Stays::Statements { done, of } => write!(
                f,
                "; {done} of its {of} statements stay, and the next call goes on with the {}",
                Ordinal(done + 1)
            )?,
            Stays::Batches(Backfilled { rows: 0, .. }) => {
                write!(f, "; no row was changed, and the next call goes on with it")?;
            }
            Stays::Batches(Backfilled { rows, batches, .. }) => write!(
                f,
                "; {rows} rows in {} stay, and the next call goes on with the rest",
                Counted(batches, "batch", "batches")
            )?,
            Stays::Unknown => {}
        }
        if self.attempts > 1 {
            write!(f, "; it was tried {} times", self.attempts)?;
        }
        if let Some(blocker) = self.blockers.first() {
            write!(f, "; what it needs is locked by {blocker}")?;
        }
        write!(f, "{}{}", Before(&self.before), hint(&self.reason))
    }
}

struct Counted(u64, &'static str, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, one, many) = self;
        write!(f, "{number} {}", if *number == 1 { one } else { many })
    }
}

struct Ordinal(usize);

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match (self.0 % 10, self.0 % 100) {
            (1, last) if last != 11 => "st",
            (2, last) if last != 12 => "nd",
            (3, last) if last != 13 => "rd",
            _ => "th",
        };
        write!(f, "{}{end}", self.0)
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.reason)
    }
}
