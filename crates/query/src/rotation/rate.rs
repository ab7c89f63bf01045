use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many rows all workers together may go through per second.
#[derive(Debug)]
pub(super) struct Rate {
    rows_per_second: NonZeroU32,
    /// When what was gone through so far is paid for.
    due: Mutex<Option<Instant>>,
}

impl Rate {
    pub(super) fn new(rows_per_second: NonZeroU32) -> Self {
        Self { rows_per_second, due: Mutex::new(None) }
    }

    /// So many rows a batch has at most: no more than a quarter of a second's, so that nobody waits long for the others.
    pub(super) fn most_rows(&self) -> u32 {
        (self.rows_per_second.get() / 4).max(1)
    }

    /// How long to rest behind so many rows, of a batch that was begun then.
    pub(super) fn rest(&self, rows: usize, begun: Instant) -> Duration {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        let takes = Duration::from_secs(1).saturating_mul(rows) / self.rows_per_second.get();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        // What nobody has used is not saved up.
        let until = due.map_or(begun, |due| due.max(begun)) + takes;
        *due = Some(until);
        until.saturating_duration_since(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: usize = 10;

    fn ten_rows_per_second() -> Rate {
        Rate::new(NonZeroU32::new(10).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn one_worker_has_what_others_do_not_use() {
        let (rate, begun) = (ten_rows_per_second(), Instant::now());
        let (first, second) = (rate.rest(ROWS, begun), rate.rest(ROWS, begun));
        assert_eq!((first, second), (Duration::from_secs(1), Duration::from_secs(2)));
        tokio::time::sleep(second).await;
        // One has nothing to do any more; the other one goes on alone.
        for _ in 0..3 {
            let rest = rate.rest(ROWS, Instant::now());
            assert_eq!(rest, Duration::from_secs(1));
            tokio::time::sleep(rest).await;
        }
        assert_eq!(begun.elapsed(), Duration::from_secs(5), "50 rows by two and one");
    }

    #[tokio::test(start_paused = true)]
    async fn work_counts_as_rest_and_idleness_is_not_saved_up() {
        let (rate, begun) = (ten_rows_per_second(), Instant::now());
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(rate.rest(ROWS, begun), Duration::from_millis(700));
        tokio::time::sleep(Duration::from_mins(1)).await;
        let begun = Instant::now();
        assert_eq!(rate.rest(ROWS, begun) + rate.rest(ROWS, begun), Duration::from_secs(3));
    }

    #[test]
    fn a_batch_is_a_part_of_what_a_second_has() {
        let most = |rate: u32| Rate::new(NonZeroU32::new(rate).unwrap()).most_rows();
        assert_eq!([most(1), most(20), most(4_000)], [1, 5, 1_000]);
    }
}
