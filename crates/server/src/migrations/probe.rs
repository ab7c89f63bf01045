//! The check of the migrations.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pgkeel_health::{BoxFuture, Family, Labels, Outcome, Probe, Schedule, Source, gauge};
use pgkeel_migrate::{Gate, Readiness, VerifyError};
use serde_json::json;
use tokio::time::Instant;

/// Asks a gate again and again. Clones share what they know.
///
/// Until it is ready for the first time anything keeps it from being ready. Later only what is missing does: that a newer
/// version was rolled out, or that somebody has changed the schema by hand, is a warning, as it would else take down all
/// instances at once.
#[derive(Debug, Clone)]
pub(crate) struct MigrationsProbe {
    gate: Gate,
    drift_interval: Option<Duration>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    was_ready: bool,
    /// What came of comparing the schema last, and when.
    compared: Option<(Instant, Readiness)>,
    /// What the last run found; `None` if it could not look.
    word: Option<&'static str>,
}

impl MigrationsProbe {
    pub(crate) fn new(gate: Gate, drift_interval: Option<Duration>) -> Self {
        Self { gate, drift_interval, seen: Arc::default() }
    }

    async fn look(&self) -> Outcome {
        let compares = self.drift_interval.is_some_and(|interval| self.seen(|seen| seen.is_due(interval)));
        let gate = if compares { self.gate.clone() } else { self.gate.clone().without_drift() };
        let found = gate.check().await;
        self.seen(|seen| seen.take(found, compares))
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seen {
    /// Before the first time that it is ready, always: so it is as soon as somebody has mended the schema.
    fn is_due(&self, interval: Duration) -> bool {
        !self.was_ready || self.compared.as_ref().is_none_or(|(at, _)| at.elapsed() >= interval)
    }

    fn take(&mut self, found: Result<Readiness, VerifyError>, compared: bool) -> Outcome {
        let found = match found {
            Ok(found) => self.with_schema(found, compared),
            Err(error) => return self.lost(&error),
        };
        if self.word.replace(found.word()) != Some(found.word()) {
            if found.is_ready() {
                tracing::info!("migrations: {found}");
            } else {
                tracing::warn!("migrations: {found}");
            }
        }
        let outcome = match slug(&found) {
            None => Outcome::pass(),
            Some(slug) if self.was_ready && !found.lacks_something() => Outcome::warn(slug),
            Some(slug) => Outcome::fail(slug),
        };
        self.was_ready |= found.is_ready();
        outcome.with_facts(json!({ "state": found.word(), "reason": found.to_string() }))
    }

    /// What was found, or that the schema was another when it was compared last.
    fn with_schema(&mut self, found: Readiness, compared: bool) -> Readiness {
        if compared {
            self.compared = Some((Instant::now(), found.clone()));
        }
        match &self.compared {
            Some((_, drifted @ Readiness::Drifted { .. })) if found.is_ready() => drifted.clone(),
            _ => found,
        }
    }

    fn lost(&mut self, error: &VerifyError) -> Outcome {
        if self.word.take().is_some() || !self.was_ready {
            tracing::warn!(error = error as &dyn std::error::Error, "migrations cannot be looked at");
        }
        // A database that does not answer is the business of another check.
        if self.was_ready { Outcome::warn("migrations_unknown") } else { Outcome::fail("migrations_unknown") }
    }
}

/// Why it is not ready, in one word.
fn slug(found: &Readiness) -> Option<&'static str> {
    match found {
        Readiness::Ready { .. } => None,
        Readiness::Pending { .. } => Some("migrations_pending"),
        Readiness::Drifted { .. } => Some("schema_drifted"),
        Readiness::Newer { .. } => Some("migrations_newer"),
        Readiness::Interrupted { .. } => Some("migration_interrupted"),
        _ => Some("migrations_conflict"),
    }
}

impl Probe for MigrationsProbe {
    fn name(&self) -> &'static str {
        "migrations"
    }

    /// Every 10 s, with time to read a large schema. One look decides: what it reads does not come and go.
    fn schedule(&self) -> Schedule {
        let mut schedule = Schedule::default();
        (schedule.interval, schedule.timeout) = (Duration::from_secs(10), Duration::from_secs(20));
        (schedule.fails_to_down, schedule.oks_to_up) = (NonZeroU32::MIN, NonZeroU32::MIN);
        schedule
    }

    fn run(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(self.look())
    }
}

impl Source for MigrationsProbe {
    fn name(&self) -> &'static str {
        "migrations"
    }

    fn families(&self) -> Vec<Family> {
        let word = self.seen(|seen| seen.word).unwrap_or("unknown");
        let labels: Labels = [("state", word)].into();
        vec![gauge(
            "pgkeel_migrations_state",
            "What the last look at the migrations found, as a label; always 1.",
            [(labels, 1_u64)],
        )]
    }
}

#[cfg(test)]
mod tests {
    use pgkeel_health::Status;
    use pgkeel_migrate::{Fingerprint, SchemaCheck};

    use super::*;

    fn ready() -> Readiness {
        Readiness::Ready { applied: 1, schema: SchemaCheck::AsExpected }
    }

    fn drifted() -> Readiness {
        let (expected, found) = (Fingerprint::of("a"), Fingerprint::of("b"));
        Readiness::Drifted { against: "the lock file", expected, found }
    }

    fn newer() -> Readiness {
        Readiness::Newer { versions: vec![2] }
    }

    fn pending() -> Readiness {
        Readiness::Pending { files: vec!["V1__a.sql".into()], is_lacking: true, holder: None }
    }

    fn lost() -> VerifyError {
        VerifyError::NothingApplied
    }

    #[test]
    fn until_it_was_ready_anything_is_a_reason_and_then_only_what_is_missing() {
        let mut seen = Seen::default();
        for found in [Ok(drifted()), Ok(newer()), Ok(pending()), Err(lost())] {
            assert_eq!(seen.take(found, true).status(), Status::Fail);
        }
        assert_eq!(seen.take(Ok(ready()), true).status(), Status::Pass);
        for (found, status) in [
            (Ok(drifted()), Status::Warn),
            (Ok(newer()), Status::Warn),
            (Err(lost()), Status::Warn),
            (Ok(pending()), Status::Fail),
            (Ok(ready()), Status::Pass),
        ] {
            assert_eq!(seen.take(found, true).status(), status);
        }
    }

    #[test]
    fn drift_is_told_until_the_schema_is_compared_again() {
        let mut seen = Seen::default();
        let hour = Duration::from_hours(1);
        assert!(seen.is_due(hour));
        seen.take(Ok(drifted()), true);
        assert!(seen.is_due(hour), "it may be mended by now");
        seen.take(Ok(ready()), true);
        assert!(!seen.is_due(hour) && seen.is_due(Duration::ZERO));
        seen.take(Ok(drifted()), true);
        assert_eq!(seen.take(Ok(ready()), false).status(), Status::Warn);
        assert_eq!(seen.take(Ok(ready()), true).status(), Status::Pass);
    }
}
