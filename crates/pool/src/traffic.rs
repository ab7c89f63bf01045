//! The statements of one session that are under way, and what happens when the future of one is dropped.
//!
//! The server goes on with such a statement. If no other is under way it is cancelled at once, else when the others have
//! ended. Whoever uses the session next waits until the cancel request has been carried out and the server has answered
//! a round trip after it, so that it cannot hit anything else.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use pgkeel_connect::{Canceller, Connection, Executor as _};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// How long the next statement waits for the end of one that was dropped.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(crate) struct Traffic {
    running: AtomicU32,
    /// Whether the future of a statement was dropped and its statement not yet seen to an end.
    abandoned: AtomicBool,
    cancel: watch::Sender<Cancel>,
    /// Held by the one who sees the dropped statement to its end.
    draining: tokio::sync::Mutex<()>,
    /// What is to be sent before anything else once that is done.
    then: Mutex<Vec<String>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Cancel {
    #[default]
    NotAsked,
    Asked,
    /// It was carried out, or failed.
    Over,
}

impl Traffic {
    /// Whether nothing has to end before the next statement.
    fn is_clear(&self) -> bool {
        *self.cancel.borrow() == Cancel::NotAsked
    }

    fn then(&self) -> MutexGuard<'_, Vec<String>> {
        self.then.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends this without waiting for the answer; behind the end of a dropped statement, if one is being cancelled: its
    /// cancel could hit this instead.
    pub(crate) fn send(&self, connection: &Connection, sql: &str) {
        let mut then = self.then();
        if self.is_clear() {
            let _ = connection.batch_execute(sql).now_or_never();
        } else {
            then.push(sql.to_owned());
        }
    }

    /// Waits until a dropped statement has ended and cannot be mistaken for the next one.
    pub(crate) async fn clear(&self, connection: &Connection) -> Result<(), pgkeel_connect::Error> {
        if self.is_clear() {
            return Ok(());
        }
        let drained = tokio::time::timeout(DRAIN_TIMEOUT, self.drain(connection)).await;
        let what = || "the cancel of a statement whose future was dropped".to_owned();
        drained.unwrap_or_else(|_| {
            Err(pgkeel_connect::Error::Unanswered { what: what(), waited: DRAIN_TIMEOUT })
        })
    }

    async fn drain(&self, connection: &Connection) -> Result<(), pgkeel_connect::Error> {
        let _one_at_a_time = self.draining.lock().await;
        // The sender is here, so there is always an answer.
        let _ = self.cancel.subscribe().wait_for(|cancel| *cancel != Cancel::Asked).await;
        if self.is_clear() {
            return Ok(());
        }
        connection.settle().await?;
        self.send_what_waited(connection);
        Ok(())
    }

    fn send_what_waited(&self, connection: &Connection) {
        let mut then = self.then();
        for sql in then.drain(..) {
            let _ = connection.batch_execute(&sql).now_or_never();
        }
        self.cancel.send_replace(Cancel::NotAsked);
    }
}

/// A statement under way. Dropped before it has arrived, it is cancelled.
pub(crate) struct Flight<'a> {
    traffic: &'a Arc<Traffic>,
    canceller: &'a Canceller,
    arrived: bool,
}

impl<'a> Flight<'a> {
    pub(crate) fn depart(traffic: &'a Arc<Traffic>, canceller: &'a Canceller) -> Self {
        traffic.running.fetch_add(1, Ordering::AcqRel);
        Self { traffic, canceller, arrived: false }
    }

    /// The server has answered.
    pub(crate) fn arrive(mut self) {
        self.arrived = true;
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.arrived {
            self.traffic.abandoned.store(true, Ordering::Release);
        }
        let is_last = self.traffic.running.fetch_sub(1, Ordering::AcqRel) == 1;
        if is_last && self.traffic.abandoned.swap(false, Ordering::AcqRel) {
            cancel(self.traffic, self.canceller.clone());
        }
    }
}

/// Cancels what the session is doing, in the background.
fn cancel(traffic: &Arc<Traffic>, canceller: Canceller) {
    let Ok(runtime) = Handle::try_current() else { return };
    let asked = |cancel: &mut Cancel| std::mem::replace(cancel, Cancel::Asked) != Cancel::Asked;
    if !traffic.cancel.send_if_modified(asked) {
        return;
    }
    let traffic = Arc::clone(traffic);
    runtime.spawn(async move {
        let over = Over(traffic);
        if let Err(error) = canceller.cancel(Canceller::USUAL_DEADLINE).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a statement could not be cancelled");
        }
        drop(over);
    });
}

/// Says so however the cancelling ends, also when the runtime does.
struct Over(Arc<Traffic>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.cancel.send_replace(Cancel::Over);
    }
}
