//! Answers for people.

use std::fmt::Write as _;
use std::time::Duration;

use crate::{Conflict, Event, Status};

/// The line for what has just happened, if it is worth one.
pub(crate) fn event(event: Event<'_>) -> Option<String> {
    match event {
        Event::Waiting { holder: Some(holder) } => Some(format!("waiting for {holder}")),
        Event::Waiting { holder: None } => {
            Some("waiting for somebody else who applies migrations".to_owned())
        }
        Event::Applying { .. } => None,
        Event::Applied { migration, took } => {
            Some(format!("{}  {:>9}  {}", migration.version(), seconds(took), migration.name()))
        }
    }
}

/// The last line of `up`.
pub(crate) fn applied(count: usize, took: Duration) -> String {
    match count {
        0 => "nothing was pending".to_owned(),
        1 => format!("1 migration applied in {}", seconds(took)),
        count => format!("{count} migrations applied in {}", seconds(took)),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3}s", time.as_secs_f64())
}

/// One line a migration, then the conflicts, then how many of each there are.
pub(crate) fn status(status: &Status) -> String {
    let mut rows: Vec<(i64, &str, &str, String)> = Vec::new();
    for row in &status.applied {
        let state = conflict(status, row.version).unwrap_or("applied");
        rows.push((row.version, &row.name, state, stamp(row.applied_on)));
    }
    for file in &status.pending {
        let state = conflict(status, file.version()).unwrap_or("pending");
        rows.push((file.version(), file.name(), state, String::new()));
    }
    rows.sort_by_key(|row| row.0);
    let width = |length: fn(&(i64, &str, &str, String)) -> usize| rows.iter().map(length).max().unwrap_or(0);
    let (versions, names) = (width(|row| row.0.to_string().len()), width(|row| row.1.len()));
    let words = width(|row| row.2.len());
    let mut page = String::new();
    for (version, name, state, on) in &rows {
        let line = format!("{version:versions$}  {name:names$}  {state:words$}  {on}");
        let _ = writeln!(page, "{}", line.trim_end());
    }
    for conflict in &status.conflicts {
        let _ = writeln!(page, "conflict: {conflict}");
    }
    let (applied, pending) = (status.applied.len(), status.pending.len());
    let _ = writeln!(page, "{applied} applied, {pending} pending, {} in conflict", status.conflicts.len());
    page
}

/// In a word, what is in the way of this version.
fn conflict(status: &Status, version: i64) -> Option<&'static str> {
    let conflict = status.conflicts.iter().find(|conflict| conflict.version() == version)?;
    Some(kind(conflict))
}

pub(crate) fn kind(conflict: &Conflict) -> &'static str {
    match conflict {
        Conflict::Edited { .. } => "edited",
        Conflict::Renamed { .. } => "renamed",
        Conflict::Missing { .. } => "missing",
        Conflict::OutOfOrder { .. } => "out of order",
        Conflict::Unfit { .. } => "unfit",
    }
}

/// RFC 3339 in UTC, to the second.
pub(crate) fn stamp(time: std::time::SystemTime) -> String {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    let time = OffsetDateTime::from(time);
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}
