//! Answers for people.

use std::fmt::Write as _;
use std::time::Duration;

use crate::{
    Backfilled, Blocker, Direction, Done, Error, Event, ImportProblem, IndexProgress, Kind, LockHolder,
    Migration, Plan, Reason, Report, Stays, Tenant,
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
        Event::PutOff { migration, lacks } => {
            format!("{migration} lacks something and is put behind the others: {lacks}")
        }
        Event::Repairing { migration, index } => {
            format!("{migration}: {index} was left by a failed build and is dropped")
        }
        Event::Building { migration, progress: IndexProgress { phase, part } } => match part {
            Some(part) => format!("{migration}: {phase}, {:.0} %", part * 100.0),
            None => format!("{migration}: {phase}"),
        },
        Event::Backfilling { migration, so_far } => {
            let left = so_far.left.map_or_else(String::new, |left| format!(", at most about {left} left"));
            format!("{migration}: {}, {:.0} rows/s{left}", batches(so_far), so_far.rows_per_second())
        }
        Event::Done(done) => line(done, is_dry_run),
    })
}

fn batches(so_far: &Backfilled) -> String {
    let number = if so_far.batches == 1 { "batch" } else { "batches" };
    let rows = if so_far.rows == 1 { "row" } else { "rows" };
    format!("{} {rows} in {} {number}", so_far.rows, so_far.batches)
}

