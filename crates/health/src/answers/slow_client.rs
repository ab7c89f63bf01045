//! Slow statements of this process, runs of one text together.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use crate::monitor::Monitor;
use pgkeel_pool::SlowQuery;

/// The slow runs of one statement that are remembered; quick ones are in nobody's memory.
#[derive(Debug)]
pub(crate) struct Repeated {
    pub(crate) pool: String,
    pub(crate) text: String,
    pub(crate) runs: u32,
    pub(crate) failed: u32,
    pub(crate) total: Duration,
    pub(crate) rows: u64,
    pub(crate) slowest: Duration,
    /// Of the slowest run: what may be told of its parameters, and where in the program it was.
    pub(crate) params: Vec<String>,
    pub(crate) site: Option<String>,
    /// For sessions, all runs together.
    pub(crate) waited: Duration,
    pub(crate) last: SystemTime,
}

impl Repeated {
    fn first(pool: &str, query: &SlowQuery) -> Self {
        let zero = Duration::ZERO;
        let (pool, text, last) = (pool.to_owned(), query.text.clone(), query.ended);
        Self {
            pool,
            text,
            runs: 0,
            failed: 0,
            total: zero,
            rows: 0,
            slowest: zero,
            params: Vec::new(),
            site: None,
            waited: zero,
            last,
        }
    }

    fn add(&mut self, query: &SlowQuery) {
        self.runs += 1;
        self.failed += u32::from(query.failed);
        self.total += query.took;
        self.rows += query.rows;
        if query.took >= self.slowest {
            self.slowest = query.took;
            self.params.clone_from(&query.params);
            self.site = query.site.map(ToString::to_string);
        }
        self.waited += query.waited;
        self.last = self.last.max(query.ended);
    }

    pub(crate) fn mean(&self) -> Duration {
        self.total.checked_div(self.runs).unwrap_or_default()
    }
}

/// Of all pools, those that took the most time first.
pub(crate) fn repeated(monitor: &Monitor) -> Vec<Repeated> {
    let mut all: Vec<_> = monitor.statements().flat_map(|pool| summed(pool.name(), &read(pool))).collect();
    all.sort_by_key(|statement| std::cmp::Reverse(statement.total));
    all
}

/// A pool that panics has nothing to say.
fn read(pool: &dyn crate::sampling::ClientStatements) -> Vec<SlowQuery> {
    catch_unwind(AssertUnwindSafe(|| pool.slow_queries())).unwrap_or_else(|_panic| {
        tracing::error!(pool = pool.name(), "slow statements of a pool are missing: it panicked");
        Vec::new()
    })
}

fn summed(pool: &str, queries: &[SlowQuery]) -> Vec<Repeated> {
    let mut by_text: BTreeMap<&str, Repeated> = BTreeMap::new();
    for query in queries {
        by_text.entry(&query.text).or_insert_with(|| Repeated::first(pool, query)).add(query);
    }
    by_text.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_text_are_one_row() {
        let run = |text, seconds| SlowQuery::new(text, Duration::from_secs(seconds));
        let rows = summed("main", &[run("a", 2), run("b", 1), run("a", 4)]);
        let rows: Vec<_> = rows.iter().map(|row| (&*row.text, row.runs, row.mean().as_secs())).collect();
        assert_eq!(rows, [("a", 2, 3), ("b", 1, 1)]);
    }
}
