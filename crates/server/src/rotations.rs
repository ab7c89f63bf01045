//! How far rotations of keys are, for dashboards and alerts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pgkeel_connect::{Config, Executor as _, dial};
use pgkeel_health::{BoxFuture, Family, Labels, Outcome, Probe, Schedule, Source, Weight, counter, gauge};
use pgkeel_query::Error;
use pgkeel_query::rotation::{Counts, RotationState, RotationStatus, newest_rotations};
use serde_json::json;

/// Whether there are tables to read, and this role may.
const IS_SET_UP: &str = "select exists (
    select from pg_catalog.pg_class as class join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
    where space.nspname = 'pgkeel' and class.relname = 'rotation'
        and has_schema_privilege(space.oid, 'usage') and has_table_privilege(class.oid, 'select'))";

/// In seconds: workers that were not heard of for so long are none.
const LOST: f64 = 60.0;

/// Reads what workers have written down of their rotations, wherever they run. Clones share what they know.
///
/// It has something to tell once the tables are there (`pgkeel keys setup`).
#[derive(Debug, Clone)]
pub(crate) struct RotationsProbe {
    connect: Config,
    /// Of each column and task the newest.
    seen: Arc<Mutex<Vec<RotationStatus>>>,
}

impl RotationsProbe {
    pub(crate) fn new(connect: Config) -> Self {
        Self { connect, seen: Arc::default() }
    }

    async fn look(&self) -> Outcome {
        match self.read().await {
            Ok(read) => {
                let outcome = outcome(&read);
                *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = read;
                outcome
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "rotations cannot be looked at");
                Outcome::warn("rotations_unknown")
            }
        }
    }

    async fn read(&self) -> Result<Vec<RotationStatus>, Error> {
        let connection = dial(&self.connect).await?;
        let is_set_up = connection.query_scalar::<bool>(IS_SET_UP, &[]).await?;
        let read = if is_set_up { newest_rotations(&connection).await? } else { Vec::new() };
        connection.close().await;
        Ok(read)
    }

    fn samples<N>(&self, number: impl Fn(&RotationStatus) -> N) -> Vec<(Labels, N)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().map(|rotation| (labels(rotation, None), number(rotation))).collect()
    }
}

fn outcome(rotations: &[RotationStatus]) -> Outcome {
    let is = |state| rotations.iter().any(|rotation| rotation.state == state);
    let is_stalled = |rotation: &RotationStatus| {
        rotation.state == RotationState::Running && rotation.workers == 0 && rotation.seconds > LOST
    };
    let stalled = rotations.iter().any(is_stalled);
    let outcome = if stalled {
        Outcome::warn("rotation_stalled")
    } else if is(RotationState::Unsettled) {
        Outcome::warn("rotation_unsettled")
    } else {
        Outcome::pass()
    };
    outcome.with_facts(json!(rotations))
}

fn labels(rotation: &RotationStatus, result: Option<&str>) -> Labels {
    let other = rotation.other_column.clone().unwrap_or_default();
    let pairs = [
        ("column", rotation.column.clone()),
        ("task", rotation.task.to_string()),
        ("other_column", other),
        ("key", rotation.to_key.to_string()),
    ];
    match result {
        None => pairs.into(),
        Some(result) => {
            let [column, task, other, key] = pairs;
            [column, task, other, key, ("result", result.to_owned())].into()
        }
    }
}

/// By what became of them.
fn results(counts: Counts) -> [(&'static str, u64); 4] {
    let Counts { scanned, rewritten, cas_lost, failed, .. } = counts;
    [("scanned", scanned), ("rewritten", rewritten), ("changed_meanwhile", cas_lost), ("failed", failed)]
}

impl Probe for RotationsProbe {
    fn name(&self) -> &'static str {
        "rotations"
    }

    /// Every 15 s. A few rows of tables that are hardly written to.
    fn schedule(&self) -> Schedule {
        let mut schedule = Schedule::default();
        (schedule.interval, schedule.timeout) = (Duration::from_secs(15), Duration::from_secs(5));
        schedule
    }

    /// Nobody is served worse while keys are rotated.
    fn weight(&self) -> Weight {
        Weight::Advisory
    }

    fn run(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(self.look())
    }
}

impl Source for RotationsProbe {
    fn name(&self) -> &'static str {
        "rotations"
    }

    fn families(&self) -> Vec<Family> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rows = seen.iter().flat_map(|rotation| {
            results(rotation.counts).map(|(result, rows)| (labels(rotation, Some(result)), rows))
        });
        vec![
            counter(
                "pgkeel_rotation_rows_total",
                "Rows that the newest rotation of a column has gone through, by result.",
                rows,
            ),
            gauge(
                "pgkeel_rotation_running",
                "1 while it runs or is paused, 0 once it has ended.",
                self.samples(|rotation| {
                    u64::from(matches!(rotation.state, RotationState::Running | RotationState::Paused))
                }),
            ),
            gauge(
                "pgkeel_rotation_workers",
                "Ranges that were worked on within the last minute.",
                self.samples(|rotation| rotation.workers),
            ),
            gauge(
                "pgkeel_rotation_seconds",
                "How long it has taken.",
                self.samples(|rotation| rotation.seconds),
            ),
        ]
    }
}
