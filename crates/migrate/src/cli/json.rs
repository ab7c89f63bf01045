//! Answers for programs.

use std::time::Duration;

use serde_json::{Value, json};

use super::exit::Exit;
use super::text::stamp;
use crate::{
    Blocker, Conflict, Destructive, Error, FileError, LockHolder, Migration, Plan, Report, Status, Stays,
    VerifyError,
};

pub(crate) fn report(report: &Report) -> Value {
    let row = |done: &crate::Done| {
        json!({
            "version": version(&done.migration),
            "kind": done.migration.kind().to_string(),
            "name": done.migration.name(),
            "direction": done.direction.to_string(),
            "statements": done.statements,
            "transaction": !done.outside_transaction,
            "took_ms": millis(done.took),
            "lock_wait_ms": millis(done.lock_wait),
            "attempts": done.attempts,
            "rows": done.backfilled.map(|so_far| so_far.rows),
            "batches": done.backfilled.map(|so_far| so_far.batches),
        })
    };
    json!({
        "done": report.done.iter().map(row).collect::<Vec<_>>(),
        "took_ms": millis(report.took),
        "dry_run": report.is_dry_run,
    })
}

pub(crate) fn status(status: &Status) -> Value {
    let applied = status
        .applied
        .iter()
        .map(|row| json!({ "version": row.version, "name": row.name, "applied_on": stamp(row.applied_on) }));
    let pending = status
        .pending
        .iter()
        .map(|file| json!({ "version": file.version(), "name": file.name(), "file": file.file() }));
    let repeated = status
        .repeated
        .iter()
        .map(|row| json!({ "name": row.name, "applied_at": stamp(row.applied_at), "sha256": row.sha256 }));
    let interrupted = status.interrupted.iter().map(|it| {
        json!({
            "version": it.version, "file": it.file, "direction": it.direction.to_string(),
            "statements_done": it.done, "statements": it.of, "has_batches": it.has_batches,
        })
    });
    json!({
        "applied": applied.collect::<Vec<_>>(),
        "pending": pending.collect::<Vec<_>>(),
        "repeatables": {
            "applied": repeated.collect::<Vec<_>>(),
            "due": status.due.iter().map(Migration::file).collect::<Vec<_>>(),
            "removed": status.removed,
        },
        "conflicts": status.conflicts.iter().map(conflict).collect::<Vec<_>>(),
        "interrupted": interrupted.collect::<Vec<_>>(),
        "cosmetic": status.cosmetic.iter().map(Migration::file).collect::<Vec<_>>(),
        "holder": holder(status.holder.as_ref()),
    })
}

/// Null for what has none.
fn version(migration: &Migration) -> Option<i64> {
    migration.kind().has_version().then(|| migration.version())
}

pub(crate) fn conflict(it: &Conflict) -> Value {
    json!({ "version": it.version(), "kind": it.kind(), "message": it.to_string() })
}

pub(crate) fn plan(plan: &Plan, with_sql: bool) -> Value {
    let file = |file: &crate::PlannedFile| {
        json!({
            "version": version(&file.migration),
            "kind": file.migration.kind().to_string(),
            "file": file.file(),
            "direction": file.direction.to_string(),
            "transaction": !file.outside_transaction,
            "statements": file.statements,
            "statements_done": file.done,
            "backfill": file.backfill().map(|it| json!({ "batch": it.batch, "pause_ms": millis(it.pause) })),
            "verify": file.verify(),
            "lock_timeout_ms": millis(file.lock_timeout),
            "statement_timeout_ms": millis(file.statement_timeout),
        })
    };
    let files: Vec<Value> = plan.files.iter().map(file).collect();
    if with_sql { json!({ "files": files, "sql": plan.sql() }) } else { json!({ "files": files }) }
}

pub(crate) fn holder(holder: Option<&LockHolder>) -> Value {
    holder.map_or(Value::Null, |holder| {
        json!({ "pid": holder.pid, "application_name": holder.application_name, "since": holder.since.map(stamp) })
    })
}

/// Everything that is known of an error, null where nothing is.
pub(crate) fn error(error: &Error, message: &str) -> Value {
    let problems: Vec<String> = match error {
        Error::Files { problems } => problems.iter().map(ToString::to_string).collect(),
        Error::Conflicts { conflicts } => conflicts.iter().map(ToString::to_string).collect(),
        Error::Destructive { statements } => statements.iter().map(ToString::to_string).collect(),
        Error::Import { problems, .. } => problems.iter().map(ToString::to_string).collect(),
        Error::CannotMark { problems } => problems.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    let destructive: Vec<Value> = match error {
        Error::Destructive { statements } => statements.iter().map(destructive).collect(),
        _ => Vec::new(),
    };
    let conflicts: Vec<Value> = match error {
        Error::Conflicts { conflicts } => conflicts.iter().map(conflict).collect(),
        _ => Vec::new(),
    };
    let file = error.file();
    let at = file.and_then(|file| file.at);
    let so_far = file.and_then(|file| match file.stays {
        Stays::Batches(so_far) => Some(so_far),
        _ => None,
    });
    json!({ "error": {
        "message": message,
        "exit": Exit::from(error) as u8,
        "file": file.map(|file| &file.file),
        "direction": file.map(|file| file.direction.to_string()),
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
        "sqlstate": error.server().map(|server| server.code().code()),
        "hint": error.server().and_then(|server| server.hint()),
        "statements_done": file.and_then(statements_done),
        "rows": so_far.map(|so_far| so_far.rows),
        "batches": so_far.map(|so_far| so_far.batches),
        "attempts": file.map(|file| file.attempts),
        "blockers": file.map(|file| file.blockers.iter().map(blocker).collect::<Vec<_>>()),
        "stopped": error.is_stopped(),
        "before": error.before(),
        "problems": problems,
        "conflicts": conflicts,
        "destructive": destructive,
    }})
}

/// The same of what is done in shadows, and of what is compared.
pub(crate) fn verify_error(it: &VerifyError, message: &str) -> Value {
    if let VerifyError::Migrate(it) = it {
        return error(it, message);
    }
    json!({ "error": {
        "message": message,
        "exit": Exit::from(it) as u8,
        "sqlstate": it.server().map(|server| server.code().code()),
        "hint": it.server().and_then(|server| server.hint()),
        "stopped": it.is_stopped(),
    }})
}

fn destructive(it: &Destructive) -> Value {
    let (line, column) = (it.at.line, it.at.column);
    json!({ "file": it.file, "line": line, "column": column, "statement": it.words, "loss": it.loss.to_string() })
}

/// `None` if that is not known.
fn statements_done(file: &FileError) -> Option<usize> {
    match file.stays {
        Stays::Nothing | Stays::Batches(_) => Some(0),
        Stays::Statements { done, .. } => Some(done),
        Stays::Unknown => None,
    }
}

fn blocker(it: &Blocker) -> Value {
    json!({
        "pid": it.pid, "application_name": it.application_name, "state": it.state,
        "open_for_ms": it.open_for.map(millis), "words": it.words,
    })
}

/// Milliseconds with three digits behind the point.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
