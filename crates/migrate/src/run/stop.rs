use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use pgkeel_connect::ServerError;
use tokio::sync::watch;
use tokio_postgres::error::SqlState;

/// Asks a call that is under way to stop: for Ctrl-C, a signal, a deadline. Its clones are the same.
///
/// ```no_run
/// # use pgkeel_migrate::{Migrator, Stop};
/// # async fn example(migrator: Migrator, deadline: impl Future<Output = ()> + Send + 'static) {
/// let stop = Stop::new();
/// let migrator = migrator.with_stop(stop.clone());
/// tokio::spawn(async move {
///     deadline.await;
///     stop.request();
/// });
/// let stopped = migrator.up().await.is_err_and(|error| error.is_stopped());
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// One that nobody has asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Has the statement that is running cancelled, and nothing further begun. A file in a transaction is rolled back,
    /// one outside keeps the statements that have ended; what happened is written into the log.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Whether an error comes of asking, that says so or is the server's.
    pub(crate) fn is_cause(&self, is_stopped: bool, server: Option<&ServerError>) -> bool {
        let is_cancelled = server.is_some_and(|server| *server.code() == SqlState::QUERY_CANCELED);
        is_stopped || is_cancelled && self.is_requested()
    }

    /// Waits until somebody asks.
    pub(crate) async fn requested(&self) {
        let asked = self.0.subscribe().wait_for(|asked| *asked).await.is_ok();
        debug_assert!(asked, "this value holds the sender");
    }

    /// What the work comes to; nothing once somebody asks, when it is dropped.
    pub(crate) async fn unless_requested<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(work), pin!(self.requested())).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
