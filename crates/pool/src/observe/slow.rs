use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How many are kept; older ones make room.
const MOST_KEPT: usize = 200;

/// A statement that took at least `pool.slow_query_threshold`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowQuery {
    /// Its text, every literal as `?`.
    pub text: String,
    /// What may be told of its parameters, the first 100 in their order: types, which are null, about how large the others
    /// are; then how many more there are. Empty of streams, copies and batches.
    pub params: Vec<String>,
    /// Rows that it gave or touched; 0 if it failed, and of a copy out, whose rows are not counted.
    pub rows: u64,
    /// From sending it to its last row, without the wait for a session.
    pub took: Duration,
    /// The wait for the session that it ran on.
    pub waited: Duration,
    /// When it ended.
    pub ended: SystemTime,
    /// Whether it failed.
    pub failed: bool,
    /// Where in the program it was run, unless the pool ran it by itself.
    pub site: Option<&'static Location<'static>>,
}

impl SlowQuery {
    /// A statement that has just ended well and waited for no session; `text` is without values already.
    #[must_use]
    pub fn new(text: impl Into<String>, took: Duration) -> Self {
        Self {
            text: text.into(),
            params: Vec::new(),
            rows: 0,
            took,
            waited: Duration::ZERO,
            ended: SystemTime::now(),
            failed: false,
            site: None,
        }
    }
}

/// The latest slow statements.
#[derive(Debug, Default)]
pub(crate) struct SlowQueries {
    kept: Mutex<VecDeque<SlowQuery>>,
}

impl SlowQueries {
    pub(crate) fn keep(&self, slow: SlowQuery) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == MOST_KEPT {
            kept.pop_front();
        }
        kept.push_back(slow);
    }

    /// The slowest first.
    pub(crate) fn list(&self) -> Vec<SlowQuery> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<SlowQuery> = kept.iter().cloned().collect();
        drop(kept);
        list.sort_by_key(|slow| std::cmp::Reverse(slow.took));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_come_first_and_the_oldest_make_room() {
        let slow = SlowQueries::default();
        for millis in 1..=300 {
            slow.keep(SlowQuery::new("select ?", Duration::from_millis(300 - millis)));
        }
        let list = slow.list();
        assert_eq!((list.len(), list[0].took), (200, Duration::from_millis(199)));
    }
}
