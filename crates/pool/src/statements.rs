//! The statements that were prepared on one session, kept for the next time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use pgkeel_connect::{Connection, Error};
use tokio_postgres::Statement;

use crate::traces::may_leave_traces;

/// The most recently used ones, by their text. One that makes room is closed at the server.
#[derive(Debug)]
pub(crate) struct Statements {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_text: HashMap<Box<str>, Used>,
    /// How often one was asked for so far.
    clock: u64,
}

#[derive(Debug)]
struct Used {
    prepared: Prepared,
    /// The clock when it was asked for last.
    at: u64,
}

/// A statement with what is known of its text, which is looked through once and not at every run.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) statement: Statement,
    pub(crate) leaves_traces: bool,
}

impl Kept {
    fn get(&mut self, sql: &str) -> Option<Prepared> {
        self.clock += 1;
        let used = self.by_text.get_mut(sql)?;
        used.at = self.clock;
        Some(used.prepared.clone())
    }

    /// Finding the one that makes room takes a look at all: next to nothing beside the round trip that each new one has
    /// just cost, while all others are spared the upkeep of an order.
    fn put(&mut self, sql: &str, prepared: Prepared, most: usize) {
        if self.by_text.len() >= most {
            let oldest = self.by_text.iter().min_by_key(|(_, used)| used.at);
            let Some(oldest) = oldest.map(|(text, _)| text.clone()) else { return };
            self.by_text.remove(&oldest);
        }
        self.by_text.insert(sql.into(), Used { prepared, at: self.clock });
    }
}

impl Statements {
    /// Keeps at most so many; none are kept if that is zero.
    pub(crate) fn at_most(count: u32) -> Self {
        Self { most: count as usize, kept: Mutex::default() }
    }

    /// The statement of this text, if it was prepared before.
    pub(crate) fn kept(&self, sql: &str) -> Option<Prepared> {
        self.lock().get(sql)
    }

    /// Prepares the statement of this text on this connection, and keeps it.
    pub(crate) async fn prepare(&self, sql: &str, connection: &Connection) -> Result<Prepared, Error> {
        let statement = connection.prepare(sql).await?;
        let prepared = Prepared { statement, leaves_traces: may_leave_traces(sql) };
        self.lock().put(sql, prepared.clone(), self.most);
        Ok(prepared)
    }

    /// Whether this error says that the kept statement does not fit its tables any more, or is gone: nothing was run, and
    /// preparing it anew mends that. It is forgotten.
    pub(crate) fn is_stale(&self, sql: &str, error: &Error) -> bool {
        let Some(server) = error.server() else { return false };
        // The codes alone (0A000, 26000) mean other things as well; pgjdbc looks at the same two routines.
        let stale = matches!(server.routine(), Some("RevalidateCachedQuery" | "FetchPreparedStatement"));
        stale && self.lock().by_text.remove(sql).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
