use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::counts::Snapshot;
use crate::{Config, PoolTimes};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Total(AtomicU64);

impl Total {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What has happened since the pool was made.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) acquires: Total,
    pub(crate) timeouts: Total,
    pub(crate) overloaded: Total,
    pub(crate) refused: Total,
    pub(crate) found_closed: Total,
    pub(crate) abandoned: Total,
    pub(crate) connects: Total,
    pub(crate) connect_failures: Total,
    pub(crate) recycled: Total,
    pub(crate) lost: Total,
    pub(crate) overflow_closed: Total,
    pub(crate) idle_closed: Total,
    pub(crate) dirty: Total,
    pub(crate) leaks: Total,
    pub(crate) dirty_closed: Total,
    pub(crate) retries: Total,
    pub(crate) retries_refused: Total,
    pub(crate) commits_resolved: Total,
    pub(crate) commits_unknown: Total,
}

/// A pool at one moment. The counts of states are taken in one look, so they always add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Sessions that stay open: the setting `pool.size`.
    pub size: u32,
    /// Sessions that may be opened beyond `size`: the setting `pool.max_overflow`.
    pub max_overflow: u32,
    /// Callers waiting for a session.
    pub waiting: u32,
    /// Sessions being opened.
    pub connecting: u32,
    /// Sessions that are free.
    pub idle: u32,
    /// Sessions in somebody's hands.
    pub in_use: u32,
    /// Sessions being cleaned after a dropped transaction or statement, or checked.
    pub resetting: u32,
    /// Sessions that were told good-bye and whose server process is not gone yet, and those whose sockets are being closed.
    pub closing: u32,
    /// Sessions handed out so far.
    pub acquires_total: u64,
    /// Time that callers have spent getting sessions so far, whatever came of it.
    pub acquire_time_total: Duration,
    /// Callers that got no session in time so far.
    pub timeouts_total: u64,
    /// Callers turned away so far because too many waited.
    pub overloaded_total: u64,
    /// Callers told at once that connecting keeps failing, so far.
    pub refused_total: u64,
    /// Callers that found the pool closed so far, or that were waiting when it was.
    pub found_closed_total: u64,
    /// Callers that gave up by themselves while they waited, so far: their futures were dropped.
    pub abandoned_total: u64,
    /// Connections opened so far.
    pub connects_total: u64,
    /// Time that opening them took.
    pub connect_time_total: Duration,
    /// Connections that could not be opened so far.
    pub connect_failures_total: u64,
    /// Sessions replaced because of their age so far.
    pub recycled_total: u64,
    /// Sessions whose connection was lost so far, in use or free: SQLAlchemy's "invalidated".
    pub lost_total: u64,
    /// Sessions closed at their return because enough were free, so far.
    pub overflow_closed_total: u64,
    /// Sessions closed because nobody had needed them for long, so far.
    pub idle_closed_total: u64,
    /// Sessions that came back with a transaction open, or with a statement that did not end in time, so far.
    pub dirty_total: u64,
    /// Those of them that could not be cleaned and were closed.
    pub dirty_closed_total: u64,
    /// Sessions that were held for longer than `pool.leak_threshold`, so far.
    pub leaks_total: u64,
    /// Transactions and statements that were run again, so far; each time counts.
    pub retries_total: u64,
    /// Those that were not run again because the pool's retry budget was used up, so far.
    pub retries_refused_total: u64,
    /// COMMITs whose answer was lost and of which the server said later what had become of them, so far.
    pub commits_resolved_total: u64,
    /// COMMITs whose answer was lost for good, so far.
    pub commits_unknown_total: u64,
}

impl PoolStats {
    pub(crate) fn of(config: &Config, counts: Snapshot, totals: &Totals, times: &PoolTimes) -> Self {
        Self {
            size: config.size(),
            max_overflow: config.max_overflow(),
            waiting: counts.waiting,
            connecting: counts.connecting,
            idle: counts.idle,
            in_use: counts.in_use,
            resetting: counts.resetting,
            closing: counts.closing,
            acquires_total: totals.acquires.value(),
            acquire_time_total: times.wait.sum(),
            timeouts_total: totals.timeouts.value(),
            overloaded_total: totals.overloaded.value(),
            refused_total: totals.refused.value(),
            found_closed_total: totals.found_closed.value(),
            abandoned_total: totals.abandoned.value(),
            connects_total: totals.connects.value(),
            connect_time_total: times.connect.sum(),
            connect_failures_total: totals.connect_failures.value(),
            recycled_total: totals.recycled.value(),
            lost_total: totals.lost.value(),
            overflow_closed_total: totals.overflow_closed.value(),
            idle_closed_total: totals.idle_closed.value(),
            dirty_total: totals.dirty.value(),
            dirty_closed_total: totals.dirty_closed.value(),
            leaks_total: totals.leaks.value(),
            retries_total: totals.retries.value(),
            retries_refused_total: totals.retries_refused.value(),
            commits_resolved_total: totals.commits_resolved.value(),
            commits_unknown_total: totals.commits_unknown.value(),
        }
    }

    /// Calls for a session so far, whatever came of them; those that still wait are not among them.
    #[must_use]
    pub fn calls_total(&self) -> u64 {
        let in_vain = self.timeouts_total + self.overloaded_total + self.refused_total;
        self.acquires_total + in_vain + self.found_closed_total + self.abandoned_total
    }

    /// All sessions, in whatever state.
    #[must_use]
    pub fn sessions(&self) -> u32 {
        self.connecting + self.idle + self.checked_out() + self.closing
    }

    /// Sessions that are free: SQLAlchemy's `checkedin()`.
    #[must_use]
    pub fn checked_in(&self) -> u32 {
        self.idle
    }

    /// Sessions that are not free: SQLAlchemy's `checkedout()`, which counts those being cleaned as well.
    #[must_use]
    pub fn checked_out(&self) -> u32 {
        self.in_use + self.resetting
    }

    /// Sessions beyond `size`: SQLAlchemy's `overflow()`, which is negative until the pool has filled, and counts a
    /// session no more once it is being closed.
    #[must_use]
    pub fn overflow(&self) -> i64 {
        i64::from(self.sessions() - self.closing) - i64::from(self.size)
    }

    /// The part of the pool that is not free, from 0 to 1.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        f64::from(self.connecting + self.checked_out() + self.closing)
            / f64::from(self.size + self.max_overflow)
    }
}

impl fmt::Display for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, max_overflow, waiting, connecting, idle, in_use, resetting, closing, .. } = self;
        let most = size + max_overflow;
        write!(f, "{in_use} in use, {idle} idle, {connecting} connecting, {resetting} resetting, ")?;
        write!(f, "{closing} closing of at most {most}, ")?;
        write!(f, "{waiting} waiting")
    }
}
