//! The statements of one session that are under way, and what happens when the future of one is dropped.
//!
//! The server goes on with such a statement. If no other is under way it is cancelled at once, else when the others have
//! ended. Whoever uses the session next waits until the cancel request has been carried out and the server has answered
//! a round trip after it, so that it cannot hit anything else. Where it is not known whether the request was carried
//! out, the session is not used again.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use pgkeel_connect::{Canceller, Connection, DialStep, Error, Executor as _};
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// How long the next statement waits for the end of one that was dropped.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Under one lock, or a statement could set out between the decision to cancel and the request.
    state: Mutex<State>,
    /// Told when the cancel has ended.
    ended: Notify,
    /// Held by the one who sees the dropped statement to its end.
    draining: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    running: u32,
    /// Whether the future of a statement was dropped and its statement not yet seen to an end.
    abandoned: bool,
    cancel: Cancel,
    /// Whether a BEGIN may be under way, which a cancel must not hit.
    guarded: bool,
    /// What is to be sent before anything else once the cancel is over.
    then: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Cancel {
    #[default]
    NotAsked,
    Asked,
    /// It was carried out, or never reached the server.
    Over,
    /// The request was sent, and may come into effect at any time.
    InDoubt,
}

impl Traffic {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing has to end before the next statement.
    pub(crate) fn is_clear(&self) -> bool {
        self.state().cancel == Cancel::NotAsked
    }

    /// Sends this without waiting for the answer; behind the end of a dropped statement, if one is being cancelled: its
    /// cancel could hit this instead.
    pub(crate) fn send(&self, connection: &Connection, sql: &str) {
        let mut state = self.state();
        if state.cancel == Cancel::NotAsked {
            let _ = connection.batch_execute(sql).now_or_never();
        } else {
            state.then.push(sql.to_owned());
        }
    }

    /// Waits until a dropped statement has ended and cannot be mistaken for the next one.
    pub(crate) async fn clear(&self, connection: &Connection) -> Result<(), Error> {
        if self.is_clear() {
            return Ok(());
        }
        let drained = tokio::time::timeout(DRAIN_TIMEOUT, self.drain(connection)).await;
        drained.unwrap_or_else(|_| Err(unanswered(DRAIN_TIMEOUT)))
    }

    async fn drain(&self, connection: &Connection) -> Result<(), Error> {
        let _one_at_a_time = self.draining.lock().await;
        match self.cancelled().await {
            Cancel::NotAsked | Cancel::Asked => return Ok(()),
            Cancel::InDoubt => return Err(unanswered(Canceller::USUAL_DEADLINE)),
            Cancel::Over => {}
        }
        connection.settle().await?;
        self.send_what_waited(connection);
        Ok(())
    }

    /// What came of the cancel.
    async fn cancelled(&self) -> Cancel {
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            let cancel = self.state().cancel;
            if cancel != Cancel::Asked {
                return cancel;
            }
            ended.await;
        }
    }

    fn send_what_waited(&self, connection: &Connection) {
        let mut state = self.state();
        for sql in state.then.drain(..) {
            let _ = connection.batch_execute(&sql).now_or_never();
        }
        state.cancel = Cancel::NotAsked;
    }

    /// One statement fewer. Whether those that were dropped are to be cancelled now.
    fn land(&self, arrived: bool) -> bool {
        let mut state = self.state();
        state.abandoned |= !arrived;
        state.running -= 1;
        let asks = state.running == 0 && std::mem::take(&mut state.abandoned) && !state.guarded;
        if asks {
            state.cancel = Cancel::Asked;
        }
        asks
    }

    /// Whether a BEGIN is under way. A cancel would hit it, and what was sent behind it would be run by itself; so a
    /// statement that is dropped meanwhile is left to run, and ends with its transaction, or when the session is cleaned.
    pub(crate) fn guard(&self, guarded: bool) {
        self.state().guarded = guarded;
    }

    fn end(&self, cancel: Cancel) {
        self.state().cancel = cancel;
        self.ended.notify_waiters();
    }
}

