use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::core::Core;
use crate::held::Held;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::query::{Query, Site};
use crate::traces::first_word;
use crate::{Error, Pool, acquire};

/// Few sessions that many tasks read over at the same time, statement behind statement: under load more reads a second than
/// with a session for each of them. Cheap to clone; all clones share the same sessions.
///
/// A session is taken from the pool when the first task needs it and given back with the last, so nothing is held while
/// nobody reads. For short statements that read: each waits for those that were sent before it on its session, a slow one
/// holds up all behind it, and each is a transaction of its own. What does not begin as a read (`select`, `with`,
/// `values`, `table`, `show`, `explain`) is refused; that a function writes cannot be seen.
#[derive(Debug, Clone)]
pub struct SharedReads {
    pool: Pool,
    lanes: Arc<[Lane]>,
}

#[derive(Debug, Default)]
struct Lane {
    session: Mutex<Weak<Held>>,
    /// How many tasks read over it, or are about to.
    readers: AtomicU32,
    /// Held by the one who gets a session for it.
    turn: tokio::sync::Mutex<()>,
}

const READS: [&str; 6] = ["select", "with", "values", "table", "show", "explain"];

impl Pool {
    /// Reads over so many sessions at most, at least one, each shared by several tasks.
    #[must_use]
    pub fn shared_reads(&self, sessions: u32) -> SharedReads {
        let lanes = (0..sessions.max(1)).map(|_| Lane::default()).collect();
        SharedReads { pool: self.clone(), lanes }
    }
}

impl SharedReads {
    /// The lane with the fewest readers, one more now.
    fn lane(&self) -> Reader<'_> {
        let quietest = self.lanes.iter().min_by_key(|lane| lane.readers.load(Ordering::Relaxed));
        let lane = quietest.expect("there is at least one");
        lane.readers.fetch_add(1, Ordering::Relaxed);
        Reader(lane)
    }

    pub(crate) async fn run<T: Outcome>(&self, query: Query<'_>) -> Result<T, Error> {
        reads(query.sql)?;
        let reader = self.lane();
        self.session(reader.0, query.site).await?.run(query).await
    }

    pub(crate) async fn run_text(&self, query: Query<'_>) -> Result<(), Error> {
        reads(query.sql)?;
        let reader = self.lane();
        self.session(reader.0, query.site).await?.run_text(query).await
    }

    async fn session(&self, lane: &Lane, site: Site) -> Result<Arc<Held>, Error> {
        let core = &self.pool.core;
        if let Some(held) = lane.current(core) {
            return Ok(held);
        }
        // Who has waited as long as a session may take goes for one of their own.
        let turn = tokio::time::timeout(core.config.load().timeout(), lane.turn.lock()).await;
        if let Some(held) = lane.current(core) {
            return Ok(held);
        }
        let held = Arc::new(acquire::acquire(core, site).await?);
        held.slot().entry.end_loan(); // Many use it, one after the other: that is not held for long.
        if turn.is_ok() {
            *lane.session.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&held);
        }
        Ok(held)
    }
}

impl Lane {
    /// The session that others read over, if it is still good. One that is not goes back with its last reader.
    fn current(&self, core: &Core) -> Option<Arc<Held>> {
        let held = self.session.lock().unwrap_or_else(PoisonError::into_inner).upgrade()?;
        let slot = held.slot();
        let good = core.is_open()
            && slot.is_valid(core.generation())
            && !slot.connection.is_closed()
            && !slot.is_expired(Moment::now());
        good.then_some(held)
    }
}

/// Counts for as long as it is there.
struct Reader<'a>(&'a Lane);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether each of the statements begins as a read. A `;` in a text may have it refused, never let through.
fn reads(sql: &str) -> Result<(), Error> {
    let is_read = |statement: &str| {
        let first = first_word(statement);
        READS.iter().any(|word| first.eq_ignore_ascii_case(word))
    };
    let mut parts = sql.split(';').filter(|part| !part.trim().is_empty());
    if parts.all(is_read) { Ok(()) } else { Err(Error::NotARead) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_as_a_read_is_let_through() {
        for sql in ["select 1", " -- x\nWITH a as (select 1) select 1", "values (1)", "select 1; show all;"] {
            assert!(reads(sql).is_ok(), "{sql}");
        }
        for sql in
            ["begin", "set a = 1", "select 1; begin", "insert into t values (1)", "listen c", "do $$ $$"]
        {
            assert!(matches!(reads(sql), Err(Error::NotARead)), "{sql}");
        }
    }
}
