use pgkeel_crypto::KeyId;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

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
    /// How much of this pass all workers have left, as a part of 1: by the ranges that are done, and what was read of the others when this
    /// worker took its range, and of this one since; beside the rows that the statistics know. `None` without statistics.
    pub left: Option<f64>,
    /// How long that takes if it goes on as it did since this worker came to this pass.
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
    begun: Instant,
    pub(super) done: Counts,
    pass: Option<Pass>,
}

/// A pass as a worker came to it.
struct Pass {
    number: i32,
    begun: Instant,
    left: f64,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), done: Counts::default(), pass: None }
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(super) fn rows_per_second(&self) -> f64 {
        self.done.scanned as f64 / self.begun.elapsed().as_secs_f64().max(0.001)
    }

    /// Of a pass that had so much left when this worker came to it, unless it is known already.
    pub(super) fn come_to(&mut self, number: i32, left: Option<f64>) {
        if self.pass.as_ref().is_none_or(|pass| pass.number != number) {
            self.pass = left.map(|left| Pass { number, begun: Instant::now(), left });
        }
    }

    /// How long it takes until nothing is left of the pass.
    pub(super) fn seconds_left(&self, left: f64) -> Option<f64> {
        let pass = self.pass.as_ref()?;
        let done = pass.left - left;
        (done > 0.0).then(|| pass.begun.elapsed().as_secs_f64() * left / done)
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
