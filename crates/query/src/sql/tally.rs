//! How often texts that are made at run time are run, by reason and place.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

/// As many as there are calls in the program, as long as its reasons are literals.
static RUNS: Mutex<BTreeMap<(&'static str, Location<'static>), u64>> = Mutex::new(BTreeMap::new());

/// How often [`AuditedSql`](crate::AuditedSql) was run at one place for one reason, in this process.
///
/// Both are of the program and not of its data, so they are fit for labels of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditedRuns {
    /// Why the text is made at run time.
    pub reason: &'static str,
    /// Where it is run.
    pub at: Location<'static>,
    /// How often it was sent; whatever became of it.
    pub count: u64,
}

pub(super) fn count(reason: &'static str, at: &Location<'static>) {
    let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    *runs.entry((reason, *at)).or_default() += 1;
}

/// By reason, then by place.
pub(super) fn all() -> Vec<AuditedRuns> {
    let runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    runs.iter().map(|((reason, at), count)| AuditedRuns { reason, at: *at, count: *count }).collect()
}
