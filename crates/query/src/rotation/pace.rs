//! How many rows a batch has.

use std::time::Duration;

/// The first batch: enough to learn from, and few should its values be large.
const FIRST: u32 = 64;

/// So long a batch may take to write: its rows are locked meanwhile. With a wait for a lock, and on a machine that is twice as slow
/// as it was a moment ago, it is below 200 ms.
const WRITING: Duration = Duration::from_millis(40);

/// So many bytes of cells are read at once.
const MOST_BYTES: usize = 8 << 20;

/// How large batches are by now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    batch: u32,
    most: u32,
}

impl Pace {
    /// With batches of at most so many rows.
    pub(super) fn new(most: u32) -> Self {
        let most = most.max(1);
        Self { batch: FIRST.min(most), most }
    }

    pub(super) fn batch(self) -> u32 {
        self.batch
    }

    /// Learns from a batch that was written: by how many bytes it had and how long it took.
    pub(super) fn learn(&mut self, rows: usize, bytes: usize, took: Duration) {
        if took > WRITING || bytes > MOST_BYTES {
            self.halve();
        } else if rows >= self.batch as usize && took < WRITING / 2 && bytes < MOST_BYTES / 2 {
            self.batch = self.batch.saturating_mul(2).min(self.most);
        }
    }

    /// Fewer rows next time: something was in the way.
    pub(super) fn halve(&mut self) {
        self.batch = (self.batch / 2).max(1);
    }

    /// Half of so many rows next time: one of them was in the way.
    pub(super) fn fewer_than(&mut self, rows: usize) {
        self.batch = u32::try_from(rows / 2).unwrap_or(u32::MAX).clamp(1, self.batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_while_they_are_quick_and_shrink_where_they_are_not() {
        let mut pace = Pace::new(300);
        let quick = Duration::from_millis(1);
        for expected in [128, 256, 300, 300] {
            pace.learn(pace.batch() as usize, 1000, quick);
            assert_eq!(pace.batch(), expected);
        }
        pace.learn(300, 1000, WRITING * 2);
        assert_eq!(pace.batch(), 150);
        pace.learn(150, MOST_BYTES + 1, quick);
        assert_eq!(pace.batch(), 75);
        pace.learn(10, 1000, quick); // the last of a range tells nothing
        assert_eq!(pace.batch(), 75);
        for _ in 0..10 {
            pace.halve();
        }
        assert_eq!(pace.batch(), 1);
    }
}
