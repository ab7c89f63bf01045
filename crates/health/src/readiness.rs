//! Whether this process wants traffic: starting, ready, not ready, draining.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::probe::Weight;
use crate::record::State;
use crate::standing::{Standing, Watched};

/// Where the process is in its life, as `/ready` sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// A required probe has no result yet.
    Starting,
    /// All required probes are up.
    Ready,
    /// A required probe is down, or its result is too old.
    NotReady,
    /// The process is going away; it does not come back from here.
    Draining,
}

impl Phase {
    /// The word used in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::NotReady => "not_ready",
            Self::Draining => "draining",
        }
    }
}

/// The part of readiness that is decided and not measured.
#[derive(Debug, Default)]
pub(crate) struct Drain(AtomicBool);

impl Drain {
    pub(crate) fn begin(&self) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::debug!("draining: no longer ready");
        }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The phase that follows from the probes, as long as the process does not drain.
pub(crate) fn measured<'a>(standings: impl Iterator<Item = (&'a Watched, Standing)>) -> Phase {
    standings.filter(|(watched, _)| watched.weight == Weight::Required).fold(
        Phase::Ready,
        |phase, (_, standing)| match (phase, standing.record.state) {
            (Phase::Starting, _) | (_, State::Starting) => Phase::Starting,
            _ if standing.is_up() => phase,
            _ => Phase::NotReady,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Outcome, Schedule};
    use crate::run::{Moment, Run};
    use crate::standing::Subject;
    use std::time::Duration;
    use tokio::time::Instant;

    fn watched(weight: Weight, outcome: Option<Outcome>) -> Watched {
        let watched = Watched::new("x".into(), Subject::Other, weight, Schedule::default());
        if let Some(outcome) = outcome {
            let run = Run::answered(Moment::now(), Duration::ZERO, outcome);
            watched.replace(watched.record().after(run, &watched.schedule));
        }
        watched
    }

    fn phase(all: &[Watched]) -> Phase {
        measured(all.iter().map(|watched| (watched, watched.standing(Instant::now()))))
    }

    #[test]
    fn without_probes_it_is_ready() {
        assert_eq!(phase(&[]), Phase::Ready);
    }

    #[test]
    fn one_probe_without_a_result_means_starting_even_beside_a_failed_one() {
        let failed = watched(Weight::Required, Some(Outcome::fail("x")));
        let silent = watched(Weight::Required, None);
        assert_eq!(phase(&[failed, silent]), Phase::Starting);
    }

    #[test]
    fn a_required_failure_means_not_ready_and_an_advisory_one_does_not() {
        assert_eq!(phase(&[watched(Weight::Required, Some(Outcome::fail("x")))]), Phase::NotReady);
        assert_eq!(phase(&[watched(Weight::Advisory, Some(Outcome::fail("x")))]), Phase::Ready);
    }
}