fn unanswered(waited: Duration) -> Error {
    Error::Unanswered { what: "the cancel of a statement whose future was dropped".to_owned(), waited }
}

/// A statement under way. Dropped before it has arrived, it is cancelled.
pub(crate) struct Flight<'a> {
    traffic: &'a Arc<Traffic>,
    canceller: &'a Canceller,
    arrived: bool,
}

impl<'a> Flight<'a> {
    /// Sets out as soon as nothing is in the way.
    pub(crate) async fn depart(
        traffic: &'a Arc<Traffic>,
        connection: &Connection,
        canceller: &'a Canceller,
    ) -> Result<Self, Error> {
        loop {
            if let Some(flight) = Self::try_depart(traffic, canceller) {
                return Ok(flight);
            }
            traffic.clear(connection).boxed().await?; // In a box, as it is seldom needed and would make every statement large.
        }
    }

    fn try_depart(traffic: &'a Arc<Traffic>, canceller: &'a Canceller) -> Option<Self> {
        let mut state = traffic.state();
        if state.cancel != Cancel::NotAsked {
            return None;
        }
        state.running += 1;
        Some(Self { traffic, canceller, arrived: false })
    }

    /// The server has answered.
    pub(crate) fn arrive(mut self) {
        self.arrived = true;
    }

    /// It goes on beyond this value, and whoever calls this calls [`land`] at its end.
    pub(crate) fn outlast(self) {
        std::mem::forget(self);
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        land(self.traffic, self.canceller, self.arrived);
    }
}

/// The end of a statement. One that has not arrived is cancelled.
pub(crate) fn land(traffic: &Arc<Traffic>, canceller: &Canceller, arrived: bool) {
    if traffic.land(arrived) {
        cancel(traffic, canceller.clone());
    }
}

/// Cancels what the session is doing, in the background.
fn cancel(traffic: &Arc<Traffic>, canceller: Canceller) {
    let Ok(runtime) = Handle::try_current() else { return traffic.end(Cancel::Over) };
    let ending = Ending(Arc::clone(traffic), Cancel::InDoubt);
    runtime.spawn(deliver(canceller, ending));
}

async fn deliver(canceller: Canceller, mut ending: Ending) {
    let done = canceller.cancel(Canceller::USUAL_DEADLINE).await;
    if let Err(error) = &done {
        tracing::debug!(error = error as &dyn std::error::Error, "a statement could not be cancelled");
    }
    if !done.is_err_and(|error| may_come_late(&error)) {
        ending.1 = Cancel::Over;
    }
}

/// Whether the request may have been sent, and not yet carried out.
fn may_come_late(error: &Error) -> bool {
    let Error::NotCancelled { source } = error else { return true };
    match **source {
        Error::Dial { step, .. } | Error::DialTimeout { step, .. } => step == DialStep::Cancel,
        _ => true,
    }
}

/// Says what came of the cancel however that ends, also when its runtime does.
struct Ending(Arc<Traffic>, Cancel);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_was_sent_and_not_confirmed_may_come_late() {
        let failed = |step| {
            let source =
                Error::DialTimeout { host: "h:5432".into(), step, waited: Canceller::USUAL_DEADLINE };
            may_come_late(&Error::NotCancelled { source: Box::new(source) })
        };
        assert!(failed(DialStep::Cancel));
        assert!(!failed(DialStep::Socket) && !failed(DialStep::Tls));
    }

    #[test]
    fn the_last_of_several_asks_for_the_cancel_of_those_that_were_dropped() {
        let traffic = Traffic::default();
        traffic.state().running = 3;
        assert!(!traffic.land(false) && !traffic.land(true));
        assert!(traffic.is_clear());
        assert!(traffic.land(true));
        assert!(!traffic.is_clear());
    }
}
