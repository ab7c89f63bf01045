//! The statements that were prepared on one session, kept for the next time.

use std::error::Error as _;
use std::sync::{Arc, OnceLock};

use pgkeel_connect::{Connection, Error, SqlClass};
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;

use crate::observe::{Figures, Table};
use crate::recent::Recent;
use crate::traces::may_leave_traces;

/// The most recently used ones, by their text. One that makes room is closed at the server.
#[derive(Debug)]
pub(crate) struct Statements(Recent<Arc<Prepared>>);

/// A statement with what is known of its text, which is looked through once and not at every run.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) statement: Statement,
    pub(crate) leaves_traces: bool,
    figures: OnceLock<Arc<Figures>>,
}

impl Prepared {
    /// Whether the server takes and gives the same types as with another one of the same text.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let columns = |prepared: &Self| {
            prepared.statement.columns().iter().map(|it| it.type_().clone()).collect::<Vec<_>>()
        };
        self.statement.params() == other.statement.params() && columns(self) == columns(other)
    }

    /// Where its runs are counted.
    pub(crate) fn figures(&self, table: &Table, sql: &str) -> &Figures {
        self.figures.get_or_init(|| table.figures(sql))
    }
}

impl Statements {
    /// Keeps at most so many; none are kept if that is zero.
    pub(crate) fn at_most(count: u32) -> Self {
        Self(Recent::at_most(count as usize))
    }

    /// The statement of this text, if it was prepared before.
    pub(crate) fn kept(&self, sql: &str) -> Option<Arc<Prepared>> {
        self.0.get(sql)
    }

    /// Whether it is kept.
    pub(crate) fn keeps(&self, sql: &str) -> bool {
        self.0.has(sql)
    }

    /// Prepares the statement of this text on this connection, and keeps it.
    pub(crate) async fn prepare(&self, sql: &str, connection: &Connection) -> Result<Arc<Prepared>, Error> {
        let statement = connection.prepare(sql).await?;
        let prepared = Prepared { statement, leaves_traces: may_leave_traces(sql), figures: OnceLock::new() };
        let prepared = Arc::new(prepared);
        self.0.put(sql, Arc::clone(&prepared));
        Ok(prepared)
    }

    /// Whether this error says that the kept statement does not fit its tables any more, or is gone: nothing was run, and
    /// preparing it anew mends that. It is forgotten.
    pub(crate) fn is_stale(&self, sql: &str, error: &Error) -> bool {
        let Some(server) = error.server() else { return false };
        // The codes alone (0A000, 26000) mean other things as well; pgjdbc looks at the same two routines.
        let stale = matches!(server.routine(), Some("RevalidateCachedQuery" | "FetchPreparedStatement"));
        stale && self.0.forget(sql)
    }

    /// Whether the driver could not make the parameters into the types that a statement had when it was prepared, for a run
    /// before this one: they may have changed since. It is forgotten.
    pub(crate) fn is_outgrown(&self, sql: &str, error: &Error) -> bool {
        refuses_parameter(error) && self.0.forget_if_used(sql)
    }

    /// Whether the server refused what a statement means that had been prepared for a run before this one: a column may have
    /// another type by now. It is forgotten.
    pub(crate) fn is_overtaken(&self, sql: &str, error: &Error) -> bool {
        is_of_meaning(error) && self.0.forget_if_used(sql)
    }
}

/// Whether the server may have refused the statement as it does not make sense with the types that its parameters had when it
/// was prepared: with those of today it may.
pub(crate) fn is_of_meaning(error: &Error) -> bool {
    let refuses = |code: &SqlState| *code != SqlState::INSUFFICIENT_PRIVILEGE;
    error.server().is_some_and(|server| server.class() == SqlClass::SyntaxOrAccess && refuses(server.code()))
}

/// Whether the driver could not make a parameter into what the statement takes, so that nothing was sent. Of the errors that
/// it has in running what is prepared no other has a source.
pub(crate) fn refuses_parameter(error: &Error) -> bool {
    matches!(error, Error::Driver(refused) if refused.source().is_some())
}
