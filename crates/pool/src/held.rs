//! A session in somebody's hands, and what happens when it comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pgkeel_connect::{Connection, Executor as _, TransactionStatus};
use tokio::runtime::Handle;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::core::{Core, Object};
use crate::counts::State;
use crate::reset::{Dirty, Reset, reset};
use crate::slot::Slot;
use crate::traffic::Flight;
use crate::{Error, traces, upkeep};

/// How long an answer to a statement of the pool's own (BEGIN, SAVEPOINT, COMMIT, ROLLBACK) is waited for. Long, as a
/// commit may have to wait for a standby.
pub(crate) const CONTROL_TIMEOUT: Duration = Duration::from_mins(1);

fn silence(what: &str) -> pgkeel_connect::Error {
    pgkeel_connect::Error::Unanswered { what: what.to_owned(), waited: CONTROL_TIMEOUT }
}

pub(crate) fn unanswered(sql: &str) -> Error {
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

    /// The connection, out of the pool. Not while a dropped statement is being cancelled: the cancel would hit what comes
    /// next, and a rollback that waits for it would never be sent.
    pub(crate) fn detach(mut self) -> Result<Connection, Self> {
        match self.object.take() {
            Some(object) if object.traffic.is_clear() => Ok(Object::take(object).connection),
            object => {
                self.object = object;
                Err(self)
            }
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.slot().connection
    }

    /// Runs a statement once nothing is in its way, and notes when it does not come to a good end: it failed, or its
    /// future was dropped.
    async fn watched<T>(
        &self,
        sql: &str,
        statement: impl Future<Output = Result<T, pgkeel_connect::Error>>,
    ) -> Result<T, Error> {
        let slot = self.slot();
        let flight = Flight::depart(&slot.traffic, &slot.connection, &slot.entry.canceller).await?;
        let unsettle = OnDrop(Some(slot));
        // Before it is sent: what is dropped half-way may have had its effect.
        if self.core.config.load().reset() == Reset::Smart && traces::may_leave_traces(sql) {
            slot.leave_traces();
        }
        let start = Instant::now();
        let done = statement.await;
        let took = start.elapsed();
        flight.arrive();
        if self.core.config.load().slow_query_threshold().is_some_and(|threshold| took >= threshold) {
            self.core.slow.keep(sql, took, slot.waited, done.is_err());
        }
        if done.is_ok() {
            unsettle.cancel();
        }
        Ok(done?)
    }

    /// Sends a statement of the pool's own without waiting for its answer.
    pub(crate) fn send(&self, sql: &str) {
        self.slot().unsettle();
        self.slot().traffic.send(self.connection(), sql);
    }

    /// Waits until nothing is in the way of the next statement.
    pub(crate) async fn clear(&self) -> Result<(), Error> {
        Ok(self.slot().traffic.clear(self.connection()).await?)
    }

    /// Runs a statement of the pool's own, such as COMMIT, which is not waited for without a bound.
    pub(crate) async fn control(&self, sql: &str) -> Result<(), Error> {
        let answered = tokio::time::timeout(CONTROL_TIMEOUT, self.batch_execute(sql)).await;
        answered.unwrap_or_else(|_| Err(unanswered(sql)))
    }

    /// The exact transaction status.
    pub(crate) async fn settled_status(&self) -> Result<TransactionStatus, Error> {
        self.clear().await?;
        let settled = tokio::time::timeout(CONTROL_TIMEOUT, self.slot().settled_status()).await;
        settled.unwrap_or_else(|_| Err(silence("the state of the session"))).map_err(Error::Statement)
    }

    /// Prepares a statement, so that running it is one message.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<(), Error> {
        self.watched(sql, async { self.slot().prepared(sql).await.map(drop) }).await
    }

    /// Whether a statement that was prepared is found prepared the next time.
    pub(crate) fn keeps_statements(&self) -> bool {
        self.core.config.load().statement_cache() > 0
    }

    /// That the connection is over, if it is.
    pub(crate) fn closed(&self) -> Option<Error> {
        let lost = pgkeel_connect::Error::Closed { reason: None };
        self.connection().is_closed().then(|| Error::Statement(self.connection().explain(lost)))
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let (slot, connection) = (self.slot(), self.connection());
        let run = async {
            let done = connection.query_prepared(&slot.prepared(sql).await?, params).await;
            if slot.can_heal(sql, &done) {
                return connection.query_prepared(&slot.prepared(sql).await?, params).await;
            }
            done
        };
        self.watched(sql, run).await
    }

    pub(crate) async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let (slot, connection) = (self.slot(), self.connection());
        let run = async {
            let done = connection.execute_prepared(&slot.prepared(sql).await?, params).await;
            if slot.can_heal(sql, &done) {
                return connection.execute_prepared(&slot.prepared(sql).await?, params).await;
            }
            done
        };
        self.watched(sql, run).await
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
        if object.connection.is_closed() {
            lose(&self.core, object);
        } else if object.is_clean() && !self.core.config.load().cleans(object.has_traces()) {
            self.core.put_back(object);
        } else if let Ok(runtime) = Handle::try_current() {
            object.place.move_to(State::Resetting);
            runtime.spawn(reset(Dirty::new(object, Arc::clone(&self.core))));
        } else {
            // Outside of a runtime nobody could wait for it to become clean.
            self.core.close(object);
        }
    }
}

/// Out of the pool at once: its server does not answer, or is gone. Others may have lost theirs as well.
pub(crate) fn lose(core: &Arc<Core>, object: Object) {
    core.totals.lost.add_one();
    Object::take(object).kill();
    if Handle::try_current().is_ok() {
        upkeep::suspect_all(core);
    }
}
