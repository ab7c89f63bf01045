//! A pool as it is watched: its figures in answers, its metrics, its slow statements.

use pgkeel_pool::{Pool, PoolStats, SlowQuery};
use serde_json::{Value, json};

use super::{pool_metrics, statement_metrics};
use crate::metrics::{Family, Source};
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
            "dirty_closed": stats.dirty_closed_total,
            "leaks": stats.leaks_total,
            "retries": stats.retries_total,
            "retries_refused": stats.retries_refused_total,
            "commits_resolved": stats.commits_resolved_total,
            "commits_unknown": stats.commits_unknown_total,
        },
    })
}

impl Source for PoolWatch {
    fn name(&self) -> &str {
        &self.name
    }

    fn families(&self) -> Vec<Family> {
        let mut families = pool_metrics::families(&self.name, &self.pool.stats(), &self.pool.times());
        families.extend(statement_metrics::families(&self.name, &self.pool.statement_stats()));
        families
    }
}
