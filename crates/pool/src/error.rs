use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pgkeel_connect::{DatabaseError, ServerError, SqlClass};
use tokio_postgres::error::SqlState;

use crate::{PoolStats, Step};

/// What went wrong with a session or a transaction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No session in time. Many in use: raise `pool.size`, or look for sessions held too long. Connecting: look at the
    /// database and the network. Waiting longer is `pool.timeout`.
    #[error("no session within {waited:?}: {step} did not end ({stats})")]
    AcquireTimeout {
        /// What was waited for last.
        step: Step,
        /// How long in all.
        waited: Duration,
        /// The pool at that moment.
        stats: Box<PoolStats>,
        /// Why connecting failed the last time that it did, if it ever did: perhaps a while ago.
        #[source]
        source: Option<Arc<pgkeel_connect::Error>>,
    },
    /// So many callers wait already that this one would only make it worse. `pool.max_waiting` is the bound.
    #[error("{waiting} callers wait for a session already ({stats})")]
    Overloaded {
        /// How many wait.
        waiting: u32,
        /// The pool at that moment.
        stats: Box<PoolStats>,
    },
    /// The pool was closed.
    #[error("the pool is closed")]
    Closed,
    /// No session is free, and opening one keeps failing: callers are told so at once until it works again.
    #[error("the pool could not connect, {failures} times in a row; it tries again in {} ms", .retry_after.as_millis())]
    Connect {
        /// Failures since it last worked.
        failures: u32,
        /// When another caller's need makes the pool try again.
        retry_after: Duration,
        /// Why it failed the last time.
        #[source]
        source: Arc<pgkeel_connect::Error>,
    },
    /// A statement failed.
    #[error(transparent)]
    Statement(#[from] pgkeel_connect::Error),
    /// COMMIT was asked for, but a statement had failed before it and the error was passed over: everything was rolled
    /// back.
    #[error("nothing was committed: a statement of the transaction had failed before")]
    Aborted {
        /// The first statement's error, if this crate saw it.
        #[source]
        first: Option<ServerError>,
    },
    /// COMMIT was asked for, but the transaction was already over: a statement had ended it by itself.
    #[error(
        "the transaction was ended by a statement of its own; end it with commit() or rollback() instead"
    )]
    NotInTransaction,
    /// BEGIN was refused, and the statement that had been sent with it may have been run by itself, outside of any
    /// transaction.
    #[error("the transaction could not be begun; its first statement may have been run without it")]
    NotBegun {
        /// Why.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// The connection was lost while the server was committing, and it is certain that nothing was committed.
    #[error("the connection was lost during commit, and nothing was committed")]
    NotCommitted {
        /// The transaction's number at the server. `None` if it had written nothing.
        xid: Option<u64>,
        /// How the connection was lost.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// The connection was lost while the server was committing; whether it did is not known. Ask for what should be
    /// there, or `select pg_xact_status('<xid>')` on the same server; [`TxOptions::resolve_commit`](crate::TxOptions)
    /// has the pool do that.
    #[error("the connection was lost during commit; whether anything was committed is not known{}", Numbered(*.xid))]
    CommitUnknown {
        /// The transaction's number at the server, if it was asked for.
        xid: Option<u64>,
        /// How the connection was lost.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// What was to be tried again until it works did not work within its limits. It has had no effect.
    #[error("given up after {attempts} attempts in {} ms: {limit}", .elapsed.as_millis())]
    RetriesExhausted {
        /// How often it was tried.
        attempts: u32,
        /// How long that took.
        elapsed: Duration,
        /// Which limit was reached.
        limit: RetryLimit,
        /// Why the last attempt failed. `None` if the deadline came before anything failed.
        #[source]
        source: Option<Box<Error>>,
    },
    /// A transaction was to begin on a session that is in one already.
    #[error("the session is in a transaction already; end it first, or open a savepoint in it")]
    AlreadyInTransaction,
    /// A transaction was used while a savepoint is open in it. A commit has rolled everything back instead.
    #[error("a savepoint is open in this transaction; end it before the transaction around it is used")]
    SavepointOpen,
    /// A savepoint was to be opened while a statement runs in the transaction.
    #[error("a statement is still running in this transaction; await it before a savepoint is opened")]
    StatementRunning,
    /// The transaction, or one around it, has ended.
    #[error("the transaction has ended")]
    TxClosed,
    /// The statement would change a server session, which is everybody's behind a pooler in transaction mode.
    #[error("`{what}` would change a server session that others use as well; {instead}")]
    SessionState {
        /// What in the statement would.
        what: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// What was asked for holds on to one server session, and a pooler in transaction mode lends it for a transaction.
    #[error(
        "{what} needs a server session of its own, which a pooler in transaction mode does not give; connect directly"
    )]
    NeedsSession {
        /// What was asked for.
        what: &'static str,
    },
    /// The statement may have been carried out, and what it gave cannot be read, as the driver did not get to know the types
    /// of its columns. Of a [typed statement](crate::Executor#typed-statements) it asks for them afterwards. Behind a pooler
    /// in transaction mode they were changed since it was run last; from the next run on it gives the new ones.
    #[error(
        "the statement may have been carried out, but its rows cannot be read, as their types are not known"
    )]
    RowsUnreadable {
        /// What came of asking for the types.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// The transaction's closure ended while another task was still running a statement in it: it was rolled back.
    #[error("a statement was still running when its transaction was to end; it was rolled back")]
    StatementInFlight,
    /// A statement of a batch failed. In a transaction nothing of the batch is kept; else the others are not touched by it.
    #[error("statement {index} of the batch failed")]
    InBatch {
        /// Which statement, from 0.
        index: usize,
        /// How it failed.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// A statement of a batch that is a transaction begins or ends one itself. Nothing was run.
    #[error("statement {index} of the batch begins or ends a transaction, which the batch does by itself")]
    TransactionControl {
        /// Which statement, from 0.
        index: usize,
    },
    /// Over shared sessions only reads are run.
    #[error("over shared sessions only reads are run; take a session or a transaction for anything else")]
    NotARead,
    /// A row of a copy was not as its table wants it. The copy was given up, and nothing of it was stored.
    #[error("row {row} of the copy has {found} values for {expected} columns")]
    CopyColumns {
        /// Which row, from 1.
        row: u64,
        /// How many columns are copied.
        expected: usize,
        /// How many values the row had.
        found: usize,
    },
    /// A value of a copy does not fit its column, and was not sent. The copy was given up, and nothing of it was stored.
    #[error("row {row} of the copy does not fit its column {column:?}")]
    CopyValue {
        /// Which row, from 1.
        row: u64,
        /// Which column.
        column: String,
        /// What does not fit.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server refused a copy; nothing of it was stored.
    #[error("the server refused the copy{}", Place(row.as_ref(), column.as_deref()))]
    CopyRefused {
        /// Which row, from 1, if the server said.
        row: Option<u64>,
        /// Which column, if the server said.
        column: Option<String>,
        /// What it said.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// What the server copied out is not what was asked for.
    #[error("the copy cannot be read")]
    CopyUnreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A copy was used after an error had ended it; nothing of it was stored.
    #[error("the copy has ended with an error before; nothing of it was stored")]
    CopyOver,
}

struct Place<'a>(Option<&'a u64>, Option<&'a str>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(row) = self.0 {
            write!(f, " at row {row}")?;
        }
        self.1.map_or(Ok(()), |column| write!(f, ", column {column:?}"))
    }
}

