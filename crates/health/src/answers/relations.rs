//! Tables and indexes as JSON.

use pgkeel_catalog::{Index, Table};
use serde_json::{Value, json};

use crate::answers::facts::time;
use crate::sampling::Kept;

pub(crate) fn table(table: &Table) -> Value {
    json!({
        "schema": table.schema,
        "name": table.name,
        "partitioned": table.is_partitioned,
        "locked": table.is_locked,
        "estimated_rows": table.rows,
        "bytes": table.bytes,
        "toast_bytes": table.toast_bytes,
        "index_bytes": table.index_bytes,
        "total_bytes": table.total_bytes(),
        "sequential_scans": table.sequential_scans,
        "sequential_rows": table.sequential_rows,
        "index_scans": table.index_scans,
        "rows_inserted": table.inserted,
        "rows_updated": table.updated,
        "rows_updated_hot": table.hot_updated,
        "rows_deleted": table.deleted,
        "live_rows": table.live_rows,
        "dead_rows": table.dead_rows,
        "changed_since_analyze": table.changed_since_analyze,
        "last_vacuum": time(table.last_vacuum),
        "last_autovacuum": time(table.last_autovacuum),
        "last_analyze": time(table.last_analyze),
        "last_autoanalyze": time(table.last_autoanalyze),
    })
}

pub(crate) fn index(index: &Index) -> Value {
    json!({
        "schema": index.schema,
        "table": index.table,
        "name": index.name,
        "method": index.method,
        "columns": index.columns,
        "included": index.included,
        "bytes": index.bytes,
        "scans": index.scans,
        "last_scan": time(index.last_scan),
        "unique": index.is_unique,
        "primary": index.is_primary,
        "constraint": index.is_constraint,
        "valid": index.is_valid,
        "partial": index.is_partial,
    })
}

pub(crate) fn summary_of_tables(tables: &Kept<Table>) -> Value {
    let rows = &tables.rows;
    json!({
        "count": rows.len() + tables.left_out,
        "left_out": tables.left_out,
        "cut": tables.cut,
        "total_bytes": rows.iter().map(Table::total_bytes).sum::<u64>(),
        "live_rows": rows.iter().map(|table| table.live_rows).sum::<u64>(),
        "dead_rows": rows.iter().map(|table| table.dead_rows).sum::<u64>(),
        "never_measured": rows.iter().filter(|table| table.rows.is_none() && !table.is_partitioned).count(),
        "locked": rows.iter().filter(|table| table.is_locked).count(),
    })
}

/// Unused ones that hold no rule up; whether they may go is for somebody who has seen the replicas too.
pub(crate) fn summary_of_indexes(indexes: &Kept<Index>) -> Value {
    let rows = &indexes.rows;
    let is_unused = |index: &&Index| index.scans == 0 && !index.is_unique && !index.is_constraint;
    json!({
        "count": rows.len() + indexes.left_out,
        "left_out": indexes.left_out,
        "cut": indexes.cut,
        "total_bytes": rows.iter().map(|index| index.bytes).sum::<u64>(),
        "invalid": rows.iter().filter(|index| !index.is_valid).count(),
        "never_scanned": rows.iter().filter(is_unused).count(),
    })
}
