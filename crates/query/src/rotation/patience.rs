//! What is tried again, and for how long.

use std::time::Duration;

use pgkeel_connect::{ServerError, SqlClass};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;

use super::{RotationProblem, Step};

const FIRST_REST: Duration = Duration::from_millis(10);
const LONGEST_REST: Duration = Duration::from_secs(1);

/// How long a step is tried again if nothing is said.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Counts failures between which nothing was done.
#[derive(Debug)]
pub(super) struct Patience {
    most: Duration,
    since: Option<Instant>,
    attempts: u32,
    rest: Duration,
}

impl Patience {
    pub(super) fn new(most: Duration) -> Self {
        Self { most, since: None, attempts: 0, rest: FIRST_REST }
    }

    /// Something was done, or there was nothing to do: what failed before does not count any more.
    pub(super) fn renew(&mut self) {
        *self = Self::new(self.most);
    }

    /// What a step comes to. `None` if it failed for a cause that may pass, after a rest: to be tried again, where it may have been
    /// carried out or not.
    ///
    /// # Errors
    /// If the cause does not pass, or has not for too long; [`RotationProblem::Unanswered`].
    pub(super) async fn with<T>(
        &mut self,
        step: Step,
        work: impl Future<Output = Result<T, RotationProblem>>,
    ) -> Result<Option<T>, RotationProblem> {
        let waited = self.most.max(LONGEST_REST);
        match timeout(waited, work).await {
            Err(_) => Err(RotationProblem::Unanswered { step, waited }),
            Ok(done) => self.bear(done).await,
        }
    }

    /// The same of a step that has come to something, however long it took.
    ///
    /// # Errors
    /// As [`with`](Self::with), but for `Unanswered`.
    pub(super) async fn bear<T>(
        &mut self,
        done: Result<T, RotationProblem>,
    ) -> Result<Option<T>, RotationProblem> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(RotationProblem::Failed { step, source }) if may_pass(source.inner().server()) => {
                self.attempts += 1;
                let waited = self.since.get_or_insert_with(Instant::now).elapsed();
                if waited >= self.most {
                    return Err(RotationProblem::Exhausted { step, attempts: self.attempts, waited, source });
                }
                sleep(self.rest.min(self.most.saturating_sub(waited))).await;
                self.rest = (self.rest * 2).min(LONGEST_REST);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// The same, tried until it comes to something.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub(super) async fn until<T, F: Future<Output = Result<T, RotationProblem>>>(
        &mut self,
        step: Step,
        mut work: impl FnMut() -> F,
    ) -> Result<T, RotationProblem> {
        loop {
            if let Some(done) = self.with(step, work()).await? {
                return Ok(done);
            }
        }
    }
}

/// What a statement comes to that only reads, and takes as long as the session lets it: with the patience of a rotation. One that was
/// cancelled, as it took too long, would take too long again.
///
/// # Errors
/// As [`Patience::bear`].
pub(super) async fn patiently<T, F: Future<Output = Result<T, RotationProblem>>>(
    mut work: impl FnMut() -> F,
) -> Result<T, RotationProblem> {
    let mut patience = Patience::new(PATIENCE);
    loop {
        let done = work().await;
        if done.as_ref().is_err_and(RotationProblem::is_cancelled) {
            return done;
        }
        if let Some(done) = patience.bear(done).await? {
            return Ok(done);
        }
    }
}

/// Without a word of the server's the connection is lost, or there is none. Whatever was written then is not written twice.
fn may_pass(server: Option<&ServerError>) -> bool {
    let Some(server) = server else { return true };
    let of_time = [SqlState::LOCK_NOT_AVAILABLE, SqlState::QUERY_CANCELED];
    match server.class() {
        SqlClass::Rollback | SqlClass::Resources | SqlClass::Connection => true,
        SqlClass::Operator | SqlClass::ObjectState => server.is_fatal() || of_time.contains(server.code()),
        _ => server.is_fatal() && *server.code() == SqlState::CANNOT_CONNECT_NOW,
    }
}
