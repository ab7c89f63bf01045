//! A session in somebody's hands, and what happens when it comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pgkeel_connect::{Connection, Executor as _, TransactionStatus};
use tokio::runtime::Handle;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::core::{Core, Object};
use crate::counts::State;
use crate::slot::Slot;
use crate::{Error, upkeep};

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
    object: Option<Object>,
    core: Arc<Core>,
}

impl Held {
    pub(crate) fn new(object: Object, core: Arc<Core>) -> Self {
        Self { object: Some(object), core }
    }

    pub(crate) fn slot(&self) -> &Slot {
        self.object.as_ref().expect("a session is held until it is dropped")
    }

    /// Its server does not answer, or is gone: others may have lost theirs as well.
    pub(crate) fn lost(mut self) {
        if let Some(object) = self.object.take() {
            lose(&self.core, object);
        }
    }

    /// Has it closed at its return.
    pub(crate) fn invalidate(&self) {
        self.slot().invalidate();
    }

    /// The connection, out of the pool.
    pub(crate) fn detach(mut self) -> Connection {
        let object = self.object.take().expect("a session is held until it is dropped");
        Object::take(object).connection
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
        let took = start.elapsed();
        if self.core.config.load().slow_query_threshold().is_some_and(|threshold| took >= threshold) {
            self.core.slow.keep(sql, took, self.slot().waited, done.is_err());
        }
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
        let Some(mut object) = self.object.take() else { return };
        object.entry.end_loan();
        self.core.times.held.record(object.taken.elapsed());
        let is_wanted_back = self.core.config.load().hooks().after_release.is_some();
        if object.is_clean() && !is_wanted_back {
            self.core.put_back(object);
        } else if object.connection.is_closed() {
            lose(&self.core, object);
        } else if let Ok(runtime) = Handle::try_current() {
            object.place.move_to(State::Resetting);
            runtime.spawn(reset(Dirty { object: Some(object), core: Arc::clone(&self.core) }));
        } else {
            // Outside of a runtime nobody could wait for it to become clean.
            self.core.close(object);
        }
    }
}

fn lose(core: &Arc<Core>, object: Object) {
    core.kill(object);
    if Handle::try_current().is_ok() {
        upkeep::suspect_all(core);
    }
}

/// A session that nobody may have as it is: dropped, it is closed, even by a runtime that shuts down.
struct Dirty {
    object: Option<Object>,
    core: Arc<Core>,
}

impl Dirty {
    fn slot(&self) -> &Slot {
        self.object.as_ref().expect("taken out only at the end")
    }

    fn into_pool(mut self) {
        if let Some(object) = self.object.take() {
            self.core.put_back(object);
        }
    }

    fn lost(mut self) {
        if let Some(object) = self.object.take() {
            lose(&self.core, object);
        }
    }
}

impl Drop for Dirty {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            self.core.close(object);
        }
    }
}

/// Ends what the last user left open, or closes the session.
async fn reset(dirty: Dirty) {
    let slot = dirty.slot();
    let clean = async {
        let left_open = slot.settled_status().await? != TransactionStatus::Idle;
        if left_open {
            slot.connection.batch_execute("ROLLBACK").await?;
        }
        if let Some(hook) = &dirty.core.config.load_full().hooks().after_release {
            hook(&slot.connection).await?;
        }
        Ok::<_, pgkeel_connect::Error>((left_open, slot.connection.transaction_status()))
    };
    let begun = Instant::now();
    let cleaned = tokio::time::timeout(RESET_TIMEOUT, clean).await;
    dirty.core.times.reset.record(begun.elapsed());
    let totals = &dirty.core.totals;
    match cleaned {
        Ok(Ok((left_open, TransactionStatus::Idle))) => {
            if left_open {
                totals.dirty.add_one();
            }
            dirty.into_pool();
        }
        Ok(Err(error)) if error.is_disconnected() => dirty.lost(),
        outcome => {
            tracing::debug!(?outcome, "a session that came back dirty is closed");
            totals.dirty.add_one();
            totals.dirty_closed.add_one();
        }
    }
}
