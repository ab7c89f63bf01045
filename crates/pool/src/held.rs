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

/// How long a session that came back dirty has to become clean before it is closed.
const RESET_TIMEOUT: Duration = Duration::from_secs(2);

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
        let Some(mut slot) = self.slot.take() else { return };
        if slot.is_clean() {
            give_back(slot);
        } else if slot.connection.is_closed() {
            close(slot);
        } else if let Ok(runtime) = Handle::try_current() {
            slot.place.move_to(State::Resetting);
            runtime.spawn(reset(slot));
        } else {
            close(slot); // Outside a runtime nobody could wait for it to become clean.
        }
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
fn close(slot: Object<SlotManager>) {
    drop(Object::take(slot));
}

/// Ends what the last user left open, or closes the session.
async fn reset(slot: Object<SlotManager>) {
    if let Some(pool) = Object::pool(&slot) {
        pool.manager().totals.dirty.add_one();
    }
    let clean = async {
        if slot.settled_status().await? != TransactionStatus::Idle {
            slot.connection.batch_execute("ROLLBACK").await?;
        }
        Ok::<_, pgkeel_connect::Error>(slot.connection.transaction_status() == TransactionStatus::Idle)
    };
    match tokio::time::timeout(RESET_TIMEOUT, clean).await {
        Ok(Ok(true)) => give_back(slot),
        outcome => {
            tracing::debug!(?outcome, "a session that came back dirty is closed");
            close(slot);
        }
    }
}
