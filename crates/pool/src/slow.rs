//! Statements that took long, as this process saw them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::fingerprint;

/// How many are kept; older ones make room.
const MOST_KEPT: usize = 200;

/// A statement that took at least `pool.slow_query_threshold`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowQuery {
    /// Its text, every literal as `?`.
    pub text: String,
    /// From sending it to its last row, without the wait for a session.
    pub took: Duration,
    /// The wait for the session that it ran on.
    pub waited: Duration,
    /// When it ended.
    pub ended: SystemTime,
    /// Whether it failed.
    pub failed: bool,
}

impl SlowQuery {
    /// A statement that has just ended well and waited for no session; `text` is without values already.
    #[must_use]
    pub fn new(text: impl Into<String>, took: Duration) -> Self {
        Self { text: text.into(), took, waited: Duration::ZERO, ended: SystemTime::now(), failed: false }
    }
}

/// The latest slow statements.
#[derive(Debug, Default)]
pub(crate) struct SlowQueries {
    kept: Mutex<VecDeque<SlowQuery>>,
}

impl SlowQueries {
    /// Keeps a statement that took long.
    #[cold]
    pub(crate) fn keep(&self, sql: &str, took: Duration, waited: Duration, failed: bool) {
        let text = fingerprint::without_values(sql);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(statement = %text, took_ms, "a slow statement");
        let slow = SlowQuery { waited, failed, ..SlowQuery::new(text, took) };
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
            slow.keep("select 'secret'", Duration::from_millis(300 - millis), Duration::ZERO, false);
        }
        let list = slow.list();
        assert_eq!((list.len(), list[0].took, &*list[0].text), (200, Duration::from_millis(199), "select ?"));
    }
}
