//! Answers for people.

use std::fmt::Write as _;
use std::time::Duration;

use crate::{
    Blocker, Direction, Done, Error, Event, IndexProgress, LockHolder, Plan, Reason, Report, Status, Stays,
};

/// The line for what has just happened, if it is worth one.
pub(crate) fn event(event: Event<'_>, is_dry_run: bool) -> Option<String> {
    Some(match event {
        Event::Waiting { holder: Some(holder) } => format!("waiting for {holder}"),
        Event::Waiting { holder: None } => "waiting for somebody else who applies migrations".to_owned(),
        Event::Begun { done: 0, .. } => return None,
        Event::Begun { migration, done, .. } => {
            format!("{migration} was stopped behind statement {done} and goes on")
        }
        Event::Blocked { migration, blockers } => format!("{migration} waits for {}", list(blockers)),
        Event::Retrying { migration, attempts, pause, blockers } => {
            let who =
                if blockers.is_empty() { String::new() } else { format!(", held by {}", list(blockers)) };
            format!("{migration} did not get a lock{who}; attempt {} in {}", attempts + 1, seconds(pause))
        }
        Event::Repairing { migration, index } => {
            format!("{migration}: {index} was left by a failed build and is dropped")
        }
        Event::Building { migration, progress: IndexProgress { phase, part } } => match part {
            Some(part) => format!("{migration}: {phase}, {:.0} %", part * 100.0),
            None => format!("{migration}: {phase}"),
        },
        Event::Done(done) => line(done, is_dry_run),
    })
}

fn list(blockers: &[Blocker]) -> String {
    blockers.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn line(done: &Done, is_dry_run: bool) -> String {
    let what = match (is_dry_run, done.direction) {
        (true, Direction::Up) => "would apply",
        (true, Direction::Down) => "would revert",
        (false, direction) => direction.participle(),
    };
    let mode = if done.outside_transaction { "no-tx" } else { "tx" };
    let mut line = format!(
        "{what} V{}  {}  {mode}  {}  {}",
        done.migration.version(),
        done.migration.name(),
        count(done.statements, "statement"),
        seconds(done.took)
    );
    if done.attempts > 1 || done.lock_wait >= Duration::from_millis(100) {
        let _ = write!(line, " (lock {}, {})", seconds(done.lock_wait), tries(done.attempts));
    }
    line
}

fn tries(attempts: u32) -> String {
    if attempts == 1 { "1 try".to_owned() } else { format!("{attempts} tries") }
}

pub(crate) fn count(number: usize, of: &str) -> String {
    if number == 1 { format!("1 {of}") } else { format!("{number} {of}s") }
}

fn seconds(time: Duration) -> String {
    format!("{:.3}s", time.as_secs_f64())
}

/// The last line of what runs files.
pub(crate) fn report(report: &Report, nothing: &str) -> String {
    let number = |direction| report.done.iter().filter(|done| done.direction == direction).count();
    let (down, up) = (number(Direction::Down), number(Direction::Up));
    let part = |number: usize, direction: Direction| {
        (number > 0).then(|| format!("{} {}", count(number, "migration"), direction.participle()))
    };
    let parts: Vec<String> =
        [part(down, Direction::Down), part(up, Direction::Up)].into_iter().flatten().collect();
    match (parts.is_empty(), report.is_dry_run) {
        (true, _) => format!("{nothing}\n"),
        (false, false) => format!("{} in {}\n", parts.join(", "), seconds(report.took)),
        (false, true) => {
            format!("dry run: {} in {}; nothing of it stays\n", parts.join(", "), seconds(report.took))
        }
    }
}

/// What to do about an error, if that is not in it.
pub(crate) fn next(error: &Error) -> Option<String> {
    let file = error.file()?;
    let verb = match file.direction {
        Direction::Up => "up",
        Direction::Down => "down",
    };
    Some(match (&file.reason, file.stays) {
        (Reason::Stopped | Reason::IndexInUse { .. } | Reason::IndexInvalid { .. }, _) => {
            format!("migrate {verb}")
        }
        (Reason::OutcomeUnknown(_) | Reason::TransactionEnded, _) | (_, Stays::Unknown) => {
            "migrate status".to_owned()
        }
        (Reason::Refused(_), _) if file.reason.is_worth_retrying() => {
            format!("migrate {verb}, when fewer use the table")
        }
        (Reason::Refused(_), _) => format!("mend {}, then migrate {verb}", file.file),
        _ => return None,
    })
}

/// One line a migration, then what is to be known besides, then how many of each there are.
pub(crate) fn status(status: &Status) -> String {
    let mut rows: Vec<(i64, &str, &str, String)> = Vec::new();
    for row in &status.applied {
        let state = state(status, row.version).unwrap_or("applied");
        rows.push((row.version, &row.name, state, stamp(row.applied_on)));
    }
    for file in &status.pending {
        let state = state(status, file.version()).unwrap_or("pending");
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
    for file in &status.cosmetic {
        let _ =
            writeln!(page, "note: {file} was edited after it was applied, but only in comments and space");
    }
    for it in &status.interrupted {
        let _ = writeln!(page, "note: {} was stopped after {} of {} statements", it.file, it.done, it.of);
    }
    for conflict in &status.conflicts {
        let _ = writeln!(page, "conflict: {conflict}");
    }
    if let Some(holder) = &status.holder {
        let _ = writeln!(page, "running: {holder}");
    }
    let (applied, pending) = (status.applied.len(), status.pending.len());
    let _ = writeln!(page, "{applied} applied, {pending} pending, {} in conflict", status.conflicts.len());
    page
}

/// In a word, what is in the way of this version.
fn state(status: &Status, version: i64) -> Option<&'static str> {
    let conflict = status.conflicts.iter().find(|conflict| conflict.version() == version);
    let stopped = status.interrupted.iter().any(|it| it.version == version).then_some("interrupted");
    conflict.map(crate::Conflict::kind).or(stopped)
}

/// One line a file.
pub(crate) fn plan(plan: &Plan) -> String {
    let mut page = String::new();
    for file in &plan.files {
        let mode = if file.outside_transaction { "no-tx" } else { "tx" };
        let left = if file.done == 0 {
            count(file.statements, "statement")
        } else {
            format!("{} of {}", file.statements - file.done, count(file.statements, "statement"))
        };
        let (lock, statement) = (file.lock_timeout, file.statement_timeout);
        let _ = writeln!(
            page,
            "{}  {}  {mode}  {left}  (lock_timeout {lock:?}, statement_timeout {statement:?})",
            file.direction,
            file.file()
        );
    }
    if plan.files.is_empty() { "nothing to do\n".to_owned() } else { page }
}

pub(crate) fn in_order(migrations: usize) -> String {
    let verb = if migrations == 1 { "is" } else { "are" };
    format!("{} {verb} in order\n", count(migrations, "migration"))
}

pub(crate) fn holder(holder: Option<&LockHolder>) -> String {
    holder.map_or_else(|| "nobody\n".to_owned(), |holder| format!("{holder}\n"))
}

/// RFC 3339 in UTC, to the second.
pub(crate) fn stamp(time: std::time::SystemTime) -> String {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    let time = OffsetDateTime::from(time);
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}
