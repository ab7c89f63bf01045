use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Fingerprint;
use crate::Histogram;
use crate::histogram::Recorder;
use crate::moment::Moment;
use crate::stats::Total;

/// How often a statement was run and how long it took, counted by whoever runs it.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    times: Recorder,
    rows: Total,
    failed: Total,
    abandoned: Total,
    slowest_nanos: AtomicU64,
    /// When it was counted last, as the number of that moment.
    last: AtomicU64,
}

impl Figures {
    /// A run that has come to its end.
    pub(crate) fn ended(&self, took: Duration, rows: u64, failed: bool, at: Moment) {
        self.times.record(took);
        self.rows.add(rows);
        if failed {
            self.failed.add_one();
        }
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if nanos > self.slowest_nanos.load(Ordering::Relaxed) {
            self.slowest_nanos.fetch_max(nanos, Ordering::Relaxed);
        }
        self.last.store(at.number(), Ordering::Relaxed);
    }

    /// A run whose future was dropped before.
    pub(crate) fn abandoned(&self, at: Moment) {
        self.abandoned.add_one();
        self.last.store(at.number(), Ordering::Relaxed);
    }

    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// Takes over what another one has counted.
    pub(super) fn add(&self, other: &Self) {
        self.times.add(&other.times);
        self.rows.add(other.rows.value());
        self.failed.add(other.failed.value());
        self.abandoned.add(other.abandoned.value());
        self.slowest_nanos.fetch_max(other.slowest_nanos.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.times.snapshot().count() == 0 && self.abandoned.value() == 0
    }

    pub(super) fn stats(&self, operation: &'static str, text: Option<&str>) -> StatementStats {
        StatementStats {
            operation,
            fingerprint: Fingerprint::of(text.unwrap_or_default()),
            text: text.map(str::to_owned),
            times: self.times.snapshot(),
            rows: self.rows.value(),
            failed: self.failed.value(),
            abandoned: self.abandoned.value(),
            slowest: Duration::from_nanos(self.slowest_nanos.load(Ordering::Relaxed)),
        }
    }
}

/// One kind of statement: all that differ in nothing but their literals, their white space and the length of their lists.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StatementStats {
    /// What tells this kind from others. It stays the same as long as the text does, in every process.
    pub fingerprint: Fingerprint,
    /// The first word in capitals, if it is one of a dozen; else `OTHER`.
    pub operation: &'static str,
    /// The text without its values; a batch has the different texts in it, once each. `None` of the entry in which those
    /// of an operation are counted together that have no room.
    pub text: Option<String>,
    /// How many runs came to an end, the failed ones among them, and how long they took: from sending to the last row,
    /// without the wait for a session.
    pub times: Histogram,
    /// Rows that were given or touched by runs that ended well; those of a copy out are not counted.
    pub rows: u64,
    /// Runs that ended with an error.
    pub failed: u64,
    /// Runs whose future was dropped before they came to an end. They are not among `times`.
    pub abandoned: u64,
    /// The longest run.
    pub slowest: Duration,
}
