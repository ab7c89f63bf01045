use std::time::Duration;

use pgkeel_crypto::KeyId;
use serde::{Serialize, Serializer};

/// How far a worker has come, after each batch of its own. Its figures are for metrics: they only grow.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// The rotation's number.
    pub rotation: i64,
    /// Which pass over the table, from 1 on.
    pub pass: i32,
    /// What this worker has done.
    pub done: Counts,
    /// How many rows this worker has gone through per second, since it began.
    pub rows_per_second: f64,
    /// How many rows the next batch has at most.
    pub batch: u32,
    /// How much of this pass all workers have left, as a part of 1: by the ranges that were cut off, beside the rows that the
    /// statistics know. `None` without statistics.
    pub left: Option<f64>,
    /// How long that takes if it goes on as it did since this worker began.
    pub seconds_left: Option<f64>,
}

/// Exact counts of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Rows that were read, as there is something to do with them: cells that are not under the new key, plaintext. Of an index, all
    /// in each pass.
    pub scanned: u64,
    /// Of these, changed: sealed anew, or whatever the task is.
    pub rewritten: u64,
    /// Of these, changed by somebody else before they were written: left as they are.
    pub cas_lost: u64,
    /// Of these, not opened, or refused.
    pub failed: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.scanned += other.scanned;
        self.rewritten += other.rewritten;
        self.cas_lost += other.cas_lost;
        self.failed += other.failed;
    }
}

/// Measures.
pub(super) struct Meter {
    begun: tokio::time::Instant,
    pub(super) done: Counts,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { begun: tokio::time::Instant::now(), done: Counts::default() }
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(super) fn rows_per_second(&self) -> f64 {
        self.done.scanned as f64 / self.elapsed().as_secs_f64().max(0.001)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
pub(super) fn key_as_text<S: Serializer>(key: &KeyId, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(key)
}

pub(super) fn keys_as_text<'k, S: Serializer>(
    keys: impl IntoIterator<Item = (&'k KeyId, &'k u64)>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(keys.into_iter().map(|(key, cells)| (key.to_string(), cells)))
}
