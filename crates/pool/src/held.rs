//! A session in somebody's hands, and what happens when it comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use pgkeel_connect::{Connection, Executor as _, TransactionStatus};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::core::Core;
use crate::counts::State;
use crate::reset::{Dirty, reset};
use crate::slot::Slot;
use crate::store::Object;
use crate::traces::may_leave_traces;
use crate::traffic::Flight;
use crate::{Error, upkeep};

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
    pub(crate) core: Arc<Core>,
    /// Whether it is held for one statement only: then the clock is not looked at again where it just was.
    is_brief: bool,
    /// When that statement ended, in nanoseconds since the session was taken; 0 if it has not.
    ended: AtomicU64,
}

impl Held {
    pub(crate) fn new(object: Object, core: Arc<Core>) -> Self {
        Self { object: Some(object), core, is_brief: false, ended: AtomicU64::new(0) }
    }

    /// To be dropped behind the next statement.
    pub(crate) fn for_one_statement(mut self) -> Self {
        self.is_brief = true;
        self
    }

    /// It was looked at before it is handed out, which took its time.
    pub(crate) fn handed_out_now(mut self) -> Self {
        if let Some(object) = &mut self.object {
            object.taken = Instant::now();
        }
        self
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
            Some(object) if object.traffic.is_clear() => Ok(object.connection),
            object => {
                self.object = object;
                Err(self)
            }
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.slot().connection
    }

    /// Runs a statement once nothing is in its way, and notes what becomes of it.
    pub(crate) async fn watched<T>(
        &self,
        sql: &str,
        statement: impl Future<Output = Result<T, pgkeel_connect::Error>>,
    ) -> Result<T, Error> {
        let underway = self.begin(sql).await?;
        underway.end(statement.await)
    }

    /// Begins a statement once nothing is in its way. Whatever becomes of it is noted: also if it is dropped.
    async fn begin<'a>(&'a self, sql: &'a str) -> Result<Underway<'a>, Error> {
        let slot = self.slot();
        let flight = Flight::depart(&slot.traffic, &slot.connection, &slot.entry.canceller).await?;
        let start = if self.is_brief { slot.taken } else { Instant::now() };
        Ok(Underway { held: self, sql, start, flight, unsettle: OnDrop(Some(slot)) })
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
        let statement = self.begin(sql).await?;
        let answered = timeout(CONTROL_TIMEOUT, self.connection().batch_execute(sql)).await;
        statement.end(answered.unwrap_or_else(|_| Err(silence(sql))))
    }

    /// The exact transaction status.
    pub(crate) async fn settled_status(&self) -> Result<TransactionStatus, Error> {
        self.clear().await?;
        let settled = timeout(CONTROL_TIMEOUT, self.slot().settled_status()).await;
        settled.unwrap_or_else(|_| Err(silence("the state of the session"))).map_err(Error::Statement)
    }

    /// Prepares a statement, so that running it is one message.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<(), Error> {
        self.watched(sql, async { self.slot().prepared(sql).await.map(drop) }).await
    }

    /// Whether a statement that was prepared is found prepared the next time.
    pub(crate) fn keeps_statements(&self) -> bool {
        self.slot().unnamed.is_none() && self.slot().config.statement_cache() > 0
    }

    /// That the connection is over, if it is.
    pub(crate) fn closed(&self) -> Option<Error> {
        let lost = pgkeel_connect::Error::Closed { reason: None };
        self.connection().is_closed().then(|| Error::Statement(self.connection().explain(lost)))
    }

    pub(crate) async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        if let Some(unnamed) = &self.slot().unnamed {
            return unnamed.query(self, sql, params).boxed().await;
        }
        let (statement, connection) = (self.begin(sql).await?, self.connection());
        let mut done = match self.slot().prepared(sql).await {
            Ok(prepared) => connection.query_prepared(&prepared, params).await,
            Err(refused) => Err(refused),
        };
        if self.slot().can_heal(sql, &done) {
            let again = async { connection.query_prepared(&self.slot().prepared(sql).await?, params).await };
            done = again.boxed().await;
        }
        statement.end(done)
    }

    pub(crate) async fn query_opt(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        if let Some(unnamed) = &self.slot().unnamed {
            return unnamed.query_opt(self, sql, params).boxed().await;
        }
        let (statement, connection) = (self.begin(sql).await?, self.connection());
        let mut done = match self.slot().prepared(sql).await {
            Ok(prepared) => connection.query_opt_prepared(&prepared, params).await,
            Err(refused) => Err(refused),
        };
        if self.slot().can_heal(sql, &done) {
            let again =
                async { connection.query_opt_prepared(&self.slot().prepared(sql).await?, params).await };
            done = again.boxed().await;
        }
        statement.end(done)
    }

    pub(crate) async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        if let Some(unnamed) = &self.slot().unnamed {
            return unnamed.execute(self, sql, params).boxed().await;
        }
        let (statement, connection) = (self.begin(sql).await?, self.connection());
        let mut done = match self.slot().prepared(sql).await {
            Ok(prepared) => connection.execute_prepared(&prepared, params).await,
            Err(refused) => Err(refused),
        };
        if self.slot().can_heal(sql, &done) {
            let again =
                async { connection.execute_prepared(&self.slot().prepared(sql).await?, params).await };
            done = again.boxed().await;
        }
        statement.end(done)
    }

    pub(crate) async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        if let Some(unnamed) = &self.slot().unnamed {
            return unnamed.batch_execute(self, sql).boxed().await;
        }
        if may_leave_traces(sql) {
            self.slot().leave_traces(); // Before it is sent: what is dropped half-way may have had its effect.
        }
        let statement = self.begin(sql).await?;
        statement.end(self.connection().batch_execute(sql).await)
    }
}

/// A statement on its way. Dropped before its end, it is cancelled, and the session is not settled.
struct Underway<'a> {
    held: &'a Held,
    sql: &'a str,
    start: Instant,
    flight: Flight<'a>,
    unsettle: OnDrop<'a>,
}

impl Underway<'_> {
    /// The server has answered.
    fn end<T>(self, done: Result<T, pgkeel_connect::Error>) -> Result<T, Error> {
        let Self { held, sql, start, flight, unsettle } = self;
        let now = Instant::now();
        let took = now.saturating_duration_since(start);
        if held.is_brief {
            held.ended.store(u64::try_from(took.as_nanos()).unwrap_or(0), Ordering::Relaxed);
        }
        flight.arrive();
        if held.slot().config.slow_query_threshold().is_some_and(|threshold| took >= threshold) {
            held.core.slow.keep(sql, took, held.slot().waited, done.is_err());
        }
        // Rows are counted when all have come: a wrong number says nothing of the session.
        if matches!(done, Ok(_) | Err(pgkeel_connect::Error::RowCount { .. })) {
            unsettle.cancel();
        }
        Ok(done?)
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
        let now = match *self.ended.get_mut() {
            0 => Instant::now(),
            nanos => object.taken + Duration::from_nanos(nanos),
        };
        self.core.times.held.record(now.saturating_duration_since(object.taken));
        if std::mem::take(&mut object.is_lent) {
            object.entry.end_loan();
        }
        object.learn(&self.core);
        if object.connection.is_closed() {
            lose(&self.core, object);
        } else if object.is_clean() && !object.is_to_be_cleaned() {
            self.core.put_back(object, now);
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
    object.kill();
    if Handle::try_current().is_ok() {
        upkeep::suspect_all(core);
    }
}
