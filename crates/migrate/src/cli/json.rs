//! Answers for programs.

use std::time::Duration;

use serde_json::{Value, json};

use super::exit::Exit;
use super::text::{kind, stamp};
use crate::{Error, Report, Status};

pub(crate) fn report(report: &Report) -> Value {
    let row = |done: &crate::Done| {
        json!({
            "version": done.migration.version(),
            "name": done.migration.name(),
            "file": done.migration.file(),
            "took_ms": millis(done.took),
        })
    };
    json!({
        "applied": report.applied.iter().map(row).collect::<Vec<_>>(),
        "took_ms": millis(report.took),
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
    let conflicts = status
        .conflicts
        .iter()
        .map(|it| json!({ "version": it.version(), "kind": kind(it), "message": it.to_string() }));
    json!({
        "applied": applied.collect::<Vec<_>>(),
        "pending": pending.collect::<Vec<_>>(),
        "conflicts": conflicts.collect::<Vec<_>>(),
    })
}

/// Everything that is known of an error, null where nothing is.
pub(crate) fn error(error: &Error, message: &str) -> Value {
    let at = match error {
        Error::Statement { at, .. } => *at,
        _ => None,
    };
    let problems: Vec<String> = match error {
        Error::Files { problems } => problems.iter().map(ToString::to_string).collect(),
        Error::Conflicts { conflicts } => conflicts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    json!({ "error": {
        "message": message,
        "exit": Exit::from(error) as u8,
        "file": error.file(),
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
        "sqlstate": error.server().map(|server| server.code().code()),
        "applied_before": error.applied(),
        "problems": problems,
    }})
}

/// Milliseconds with three digits behind the point.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
