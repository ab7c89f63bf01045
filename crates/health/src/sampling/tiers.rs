//! The two rounds of a sampler, as the scheduler runs them.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use pgkeel_connect::Error;

use crate::postgres::slug;
use crate::probe::{BoxFuture, Outcome, Probe, Schedule, Weight};
use crate::sampling::DatabaseSampler;
use crate::sampling::figures::{OFTEN, SELDOM};
use crate::sampling::sampler::Inner;

/// What changes with every statement.
pub(crate) struct ActivityTier(Arc<Inner>);

/// What changes with the schema and the amount of data.
pub(crate) struct RelationsTier(Arc<Inner>);

impl DatabaseSampler {
    /// The rounds to hand to the scheduler.
    pub(crate) fn tiers(&self) -> (ActivityTier, RelationsTier) {
        (ActivityTier(Arc::clone(self.inner())), RelationsTier(Arc::clone(self.inner())))
    }
}

/// Long enough for a few parts to reach their limit on the server; those rest then.
fn schedule(interval: Duration, timeout: Duration) -> Schedule {
    Schedule { interval, timeout, fails_to_down: NonZeroU32::MIN, oks_to_up: NonZeroU32::MIN }
}

fn outcome(asked: Result<(), Error>) -> Outcome {
    match asked {
        Ok(()) => Outcome::pass(),
        Err(error) => {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the database cannot be asked for figures"
            );
            Outcome::fail(slug(&error))
        }
    }
}

impl Probe for ActivityTier {
    fn name(&self) -> &'static str {
        "activity"
    }

    fn schedule(&self) -> Schedule {
        schedule(OFTEN, Duration::from_secs(20))
    }

    fn weight(&self) -> Weight {
        Weight::Advisory
    }

    /// # Cancellation
    /// The connection is closed if a part was being asked for; figures that came before stay.
    fn run(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async { outcome(self.0.often().await) })
    }
}

impl Probe for RelationsTier {
    fn name(&self) -> &'static str {
        "relations"
    }

    fn schedule(&self) -> Schedule {
        schedule(SELDOM, Duration::from_mins(1))
    }

    fn weight(&self) -> Weight {
        Weight::Advisory
    }

    /// # Cancellation
    /// As for the other tier.
    fn run(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async { outcome(self.0.seldom().await) })
    }
}