/// What ended the attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryLimit {
    /// [`RetryPolicy::attempts`](crate::RetryPolicy::attempts).
    Attempts,
    /// [`RetryPolicy::deadline`](crate::RetryPolicy::deadline), reached or nearer than the next attempt.
    Deadline,
    /// The pool's retry budget: so much is being run again that more would only add to the load.
    Budget,
}

impl fmt::Display for RetryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attempts => "more attempts are not allowed",
            Self::Deadline => "its deadline has come",
            Self::Budget => "the pool's retry budget is used up, as too much fails; try again later",
        })
    }
}

struct Numbered(Option<u64>);

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |xid| write!(f, " (transaction {xid})"))
    }
}

impl Error {
    /// What the server said, if it was the server that refused.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Connect { source, .. } => source.server(),
            Self::Statement(source)
            | Self::NotBegun { source }
            | Self::NotCommitted { source, .. }
            | Self::CommitUnknown { source, .. }
            | Self::InBatch { source, .. }
            | Self::RowsUnreadable { source }
            | Self::CopyRefused { source, .. } => source.server(),
            Self::RetriesExhausted { source, .. } => source.as_ref()?.server(),
            Self::Aborted { first } => first.as_ref(),
            Self::AcquireTimeout { .. }
            | Self::Overloaded { .. }
            | Self::Closed
            | Self::NotInTransaction
            | Self::AlreadyInTransaction
            | Self::SavepointOpen
            | Self::StatementRunning
            | Self::TxClosed
            | Self::SessionState { .. }
            | Self::NeedsSession { .. }
            | Self::StatementInFlight
            | Self::TransactionControl { .. }
            | Self::NotARead
            | Self::CopyColumns { .. }
            | Self::CopyValue { .. }
            | Self::CopyUnreadable(_)
            | Self::CopyOver => None,
        }
    }

    /// The SQLSTATE, if the server gave one.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        self.server().map(ServerError::code)
    }

    /// The class of the SQLSTATE, if the server gave one.
    #[must_use]
    pub fn class(&self) -> Option<SqlClass> {
        self.server().map(ServerError::class)
    }

    /// The constraint that was violated.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.server().and_then(ServerError::constraint)
    }

    /// Whether running the whole transaction again can succeed and cannot apply it twice: it has certainly had no effect,
    /// and the cause may pass. Of a batch without a transaction around it: whether running that statement again can.
    #[must_use]
    pub fn is_safe_to_retry(&self) -> bool {
        match self {
            Self::AcquireTimeout { .. }
            | Self::Overloaded { .. }
            | Self::NotCommitted { .. }
            | Self::RetriesExhausted { .. } => true,
            Self::Connect { source, .. } => source.is_safe_to_retry(),
            Self::Statement(error)
            | Self::InBatch { source: error, .. }
            | Self::CopyRefused { source: error, .. } => error.is_safe_to_retry(),
            Self::Aborted { first } => {
                first.as_ref().is_some_and(|first| pgkeel_connect::rolls_back_cleanly(first.code()))
            }
            Self::Closed
            | Self::NotInTransaction
            | Self::AlreadyInTransaction
            | Self::SavepointOpen
            | Self::StatementRunning
            | Self::CommitUnknown { .. }
            | Self::NotBegun { .. }
            | Self::RowsUnreadable { .. }
            | Self::TxClosed
            | Self::SessionState { .. }
            | Self::NeedsSession { .. }
            | Self::StatementInFlight
            | Self::TransactionControl { .. }
            | Self::NotARead
            | Self::CopyColumns { .. }
            | Self::CopyValue { .. }
            | Self::CopyUnreadable(_)
            | Self::CopyOver => false,
        }
    }
}

impl DatabaseError for Error {
    fn server(&self) -> Option<&ServerError> {
        self.server()
    }

    fn is_safe_to_retry(&self) -> bool {
        self.is_safe_to_retry()
    }

    fn row_count(&self) -> Option<(&'static str, usize)> {
        match self {
            Self::Statement(error) => error.row_count(),
            _ => None,
        }
    }
}
