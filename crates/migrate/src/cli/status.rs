//! The page of `migrate status` for people: one line a migration, then what is to be known besides, then how many of each
//! there are.

use std::fmt::Write as _;

use super::text::stamp;
use crate::{Conflict, Kind, Status};

struct Row {
    /// `None` for a repeatable.
    version: Option<i64>,
    name: String,
    state: &'static str,
    on: String,
}

pub(crate) fn page(status: &Status) -> String {
    let mut versioned = versioned(status);
    versioned.sort_by_key(|row| row.version);
    let mut page = table(&versioned.into_iter().chain(repeatables(status)).collect::<Vec<_>>());
    for note in notes(status) {
        let _ = writeln!(page, "note: {note}");
    }
    for conflict in &status.conflicts {
        let _ = writeln!(page, "conflict: {conflict}");
    }
    if let Some(holder) = &status.holder {
        let _ = writeln!(page, "running: {holder}");
    }
    let (applied, pending) = (status.applied.len(), status.pending.len());
    let due = match status.due.len() {
        0 => String::new(),
        1 => ", 1 repeatable due".to_owned(),
        due => format!(", {due} repeatables due"),
    };
    let _ =
        writeln!(page, "{applied} applied, {pending} pending{due}, {} in conflict", status.conflicts.len());
    page
}

fn versioned(status: &Status) -> Vec<Row> {
    let applied = status.applied.iter().map(|row| Row {
        version: Some(row.version),
        name: row.name.clone(),
        state: state(status, row.version).unwrap_or("applied"),
        on: stamp(row.applied_on),
    });
    let pending = status.pending.iter().map(|file| Row {
        version: Some(file.version()),
        name: file.name().to_owned(),
        state: state(status, file.version()).unwrap_or(match file.kind() {
            Kind::Checkpoint => "pending checkpoint",
            _ => "pending",
        }),
        on: String::new(),
    });
    applied.chain(pending).collect()
}

/// In a word, what is in the way of this version.
fn state(status: &Status, version: i64) -> Option<&'static str> {
    let conflict = status.conflicts.iter().find(|conflict| conflict.version() == version);
    let stopped = status.interrupted.iter().any(|it| it.version == version).then_some("interrupted");
    conflict.map(Conflict::kind).or(stopped)
}

/// Those that were applied, then those that never were.
fn repeatables(status: &Status) -> Vec<Row> {
    let is_applied = |name: &str| status.repeated.iter().any(|row| row.name == name);
    let applied = status.repeated.iter().map(|row| Row {
        version: None,
        name: row.name.clone(),
        state: if status.due.iter().any(|file| file.name() == row.name) { "changed" } else { "applied" },
        on: stamp(row.applied_at),
    });
    let new = status.due.iter().filter(|file| !is_applied(file.name())).map(|file| Row {
        version: None,
        name: file.name().to_owned(),
        state: "pending",
        on: String::new(),
    });
    applied.chain(new).collect()
}

fn table(rows: &[Row]) -> String {
    let version = |row: &Row| row.version.map_or_else(|| "R".to_owned(), |version| version.to_string());
    let width = |length: &dyn Fn(&Row) -> usize| rows.iter().map(length).max().unwrap_or(0);
    let (versions, names) = (width(&|row| version(row).len()), width(&|row| row.name.len()));
    let words = width(&|row| row.state.len());
    let mut page = String::new();
    for row in rows {
        let (version, name, state) = (version(row), &row.name, row.state);
        let line = format!("{version:>versions$}  {name:names$}  {state:words$}  {}", row.on);
        let _ = writeln!(page, "{}", line.trim_end());
    }
    page
}

fn notes(status: &Status) -> Vec<String> {
    let cosmetic = status.cosmetic.iter();
    let cosmetic = cosmetic
        .map(|file| format!("{file} was edited after it was applied, but only in comments and space"));
    let stopped = status.interrupted.iter();
    let stopped = stopped.map(|it| format!("{} was stopped {}", it.file, it.place()));
    let removed = status.removed.iter();
    let removed = removed.map(|name| {
        format!(
            "R__{name}.sql was applied and is gone; what it made is still there, drop it in a versioned file"
        )
    });
    cosmetic.chain(stopped).chain(removed).collect()
}
