//! A session in somebody's hands, and what happens when it comes back.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use pgkeel_connect::{Connection, TransactionStatus};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::core::Core;
use crate::counts::State;
use crate::moment::Moment;
use crate::reset::{Dirty, reset};
use crate::slot::Slot;
use crate::store::Object;
use crate::{Error, upkeep};

/// How long an answer to a statement of the pool's own (BEGIN, SAVEPOINT, COMMIT, ROLLBACK) is waited for. Long, as a
/// commit may have to wait for a standby.
pub(crate) const CONTROL_TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) fn silence(what: &str) -> pgkeel_connect::Error {
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
    pub(crate) is_brief: bool,
    /// When that statement ended, as the number of that moment; 0 if it has not.
    pub(crate) ended: AtomicU64,
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
            object.taken = Moment::now();
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

    /// Sends a statement of the pool's own without waiting for its answer.
    pub(crate) fn send(&self, sql: &str) {
        self.slot().unsettle();
        self.slot().traffic.send(self.connection(), sql);
    }

    /// Waits until nothing is in the way of the next statement.
    pub(crate) async fn clear(&self) -> Result<(), Error> {
        Ok(self.slot().traffic.clear(self.connection()).await?)
    }

    /// The exact transaction status.
    pub(crate) async fn settled_status(&self) -> Result<TransactionStatus, Error> {
        self.clear().await?;
        if !self.slot().is_unsettled() {
            return Ok(self.connection().transaction_status());
        }
        let settled = timeout(CONTROL_TIMEOUT, self.slot().settled_status()).await;
        settled.unwrap_or_else(|_| Err(silence("the state of the session"))).map_err(Error::Statement)
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
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(mut object) = self.object.take() else { return };
        let now = Moment::of_number(*self.ended.get_mut()).unwrap_or_else(Moment::now);
        self.core.times.held.record(now.since(object.taken));
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