fn list(blockers: &[Blocker]) -> String {
    blockers.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn line(done: &Done, is_dry_run: bool) -> String {
    let what = match (is_dry_run, done.direction) {
        (true, _) if done.migration.kind() == Kind::Hook => "would run",
        (false, _) if done.migration.kind() == Kind::Hook => "ran",
        (true, Direction::Up) => "would apply",
        (true, Direction::Down) => "would revert",
        (false, direction) => direction.participle(),
    };
    let mode = if done.outside_transaction { "no-tx" } else { "tx" };
    let mut line = format!(
        "{what} {}  {mode}  {}  {}",
        label(&done.migration),
        done.backfilled.as_ref().map_or_else(|| extent(&done.migration, done.statements), batches),
        seconds(done.took)
    );
    if done.attempts > 1 || done.lock_wait >= Duration::from_millis(100) {
        let _ = write!(line, " (lock {}, {})", seconds(done.lock_wait), tries(done.attempts));
    }
    line
}

/// How much there is to run.
fn extent(migration: &Migration, statements: usize) -> String {
    if migration.kind() == Kind::Code { "code".to_owned() } else { count(statements, "statement") }
}

pub(crate) fn label(migration: &Migration) -> String {
    match migration.kind() {
        Kind::Hook => migration.name().to_owned(),
        Kind::Repeatable => format!("R  {}", migration.name()),
        Kind::Checkpoint => format!("B{}  {}", migration.version(), migration.name()),
        Kind::Versioned | Kind::Code => format!("V{}  {}", migration.version(), migration.name()),
    }
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
    let number = |is_it: fn(&Done) -> bool| report.done.iter().filter(|done| is_it(done)).count();
    let down = number(|done| done.migration.kind().has_version() && done.direction == Direction::Down);
    let up = number(|done| done.migration.kind().has_version() && done.direction == Direction::Up);
    let again = number(|done| done.migration.kind() == Kind::Repeatable);
    let part = |number: usize, of: &str, direction: Direction| {
        (number > 0).then(|| format!("{} {}", count(number, of), direction.participle()))
    };
    let parts = [
        part(down, "migration", Direction::Down),
        part(up, "migration", Direction::Up),
        part(again, "repeatable", Direction::Up),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match (parts.is_empty(), report.is_dry_run) {
        (true, _) => format!("{nothing}\n"),
        (false, false) => format!("{} in {}\n", parts.join(", "), seconds(report.took)),
        (false, true) => {
            format!("dry run: {} in {}; nothing of it stays\n", parts.join(", "), seconds(report.took))
        }
    }
}

/// What to do about an error, if that is not in it; for one of many tenants for just this one. `dry_run` are the words that
/// make it a dry run, if it was one.
pub(crate) fn next(error: &Error, tenant: Option<&Tenant>, dry_run: &str) -> Option<String> {
    if let Error::Import { problems, .. } = error {
        return next_of_import(problems);
    }
    if let Error::Directory { source, .. } = error
        && source.kind() == std::io::ErrorKind::NotFound
    {
        return Some("say where they are with --dir, or begin with migrate new NAME".to_owned());
    }
    let file = error.file()?;
    if matches!(file.reason, Reason::Refused(_))
        && ["before_run.sql", "after_run.sql"].contains(&file.file.as_str())
    {
        return Some(format!("mend {}, then run the same again", file.file));
    }
    let whose = tenant.map_or_else(String::new, in_schema);
    let verb = match file.direction {
        Direction::Up => format!("up{whose}{dry_run}"),
        Direction::Down => format!("down{whose}{dry_run}"),
    };
    Some(match (&file.reason, file.stays) {
        (Reason::Stopped | Reason::IndexInUse { .. } | Reason::IndexInvalid { .. }, _) => {
            format!("migrate {verb}")
        }
        (Reason::OutcomeUnknown(_) | Reason::TransactionEnded, _) | (_, Stays::Unknown) => {
            format!("migrate status{whose}")
        }
        (Reason::Refused(_), _) if file.reason.is_worth_retrying() => {
            format!("migrate {verb}, when fewer use the table")
        }
        (Reason::Refused(_) | Reason::Lacking { .. }, _) => {
            format!("mend {}, then migrate {verb}", file.file)
        }
        (Reason::Code(_), _) => format!("mend the program's code of {}, then migrate {verb}", file.file),
        (Reason::Unending { .. }, _) => format!("mend {}, then migrate {verb}", file.file),
        (Reason::Unverified { .. }, _) => {
            format!("mend the migration or {}, then migrate {verb}", file.file)
        }
        _ => return None,
    })
}

/// The words that say for whom.
fn in_schema(tenant: &Tenant) -> String {
    let shared = tenant.seen().iter().map(|schema| format!(" --shared-schema {}", word(schema.name())));
    format!(" --schema {}{}", word(tenant.schema().name()), shared.collect::<String>())
}

/// As a shell takes it for one word.
fn word(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Which words take files over all the same, if there are some.
fn next_of_import(problems: &[ImportProblem]) -> Option<String> {
    let as_is = "--as-is writes files whose statements or placeholders cannot run here as they are, to be mended there";
    let rest = "--leave-rest takes the others without these";
    match (
        problems.iter().any(ImportProblem::is_of_content),
        problems.iter().any(|problem| !problem.is_of_content() && problem.is_of_tools_file()),
    ) {
        (true, true) => Some(format!("{as_is}; {rest}")),
        (true, false) => Some(as_is.to_owned()),
        (false, true) => Some(rest.to_owned()),
        (false, false) => None,
    }
}

/// One line a file.
pub(crate) fn plan(plan: &Plan) -> String {
    let mut page = String::new();
    for file in &plan.files {
        let mode = if file.outside_transaction { "no-tx" } else { "tx" };
        let left = if file.done == 0 {
            extent(&file.migration, file.statements)
        } else {
            format!("{} of {}", file.statements - file.done, count(file.statements, "statement"))
        };
        let which =
            if file.migration.kind() == Kind::Hook { "run".to_owned() } else { file.direction.to_string() };
        let left = match file.backfill() {
            Some(backfill) => {
                format!("{left}, repeated (batch {}, pause {:?})", backfill.batch, backfill.pause)
            }
            None => left,
        };
        let verified = if file.verify().is_some() { ", verified" } else { "" };
        let (lock, statement) = (file.lock_timeout, file.statement_timeout);
        let _ = writeln!(
            page,
            "{which}  {}  {mode}  {left}{verified}  (lock_timeout {lock:?}, statement_timeout {statement:?})",
            file.file()
        );
    }
    if plan.files.is_empty() { "nothing to do\n".to_owned() } else { page }
}

pub(crate) fn in_order(migrations: usize, checkpoints: usize, repeatables: usize) -> String {
    let besides = [(checkpoints, "checkpoint"), (repeatables, "repeatable")];
    let besides = besides.into_iter().filter(|(number, _)| *number > 0).map(|(number, of)| count(number, of));
    let parts: Vec<String> = std::iter::once(count(migrations, "migration")).chain(besides).collect();
    let verb = if migrations + checkpoints + repeatables == 1 { "is" } else { "are" };
    match &parts[..] {
        [first @ .., last] if !first.is_empty() => {
            format!("{} and {last} {verb} in order\n", first.join(", "))
        }
        _ => format!("{} {verb} in order\n", parts.join("")),
    }
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
