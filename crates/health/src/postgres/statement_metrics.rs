//! The statements of a pool as metrics: by operation, as their texts are too many for labels.

use std::collections::BTreeMap;

use pgkeel_pool::{Histogram, StatementStats};

use super::pool_metrics::{POOL, distribution};
use crate::metrics::{Family, Labels, counter, histogram};

/// What was counted of one operation.
#[derive(Default)]
struct Operation {
    times: Histogram,
    rows: u64,
    failed: u64,
    abandoned: u64,
}

/// All of one pool.
pub(super) fn families(pool: &str, statements: &[StatementStats]) -> Vec<Family> {
    let mut operations = BTreeMap::<&str, Operation>::new();
    for kind in statements {
        let operation = operations.entry(kind.operation).or_default();
        operation.times += kind.times;
        operation.rows += kind.rows;
        operation.failed += kind.failed;
        operation.abandoned += kind.abandoned;
    }
    let labels = |name: &'static str| Labels::from([(POOL, pool), ("operation", name)]);
    let each = |count: fn(&Operation) -> u64| {
        let samples: Vec<_> = operations.iter().map(|(name, seen)| (labels(name), count(seen))).collect();
        samples
    };
    vec![
        histogram(
            "pgkeel_statement_seconds",
            "Time that statements took, from sending to the last row.",
            operations.iter().map(|(name, seen)| (labels(name), distribution(&seen.times))),
        ),
        counter(
            "pgkeel_statement_rows_total",
            "Rows that statements gave or touched.",
            each(|seen| seen.rows),
        ),
        counter(
            "pgkeel_statements_failed_total",
            "Statements that ended with an error.",
            each(|seen| seen.failed),
        ),
        counter(
            "pgkeel_statements_abandoned_total",
            "Statements whose caller gave up before their end.",
            each(|seen| seen.abandoned),
        ),
    ]
}
