use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::RetryPolicy;
use crate::core::Core;
use crate::held::Held;
use crate::{Error, RetryLimit, acquire};

type Site = Option<&'static std::panic::Location<'static>>;

/// One call and what it has tried so far.
pub(super) struct Attempts {
    pub(super) core: Arc<Core>,
    pub(super) policy: RetryPolicy,
    site: Site,
    begun: Instant,
    made: u32,
}

impl Attempts {
    pub(super) fn new(core: Arc<Core>, policy: RetryPolicy, site: Site) -> Self {
        if policy.budgeted {
            core.budget.earn();
        }
        Self { core, policy, site, begun: Instant::now(), made: 0 }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.begun.checked_add(self.policy.deadline?)
    }

    /// Whether the deadline has come, as far as a server can tell that counts whole milliseconds.
    pub(super) fn is_late(&self) -> bool {
        self.deadline().is_some_and(|deadline| Instant::now() + Duration::from_millis(2) >= deadline)
    }

    pub(super) fn begin(&mut self) {
        self.made += 1;
    }

    /// Begins another attempt: a session within the time that is left.
    pub(super) async fn session(&mut self) -> Result<Held, Error> {
        self.begin();
        let acquire = acquire::acquire(&self.core, self.site);
        match self.deadline() {
            None => acquire.await,
            Some(deadline) => timeout_at(deadline, acquire)
                .await
                .unwrap_or_else(|_| Err(self.given_up(RetryLimit::Deadline, None))),
        }
    }

    /// Waits before the next attempt. `Err` if there is to be none: that all is given up, or the error itself if nothing
    /// was to be tried again in the first place.
    pub(super) async fn pause(&self, failed: Error) -> Result<(), Error> {
        if self.policy.attempts == 1 {
            return Err(failed);
        }
        let pause = self.policy.pause(self.made).max(connects_again_in(&failed));
        if let Err(limit) = self.may_go_on(pause) {
            return Err(self.given_up(limit, Some(failed)));
        }
        tracing::debug!(
            attempts = self.made,
            ?pause,
            error = &failed as &dyn std::error::Error,
            "to be run again"
        );
        self.core.totals.retries.add_one();
        sleep(pause).await;
        Ok(())
    }

    fn may_go_on(&self, pause: Duration) -> Result<(), RetryLimit> {
        if self.made >= self.policy.attempts {
            return Err(RetryLimit::Attempts);
        }
        if self.deadline().is_some_and(|deadline| Instant::now() + pause >= deadline) {
            return Err(RetryLimit::Deadline);
        }
        if self.policy.budgeted && !self.core.budget.spend() {
            self.core.totals.retries_refused.add_one();
            return Err(RetryLimit::Budget);
        }
        Ok(())
    }

    pub(super) fn given_up(&self, limit: RetryLimit, source: Option<Error>) -> Error {
        let (attempts, elapsed) = (self.made, self.begun.elapsed());
        Error::RetriesExhausted { attempts, elapsed, limit, source: source.map(Box::new) }
    }
}

/// Before that the pool will not try to connect.
fn connects_again_in(failed: &Error) -> Duration {
    match failed {
        Error::Connect { retry_after, .. } => *retry_after,
        _ => Duration::ZERO,
    }
}
