//! A pool's figures, in answers and metrics.

use pgkeel_pool::{Histogram, Pool, PoolStats, PoolTimes, SlowQuery};
use serde_json::{Value, json};

use crate::metrics::{Distribution, Family, Labels, Source, counter, gauge, histogram};
use crate::probe::Status;
use crate::sampling::ClientStatements;
use crate::view::View;

/// Shows a pool's figures in answers and metrics, and its slow statements: give a clone each to `view`, `source` and
/// `statements` of a monitor.
#[derive(Clone, Debug)]
pub struct PoolWatch {
    name: String,
    pool: Pool,
}

impl PoolWatch {
    /// Shows this pool under this name: lower case letters, digits, `_` and `-`.
    #[must_use]
    pub fn new(name: impl Into<String>, pool: Pool) -> Self {
        Self { name: name.into(), pool }
    }
}

impl View for PoolWatch {
    fn name(&self) -> &str {
        &self.name
    }

    /// Warns while callers wait because every session is out.
    fn json(&self) -> (Status, Value) {
        let stats = self.pool.stats();
        let is_full = stats.sessions() >= stats.size + stats.max_overflow;
        let verdict = if stats.waiting > 0 && is_full { Status::Warn } else { Status::Pass };
        (verdict, figures(&stats))
    }
}

impl ClientStatements for PoolWatch {
    fn name(&self) -> &str {
        &self.name
    }

    fn slow_queries(&self) -> Vec<SlowQuery> {
        self.pool.slow_queries()
    }
}

/// The names that SQLAlchemy has for them come first.
fn figures(stats: &PoolStats) -> Value {
    json!({
        "size": stats.size,
        "checked_in": stats.checked_in(),
        "checked_out": stats.checked_out(),
        "overflow": stats.overflow(),
        "invalidated": stats.lost_total,
        "max_overflow": stats.max_overflow,
        "sessions": stats.sessions(),
        "states": {
            "connecting": stats.connecting,
            "idle": stats.idle,
            "in_use": stats.in_use,
            "resetting": stats.resetting,
            "closing": stats.closing,
        },
        "waiting": stats.waiting,
        "utilisation": stats.utilisation(),
        "totals": {
            "acquires": stats.acquires_total,
            "acquire_seconds": stats.acquire_time_total.as_secs_f64(),
            "timeouts": stats.timeouts_total,
            "overloaded": stats.overloaded_total,
            "refused": stats.refused_total,
            "found_closed": stats.found_closed_total,
            "abandoned": stats.abandoned_total,
            "connects": stats.connects_total,
            "connect_seconds": stats.connect_time_total.as_secs_f64(),
            "connect_failures": stats.connect_failures_total,
            "recycled": stats.recycled_total,
            "overflow_closed": stats.overflow_closed_total,
            "idle_closed": stats.idle_closed_total,
            "dirty": stats.dirty_total,
            "leaks": stats.leaks_total,
        },
    })
}

const POOL: &str = "pool";

/// OpenTelemetry's own names (`db_client_connection_count`) break the rules of Prometheus, where `_count` belongs to
/// histograms.
impl Source for PoolWatch {
    fn name(&self) -> &str {
        &self.name
    }

    fn families(&self) -> Vec<Family> {
        let stats = self.pool.stats();
        let mut families = gauges(&self.name, &stats);
        families.extend(counters(&self.name, &stats));
        families.extend(times(&self.name, &self.pool.times()));
        families
    }
}

fn gauges(pool: &str, stats: &PoolStats) -> Vec<Family> {
    let one = |name, help, value: u32| gauge(name, help, [([(POOL, pool)], value)]);
    let in_state = |state, value: u32| (Labels::from([(POOL, pool), ("state", state)]), value);
    vec![
        gauge(
            "pgkeel_pool_sessions",
            "Sessions of the pool by state.",
            [
                in_state("connecting", stats.connecting),
                in_state("idle", stats.idle),
                in_state("in_use", stats.in_use),
                in_state("resetting", stats.resetting),
                in_state("closing", stats.closing),
            ],
        ),
        one("pgkeel_pool_sessions_max", "Sessions that the pool may have.", stats.size + stats.max_overflow),
        one("pgkeel_pool_size", "Sessions that stay open when they are free.", stats.size),
        one("pgkeel_pool_waiting", "Callers waiting for a session.", stats.waiting),
    ]
}

fn times(pool: &str, times: &PoolTimes) -> [Family; 4] {
    let one = |name, help, times: &Histogram| histogram(name, help, [([(POOL, pool)], distribution(times))]);
    [
        one("pgkeel_pool_acquire_seconds", "Time that callers spent getting a session.", &times.wait),
        one("pgkeel_pool_connect_seconds", "Time that opening a connection took.", &times.connect),
        one("pgkeel_pool_hold_seconds", "Time for which sessions were held.", &times.held),
        one("pgkeel_pool_reset_seconds", "Time that cleaning a session took.", &times.reset),
    ]
}

fn distribution(times: &Histogram) -> Distribution {
    let bounds: Vec<f64> = Histogram::bounds().map(|bound| bound.as_secs_f64()).collect();
    Distribution::of_counts(&bounds, times.counts(), times.sum())
}

fn counters(pool: &str, stats: &PoolStats) -> Vec<Family> {
    let one = |name, help, value: u64| counter(name, help, [([(POOL, pool)], value)]);
    let because = |reason, value: u64| (Labels::from([(POOL, pool), ("reason", reason)]), value);
    vec![
        one("pgkeel_pool_timeouts_total", "Callers that got no session in time.", stats.timeouts_total),
        one(
            "pgkeel_pool_overloaded_total",
            "Callers turned away as too many waited.",
            stats.overloaded_total,
        ),
        one(
            "pgkeel_pool_refused_total",
            "Callers told at once that connecting keeps failing.",
            stats.refused_total,
        ),
        one(
            "pgkeel_pool_found_closed_total",
            "Callers turned away as the pool was closed.",
            stats.found_closed_total,
        ),
        one(
            "pgkeel_pool_abandoned_total",
            "Callers that gave up by themselves while they waited.",
            stats.abandoned_total,
        ),
        one("pgkeel_pool_acquires_total", "Sessions handed out.", stats.acquires_total),
        one("pgkeel_pool_connects_total", "Connections opened.", stats.connects_total),
        one(
            "pgkeel_pool_connect_failures_total",
            "Connections that could not be opened.",
            stats.connect_failures_total,
        ),
        counter(
            "pgkeel_pool_closed_total",
            "Sessions closed: too old, found dead, or not needed any more.",
            [
                because("age", stats.recycled_total),
                because("lost", stats.lost_total),
                because("overflow", stats.overflow_closed_total),
                because("idle", stats.idle_closed_total),
            ],
        ),
        one(
            "pgkeel_pool_leaks_total",
            "Sessions held for longer than pool.leak_threshold.",
            stats.leaks_total,
        ),
        one(
            "pgkeel_pool_dirty_total",
            "Sessions that came back with something left open.",
            stats.dirty_total,
        ),
    ]
}
