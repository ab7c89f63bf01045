//! What Flyway's rows come to, in the order in which they were written.
//!
//! A row says that a file was applied, that one was undone (`UNDO_…`), that one went away (`DELETE`), that what is up to a
//! version was there before (`BASELINE`, and `…_BASELINE`, once `…_STATE_SCRIPT`, for a file that has the whole schema),
//! or that a schema was made (`SCHEMA`). Rows without a version are of repeatable files. (Flyway 13:
//! `CoreMigrationType.java`, `BaselineMigrationType.java`.)

use super::table::Record;
use super::version::{canonical, order};

/// What is applied now.
#[derive(Debug, Default)]
pub(super) struct Sum {
    /// The newest row of each version.
    pub(super) applied: Vec<Record>,
    /// All up to this version was there before.
    pub(super) baseline: Option<String>,
}

pub(super) fn sum(rows: Vec<Record>) -> Sum {
    let mut sum = Sum::default();
    for row in rows {
        let Some(version) = row.version.clone() else {
            sum.applied.extend(row.is_failed.then_some(row));
            continue;
        };
        let is_same = |other: &Record| other.version.as_deref().map(canonical) == Some(canonical(&version));
        sum.applied.retain(|other| !is_same(other));
        match row.kind.as_str() {
            "SCHEMA" | "DELETE" => {}
            kind if kind.starts_with("UNDO") && !row.is_failed => {}
            kind if is_baseline(kind) && !row.is_failed => {
                let is_newer = sum.baseline.as_ref().is_none_or(|newest| order(newest, &version).is_lt());
                sum.baseline = if is_newer { Some(version) } else { sum.baseline };
            }
            _ => sum.applied.push(row),
        }
    }
    sum
}

fn is_baseline(kind: &str) -> bool {
    kind.ends_with("BASELINE") || kind.ends_with("STATE_SCRIPT")
}
