//! Whether a pool of this process still hands out sessions.

use std::num::NonZeroU32;
use std::time::Duration;

use pgkeel_pool::{Error, Executor as _, Pool};

use super::trouble;
use crate::probe::{BoxFuture, Outcome, Probe, Schedule, Weight};

/// Less than the probe's timeout, so that a busy pool is told from a silent database.
const BUSY_AFTER: Duration = Duration::from_millis(500);

/// Asks a pool for a session now and then. A pool that is merely busy warns; the process stays ready.
#[derive(Clone, Debug)]
pub struct PoolProbe {
    pool: Pool,
}

impl PoolProbe {
    /// Watches this pool.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    async fn look(&self) -> Outcome {
        let session = match tokio::time::timeout(BUSY_AFTER, self.pool.session()).await {
            Err(_) | Ok(Err(Error::AcquireTimeout { .. })) => return Outcome::warn("pool_busy"),
            Ok(Err(error)) => return failed(&error),
            Ok(Ok(session)) => session,
        };
        // The simple protocol prepares nothing, which a pooler between here and the server would mind.
        match session.batch_execute("select 1").await {
            Ok(()) => Outcome::pass(),
            Err(error) => failed(&error),
        }
    }
}

fn failed(error: &Error) -> Outcome {
    tracing::debug!(error = error as &dyn std::error::Error, "the pool has no session that works");
    Outcome::fail(match error {
        Error::Connect { source, .. } => trouble::slug(source),
        Error::Statement(error) => trouble::slug(error),
        Error::Overloaded { .. } => "pool_overloaded",
        Error::Closed => "pool_closed",
        _ => "pool_error",
    })
}

impl Probe for PoolProbe {
    fn name(&self) -> &'static str {
        "pool"
    }

    /// Every 5 s: less often than the database, as it takes a session away from others.
    fn schedule(&self) -> Schedule {
        Schedule {
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            fails_to_down: NonZeroU32::MIN,
            oks_to_up: NonZeroU32::MIN,
        }
    }

    fn weight(&self) -> Weight {
        Weight::Advisory
    }

    fn run(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(self.look())
    }
}
