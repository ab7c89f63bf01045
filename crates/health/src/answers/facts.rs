//! Facts of the catalog as JSON: names with their units, times as text, unknown ones as null.

use std::time::{Duration, SystemTime};

use pgkeel_catalog::{Activity, Checkpoints, Database, RunningQuery, Server, Wal};
use serde_json::{Value, json};

use crate::answers::verdict::seconds;
use crate::sampling::{Rates, usable};
use crate::timestamp::rfc3339;

pub(crate) fn time(at: Option<SystemTime>) -> Option<String> {
    at.map(rfc3339)
}

fn span(duration: Option<Duration>) -> Option<f64> {
    duration.map(seconds)
}

/// To a digit that means something.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

pub(crate) fn server(server: &Server) -> Value {
    json!({
        "version": server.version,
        "role": if server.in_recovery { "replica" } else { "primary" },
        "started": rfc3339(server.started),
        "uptime_s": seconds(server.uptime),
        "max_connections": server.max_connections,
        "superuser_reserved_connections": server.superuser_reserved,
        "reserved_connections": server.reserved,
    })
}

/// The sessions of the whole server, as it is the server that runs out of them.
pub(crate) fn activity(activity: &Activity, server: Option<&Server>) -> Value {
    let max = server.map(|server| server.max_connections);
    let applications: Vec<_> = activity
        .applications
        .iter()
        .map(|application| {
            json!({
                "name": application.name,
                "sessions": application.sessions,
                "active": application.active,
                "idle_in_transaction": application.idle_in_transaction,
            })
        })
        .collect();
    json!({
        "connections": {
            "scope": "server",
            "used": activity.sessions,
            "max": max,
            "usable": server.map(usable),
            "by_state": activity.by_state,
            "hidden": activity.hidden,
        },
        "active_by_wait": activity.by_wait,
        "blocked_sessions": activity.blocked,
        "oldest_transaction_s": span(activity.oldest_transaction),
        "idle_in_transaction": activity.idle_in_transaction,
        "longest_idle_in_transaction_s": span(activity.longest_idle_in_transaction),
        "longest_query": activity.longest_query.as_ref().map(running),
        "applications": { "scope": "applications", "items": applications, "left_out": activity.applications_left_out },
    })
}

/// A number of a statement goes as text: it has more digits than numbers in JavaScript.
fn running(query: &RunningQuery) -> Value {
    json!({
        "running_s": seconds(query.took),
        "pid": query.pid,
        "application": query.application,
        "waits_for": query.wait,
        "query_id": query.id.map(|id| id.to_string()),
    })
}

pub(crate) fn database(database: &Database, rates: Option<&Rates>) -> Value {
    json!({
        "name": database.name,
        "rates": rates.map(self::rates),
        "totals": {
            "since": time(database.since),
            "commits": database.commits,
            "rollbacks": database.rollbacks,
            "blocks_hit": database.blocks_hit,
            "blocks_read": database.blocks_read,
            "rows_returned": database.rows_returned,
            "rows_fetched": database.rows_fetched,
            "rows_inserted": database.rows_inserted,
            "rows_updated": database.rows_updated,
            "rows_deleted": database.rows_deleted,
            "conflicts": database.conflicts,
            "temp_files": database.temp_files,
            "temp_bytes": database.temp_bytes,
            "deadlocks": database.deadlocks,
        },
    })
}

fn rates(rates: &Rates) -> Value {
    json!({
        "interval_s": seconds(rates.interval),
        "transactions_per_s": rounded(rates.commits + rates.rollbacks),
        "commits_per_s": rounded(rates.commits),
        "rollbacks_per_s": rounded(rates.rollbacks),
        "commit_ratio": rates.commit_ratio.map(rounded),
        "blocks": rates.blocks,
        "blocks_read_per_s": rounded(rates.blocks_read),
        "cache_hit_ratio": rates.cache_hit_ratio.map(rounded),
        "rows_returned_per_s": rounded(rates.rows_returned),
        "rows_fetched_per_s": rounded(rates.rows_fetched),
        "rows_written_per_s": rounded(rates.rows_written),
        "temp_bytes_per_s": rounded(rates.temp_bytes),
        "deadlocks": rates.deadlocks,
    })
}

pub(crate) fn checkpoints(checkpoints: &Checkpoints) -> Value {
    json!({
        "since": time(checkpoints.since),
        "timed": checkpoints.timed,
        "requested": checkpoints.requested,
        "write_s": seconds(checkpoints.write_time),
        "sync_s": seconds(checkpoints.sync_time),
        "buffers_written": checkpoints.buffers_written,
    })
}

pub(crate) fn wal(wal: &Wal) -> Value {
    json!({
        "since": time(wal.since),
        "records": wal.records,
        "full_pages": wal.full_pages,
        "bytes": wal.bytes,
    })
}

pub(crate) fn size(bytes: u64) -> Value {
    json!({ "bytes": bytes })
}
