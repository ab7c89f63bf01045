//! A pool's figures as metrics.
//!
//! OpenTelemetry's own names (`db_client_connection_count`) break the rules of Prometheus, where `_count` belongs to
//! histograms.

use pgkeel_pool::{Histogram, PoolStats, PoolTimes};

use crate::metrics::{Distribution, Family, Labels, counter, gauge, histogram};

/// The label that names the pool.
pub(super) const POOL: &str = "pool";

/// All of one pool.
pub(super) fn families(pool: &str, stats: &PoolStats, times: &PoolTimes) -> Vec<Family> {
    let mut families = gauges(pool, stats);
    families.extend(calls(pool, stats));
    families.extend(sessions(pool, stats));
    families.extend(transactions(pool, stats));
    families.extend(durations(pool, times));
    families
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

fn durations(pool: &str, times: &PoolTimes) -> [Family; 4] {
    let one = |name, help, times: &Histogram| histogram(name, help, [([(POOL, pool)], distribution(times))]);
    [
        one("pgkeel_pool_acquire_seconds", "Time that callers spent getting a session.", &times.wait),
        one("pgkeel_pool_connect_seconds", "Time that opening a connection took.", &times.connect),
        one("pgkeel_pool_hold_seconds", "Time for which sessions were held.", &times.held),
        one("pgkeel_pool_reset_seconds", "Time that cleaning a session took.", &times.reset),
    ]
}

pub(super) fn distribution(times: &Histogram) -> Distribution {
    let bounds: Vec<f64> = Histogram::bounds().map(|bound| bound.as_secs_f64()).collect();
    Distribution::of_counts(&bounds, times.counts(), times.sum())
}

/// What became of calls for a session.
fn calls(pool: &str, stats: &PoolStats) -> [Family; 6] {
    let one = |name, help, value: u64| counter(name, help, [([(POOL, pool)], value)]);
    [
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
    ]
}

/// What became of sessions.
fn sessions(pool: &str, stats: &PoolStats) -> [Family; 6] {
    let one = |name, help, value: u64| counter(name, help, [([(POOL, pool)], value)]);
    let because = |reason, value: u64| (Labels::from([(POOL, pool), ("reason", reason)]), value);
    [
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
        one(
            "pgkeel_pool_dirty_closed_total",
            "Those of them that could not be cleaned and were closed.",
            stats.dirty_closed_total,
        ),
    ]
}

/// What was run again, and COMMITs that got no answer.
fn transactions(pool: &str, stats: &PoolStats) -> [Family; 4] {
    let one = |name, help, value: u64| counter(name, help, [([(POOL, pool)], value)]);
    [
        one("pgkeel_pool_retries_total", "Times something was run again.", stats.retries_total),
        one(
            "pgkeel_pool_retries_refused_total",
            "Times something was not run again as the retry budget was used up.",
            stats.retries_refused_total,
        ),
        one(
            "pgkeel_pool_commits_resolved_total",
            "Lost COMMITs of which the server said what had become of them.",
            stats.commits_resolved_total,
        ),
        one(
            "pgkeel_pool_commits_unknown_total",
            "Lost COMMITs of which nobody could say what had become of them.",
            stats.commits_unknown_total,
        ),
    ]
}
