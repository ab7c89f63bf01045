//! A session in somebody's hands, and what happens when it comes back.

use std::time::{Duration, Instant};

use deadpool::managed::Object;
use pgkeel_connect::{Connection, Executor as _, TransactionStatus};
use tokio::runtime::Handle;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::Error;
use crate::counts::State;
use crate::slot::{Slot, SlotManager};
use crate::stats::Totals;

/// How long a session that came back dirty has to become clean before it is closed.
const RESET_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an answer to a statement of the pool's own (BEGIN, SAVEPOINT, COMMIT, ROLLBACK) is waited for. Long, as a
/// commit may have to wait for a standby.
const CONTROL_TIMEOUT: Duration = Duration::from_mins(1);

fn silence(what: &str) -> pgkeel_connect::Error {
    pgkeel_connect::Error::Unanswered { what: what.to_owned(), waited: CONTROL_TIMEOUT }
}

fn unanswered(sql: &str) -> Error {
    Error::Statement(silence(sql))
}

/// A slot on its way: dropping it returns the session, cleaned first if it has to be.
#[derive(Debug)]
pub(crate) struct Held {
    slot: Option<Object<SlotManager>>,
}

impl Held {
    pub(crate) fn new(slot: Object<SlotManager>) -> Self {
        Self { slot: Some(slot) }
    }

    pub(crate) fn slot(&self) -> &Slot {
        self.slot.as_ref().expect("a session is held until it is dropped")
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.slot().connection
    }

    /// Runs a statement, and notes when it does not come to a good end: it failed, or its future was dropped.
    async fn watched<T>(
        &self,
        sql: &str,
        statement: impl Future<Output = Result<T, pgkeel_connect::Error>>,
    ) -> Result<T, Error> {
        let unsettle = OnDrop(Some(self.slot()));
        let start = Instant::now();
        let done = statement.await;
        self.slot().ran(sql, start.elapsed(), done.is_err());
        if done.is_ok() {
            unsettle.cancel();
        }
        Ok(done?)
    }

    /// Runs a statement of the pool's own, such as COMMIT, which is not waited for without a bound.
    pub(crate) async fn control(&self, sql: &str) -> Result<(), Error> {
        let answered = tokio::time::timeout(CONTROL_TIMEOUT, self.batch_execute(sql)).await;
        answered.unwrap_or_else(|_| Err(unanswered(sql)))
    }

    /// The exact transaction status.
    pub(crate) async fn settled_status(&self) -> Result<TransactionStatus, Error> {
        let settled = tokio::time::timeout(CONTROL_TIMEOUT, self.slot().settled_status()).await;
        settled.unwrap_or_else(|_| Err(silence("the state of the session"))).map_err(Error::Statement)
    }

    pub(crate) async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.watched(sql, self.connection().query(sql, params)).await
    }

    pub(crate) async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        self.watched(sql, self.connection().execute(sql, params)).await
    }

    pub(crate) async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.watched(sql, self.connection().batch_execute(sql)).await
    }
}

/// Until the statement has come to a good end, dropping this notes that it has not.
struct OnDrop<'a>(Option<&'a Slot>);

impl OnDrop<'_> {
    fn cancel(mut self) {
        self.0 = None;
    }
}

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.0 {
            slot.unsettle();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(slot) = self.slot.take() else { return };
        if slot.is_clean() {
            return give_back(slot);
        }
        let is_closed = slot.connection.is_closed();
        let mut dirty = Dirty(Some(slot));
        if is_closed {
            dirty.count_as_lost();
        } else if let Ok(runtime) = Handle::try_current() {
            dirty.slot().place.move_to(State::Resetting);
            runtime.spawn(reset(dirty));
        } // Else it is closed: outside a runtime nobody could wait for it to become clean.
    }
}

/// Back to those that are free, unless enough are.
fn give_back(mut slot: Object<SlotManager>) {
    let Some(pool) = Object::pool(&slot) else { return close(slot) };
    let manager = pool.manager();
    if pool.is_closed() {
        close(slot);
    } else if slot.is_too_old(manager.config.recycle()) {
        manager.totals.recycled.add_one();
        close(slot);
    } else if slot.rest_unless(manager.config.size()) {
        drop(slot);
    } else {
        manager.totals.overflow_closed.add_one();
        close(slot);
    }
}

/// Out of the pool: dropping the connection tells the server good-bye, which rolls back what is open.
fn close(mut slot: Object<SlotManager>) {
    // Out of the counts first: with its slot free, another session may be opened at once.
    slot.place.leave();
    drop(Object::take(slot));
}

/// A slot that nobody may have as it is: dropped, it is closed, even by a runtime that shuts down.
struct Dirty(Option<Object<SlotManager>>);

impl Dirty {
    fn slot(&mut self) -> &mut Slot {
        self.0.as_mut().expect("taken out only at the end")
    }

    fn totals<T>(&self, note: impl FnOnce(&Totals) -> T) {
        if let Some(pool) = self.0.as_ref().and_then(Object::pool) {
            note(&pool.manager().totals);
        }
    }

    fn count_as_lost(&self) {
        self.totals(|totals| totals.lost.add_one());
    }

    fn into_pool(mut self) {
        if let Some(slot) = self.0.take() {
            give_back(slot);
        }
    }
}

impl Drop for Dirty {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            close(slot);
        }
    }
}

/// Ends what the last user left open, or closes the session.
async fn reset(mut dirty: Dirty) {
    let slot = dirty.slot();
    let clean = async {
        let left_open = slot.settled_status().await? != TransactionStatus::Idle;
        if left_open {
            slot.connection.batch_execute("ROLLBACK").await?;
        }
        Ok::<_, pgkeel_connect::Error>((left_open, slot.connection.transaction_status()))
    };
    match tokio::time::timeout(RESET_TIMEOUT, clean).await {
        Ok(Ok((left_open, TransactionStatus::Idle))) => {
            if left_open {
                dirty.totals(|totals| totals.dirty.add_one());
            }
            dirty.into_pool();
        }
        Ok(Err(error)) if error.is_disconnected() => dirty.count_as_lost(),
        outcome => {
            tracing::debug!(?outcome, "a session that came back dirty is closed");
            dirty.totals(|totals| {
                totals.dirty.add_one();
                totals.dirty_closed.add_one();
            });
        }
    }
}
