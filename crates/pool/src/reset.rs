//! What happens to a session that came back with something left open: it is cleaned, or closed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use pgkeel_connect::{Canceller, Executor as _, TransactionStatus};

use crate::core::Core;
use crate::held::lose;
use crate::moment::Moment;
use crate::slot::Slot;
use crate::store::Object;

/// How long a session that came back dirty has to become clean before it is closed.
const RESET_TIMEOUT: Duration = Duration::from_secs(3);

/// How long what is still running on a session that came back may go on.
const CANCEL_AFTER: Duration = Duration::from_millis(200);

/// How a session is cleaned when it comes back. Under each of them a session in a transaction, or with a statement under
/// way, is never handed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reset {
    /// Nothing is sent: a session that is not as it should be is closed.
    None,
    /// What is open is rolled back. Settings, listeners, session locks and temporary tables stay: SQLAlchemy's way.
    Rollback,
    /// What is open is rolled back, and of a session that ran a statement which may leave traces (`SET`, `LISTEN`,
    /// advisory locks, temporary tables, cursors `WITH HOLD`) all of that is undone. What functions do in the server is
    /// not seen.
    #[default]
    Smart,
    /// The same each time, whatever was run: a round trip more for every use of a session. Does all that `DISCARD ALL`
    /// does, except that it leaves the statements which the driver has prepared.
    DiscardAll,
}

impl Reset {
    /// Whether a session is cleaned of more than an open transaction.
    pub(crate) fn undoes(self, has_traces: bool) -> bool {
        self == Self::DiscardAll || (self == Self::Smart && has_traces)
    }
}

impl FromStr for Reset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::None, Self::Rollback, Self::Smart, Self::DiscardAll];
        let found = all.into_iter().find(|reset| reset.to_string() == text);
        found.ok_or_else(|| "is none of none, rollback, smart, discard-all".into())
    }
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Rollback => "rollback",
            Self::Smart => "smart",
            Self::DiscardAll => "discard-all",
        })
    }
}

/// What `DISCARD ALL` does (PostgreSQL documentation, "DISCARD"), but of the prepared statements only those made by
/// `PREPARE` go: the driver's are still in use.
const UNDO_TRACES: &str = "close all; set session authorization default; reset all; unlisten *;
    select pg_advisory_unlock_all(); discard plans; discard temp; discard sequences;
    do $$ declare prepared text; begin
        for prepared in select name from pg_prepared_statements where from_sql loop
            execute format('deallocate %I', prepared);
        end loop;
    end $$";

/// A session that nobody may have as it is: dropped, it is closed, even by a runtime that shuts down.
pub(crate) struct Dirty {
    object: Option<Object>,
    core: Arc<Core>,
}

impl Dirty {
    pub(crate) fn new(object: Object, core: Arc<Core>) -> Self {
        Self { object: Some(object), core }
    }

    pub(crate) fn slot(&self) -> &Slot {
        self.object.as_ref().expect("taken out only at the end")
    }

    pub(crate) fn take(mut self) -> (Object, Arc<Core>) {
        (self.object.take().expect("taken out only at the end"), Arc::clone(&self.core))
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
pub(crate) async fn reset(dirty: Dirty) {
    let begun = Moment::now();
    let cleaned = tokio::time::timeout(RESET_TIMEOUT, clean(dirty.slot(), &dirty.core)).await;
    dirty.core.times.reset.record(begun.elapsed());
    let (object, core) = dirty.take();
    match cleaned {
        Ok(Ok(left_open)) if object.is_clean() => {
            if left_open {
                core.totals.dirty.add_one();
            }
            core.put_back(object, Moment::now());
        }
        Ok(Err(error)) if error.is_disconnected() => lose(&core, object),
        outcome => {
            tracing::debug!(?outcome, "a session that came back dirty is closed");
            core.totals.dirty.add_one();
            core.totals.dirty_closed.add_one();
            if outcome.is_ok() { core.close(object) } else { object.kill() }
        }
    }
}

/// The status once all is answered. What was left running on the bare connection is cancelled.
async fn settled_status(slot: &Slot) -> Result<TransactionStatus, pgkeel_connect::Error> {
    if let Ok(status) = tokio::time::timeout(CANCEL_AFTER, slot.settled_status()).await {
        return status;
    }
    slot.entry.canceller.cancel(Canceller::USUAL_DEADLINE).await?;
    slot.settled_status().await
}

/// Whether something was left open.
async fn clean(slot: &Slot, core: &Core) -> Result<bool, pgkeel_connect::Error> {
    let config = core.config.load_full();
    let reset = config.reset_of(slot.unnamed.is_some());
    slot.traffic.clear(&slot.connection).await?;
    let left_open = settled_status(slot).await? != TransactionStatus::Idle;
    if left_open && reset != Reset::None {
        slot.connection.batch_execute("ROLLBACK").await?;
    }
    if reset.undoes(slot.has_traces()) {
        slot.connection.batch_execute(UNDO_TRACES).await?;
        slot.forget_traces();
        // What was set up for each connection is undone as well.
        if let Some(hook) = &config.hooks().after_connect {
            hook(&slot.connection).await?;
        }
    }
    if let Some(hook) = &config.hooks().after_release {
        hook(&slot.connection).await?;
    }
    Ok(left_open)
}
