//! Says what went wrong, once.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pgkeel_pool::Error;
use pgkeel_pool::connect::SqlClass;
use tokio::time::Instant;

use super::pace::Pace;

/// How long nothing must have failed before an outage counts as over. Longer than tasks back off, so that one outage is one.
const CALM: Duration = Duration::from_secs(15);

/// The same at any pace. Longer than the pool pauses before it tries to connect again, which no pace shortens.
const LEAST_CALM: Duration = Duration::from_secs(2);

/// Different refusals that are spoken of.
const MOST_REFUSALS: usize = 20;

/// What is going wrong at present.
#[derive(Debug)]
pub(super) struct Trouble {
    calm: Duration,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    outage: Option<Outage>,
    /// SQLSTATEs of statements that the server refused, which it will refuse again.
    refusals: BTreeSet<String>,
}

#[derive(Debug)]
struct Outage {
    began: Instant,
    last: Instant,
    failures: u64,
}

impl Trouble {
    pub(super) fn new(pace: Pace) -> Self {
        Self { calm: pace.scaled(CALM).max(LEAST_CALM), known: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An action failed.
    pub(super) fn met(&self, error: &Error) {
        let news = match refusal(error) {
            Some(code) => self.lock().refused(code),
            None => self.lock().failed(),
        };
        if news {
            tracing::warn!(error = %Chain(error), "the demo's workload is in trouble; it goes on trying");
        }
    }

    /// An action ended well.
    pub(super) fn went_well(&self) {
        let over = self.lock().outage.take_if(|outage| outage.last.elapsed() >= self.calm);
        if let Some(outage) = over {
            let (took, failures) = (outage.began.elapsed(), outage.failures);
            tracing::info!(?took, failures, "the demo's workload is out of trouble");
        }
    }
}

impl Known {
    /// Whether this is news.
    fn refused(&mut self, code: &str) -> bool {
        self.refusals.len() < MOST_REFUSALS && self.refusals.insert(code.to_owned())
    }

    /// Whether this is news.
    fn failed(&mut self) -> bool {
        let (now, news) = (Instant::now(), self.outage.is_none());
        let outage = self.outage.get_or_insert(Outage { began: now, last: now, failures: 0 });
        (outage.last, outage.failures) = (now, outage.failures + 1);
        news
    }
}

/// The SQLSTATE, if the server is well and refuses this statement: as a table is missing, say. Such a thing is not over
/// because another statement succeeds.
fn refusal(error: &Error) -> Option<&str> {
    use SqlClass::{Data, Integrity, Internal, Limit, ObjectState, Raised, SyntaxOrAccess, Unsupported};
    let refuses = matches!(
        error.class()?,
        Data | Integrity | Internal | Limit | ObjectState | Raised | SyntaxOrAccess | Unsupported
    );
    refuses.then_some(error.code()?.code())
}

/// An error with its sources, on one line.
struct Chain<'a>(&'a (dyn StdError + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_news_once_and_so_is_each_refusal() {
        let mut known = Known::default();
        assert_eq!([known.failed(), known.failed()], [true, false]);
        assert_eq!(
            [known.refused("42P01"), known.refused("42P01"), known.refused("42501")],
            [true, false, true]
        );
        known.outage = None;
        assert!(known.failed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_over_when_it_was_calm_for_a_while() {
        let trouble = Trouble::new(Pace::faster(1));
        trouble.met(&Error::Closed);
        trouble.went_well();
        assert!(trouble.lock().outage.is_some());
        tokio::time::advance(CALM).await;
        trouble.went_well();
        assert!(trouble.lock().outage.is_none());
    }
}
