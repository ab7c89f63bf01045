//! Writing into the log.

use std::fmt;
use std::time::{Duration, SystemTime};

use pgkeel_connect::{Executor as _, ServerError};

use super::{Cause, INSIDE, OUTSIDE, State};
use crate::files::Script;
use crate::run::session::Session;
use crate::state::Home;
use crate::{Direction, Error, Fingerprint, Location, Migration, Step};

/// One call that writes: what its rows have in common.
#[derive(Debug, Clone)]
pub(crate) struct RunId {
    /// Where it writes.
    pub(crate) home: Home,
    pub(crate) id: String,
    pub(crate) revision: Option<String>,
}

impl RunId {
    pub(crate) async fn new(session: &Session, revision: Option<String>) -> Result<Self, Error> {
        let query = session.query_scalar("select pg_catalog.gen_random_uuid()::pg_catalog.text", &[]);
        Ok(Self { home: session.home.clone(), id: session.step(Step::Log, query).await?, revision })
    }
}

/// What went wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    pub(crate) server: Option<ServerError>,
    pub(crate) message: String,
    pub(crate) at: Option<Location>,
}

/// When a file was begun.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Started {
    #[default]
    Now,
    WithTransaction,
    At(SystemTime),
}

impl From<Option<SystemTime>> for Started {
    fn from(at: Option<SystemTime>) -> Self {
        at.map_or(Self::Now, Self::At)
    }
}

impl Started {
    /// That, and how many milliseconds ago it was, as expressions that mean the same whatever the search path is.
    fn and_took(self) -> (String, String) {
        let started = match self {
            Self::Now => return ("pg_catalog.clock_timestamp()".to_owned(), "0".to_owned()),
            Self::WithTransaction => "pg_catalog.transaction_timestamp()".to_owned(),
            Self::At(at) => {
                let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                format!("pg_catalog.to_timestamp({}.{:06})", since.as_secs(), since.subsec_micros())
            }
        };
        let span = format!("pg_catalog.clock_timestamp() operator(pg_catalog.-) {started}");
        let took = format!("pg_catalog.date_part('epoch', {span}) operator(pg_catalog.*) 1000");
        (started, took)
    }
}

/// A row to be written.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) run: &'a RunId,
    pub(crate) migration: &'a Migration,
    pub(crate) direction: Direction,
    pub(crate) state: State,
    /// How many statements have taken effect.
    pub(crate) done: usize,
    /// Whether batches of the one behind these have, in a backfill.
    pub(crate) has_batches: bool,
    pub(crate) started: Started,
    pub(crate) attempts: u32,
    pub(crate) lock_wait: Duration,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) cause: Cause,
    /// What somebody has to say of it, or how far a backfill is.
    pub(crate) note: Option<&'a str>,
    /// The fingerprint of the schema that it leaves, if it is known.
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(run: &'a RunId, migration: &'a Migration, direction: Direction, state: State) -> Self {
        let (attempts, lock_wait) = (1, Duration::ZERO);
        Self {
            run,
            migration,
            direction,
            state,
            done: 0,
            has_batches: false,
            started: Started::Now,
            attempts,
            lock_wait,
            trouble: None,
            cause: Cause::Run,
            note: None,
            fingerprint: None,
        }
    }

    fn script(&self) -> &Script {
        match self.direction {
            Direction::Up => self.migration.up(),
            Direction::Down => self.migration.down().unwrap_or(self.migration.up()),
        }
    }

    fn kind(&self) -> String {
        self.cause.name().map_or_else(|| self.migration.kind().to_string(), str::to_owned)
    }

    /// The statement that writes it.
    pub(crate) fn insert(&self) -> String {
        let cells = self.cells();
        // What is null by itself need not be said, and each column takes the server its time.
        let told = || cells.iter().filter_map(|cell| Some((cell.column, cell.value.to_sql()?)));
        let names: Vec<&str> = told().map(|(name, _)| name).collect();
        let values: Vec<String> = told().map(|(_, value)| value).collect();
        let table = &self.run.home.tables().log;
        format!("insert into {table} ({}) values ({})", names.join(", "), values.join(", "))
    }

    /// What stands in each column, in the same order for all rows.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let (script, up) = (self.script(), self.migration.up());
        let (started, took) = self.started.and_took();
        let is_over = self.state != State::Running;
        let trouble = self.trouble.as_ref();
        let code = trouble.and_then(|trouble| trouble.server.as_ref()).map(|error| error.code().code());
        let at = trouble.and_then(|trouble| trouble.at);
        let mode = if script.directives().outside_transaction { OUTSIDE } else { INSIDE };
        // Of the statement whose batches these are, as that is how they are known from none.
        let done_sha256 = script.token_sha256_of(self.done.max(usize::from(self.has_batches)));
        let mut cells = vec![
            Cell::text("run_id", "uuid", Some(&self.run.id)),
            Cell::text("version", "int8", Some(self.migration.version())),
            Cell::text("name", "text", Some(self.migration.name())),
            Cell::text("kind", "text", Some(self.kind())),
            Cell::text("direction", "text", Some(self.direction)),
            Cell::text("status", "text", Some(self.state.name())),
            Cell::text("tx_mode", "text", Some(mode)),
            Cell::text("statements_done", "int4", Some(self.done)),
            Cell::text("statements_total", "int4", Some(script.len())),
            Cell::text("done_sha256", "text", done_sha256),
            Cell::text("sha256", "text", Some(up.sha256())),
            Cell::text("token_sha256", "text", Some(up.token_sha256())),
            Cell::text("refinery_checksum", "text", Some(self.migration.checksum())),
            Cell::text("down_sha256", "text", self.migration.down().map(Script::token_sha256)),
            Cell::sql("started_at", Some(started)),
            Cell::sql("finished_at", is_over.then(|| "pg_catalog.clock_timestamp()".to_owned())),
            Cell::sql("duration_ms", is_over.then_some(took)),
            Cell::text("lock_wait_ms", "int8", is_over.then_some(self.lock_wait.as_millis())),
            Cell::text("attempts", "int4", Some(self.attempts)),
            Cell::text("sqlstate", "text", code),
            Cell::text("error", "text", trouble.map(|trouble| &trouble.message)),
            Cell::text("error_line", "int4", at.map(|at| at.line)),
            Cell::text("error_column", "int4", at.map(|at| at.column)),
            Cell::text("client_pid", "int8", Some(std::process::id())),
            Cell::text("tool_version", "text", Some(env!("CARGO_PKG_VERSION"))),
            Cell::text("vcs_revision", "text", self.run.revision.as_ref()),
            Cell::text("fingerprint_after", "text", self.fingerprint),
        ];
        // A log that an older version made has no column for notes, and needs none without one.
        cells.extend(self.note.map(|note| Cell::text("note", "text", Some(note))));
        cells
    }

    /// Writes it, and returns when the file was begun, by the server's clock.
    pub(crate) async fn write(&self, session: &Session) -> Result<Option<SystemTime>, Error> {
        write(session, &self.insert()).await
    }

    /// As [`write`](Self::write), without waiting for the server's disk, which it reaches before whatever is committed after
    /// it.
    pub(crate) async fn write_soon(&self, session: &Session) -> Result<Option<SystemTime>, Error> {
        write(session, &format!("set local synchronous_commit = off; {}", self.insert())).await
    }
}

async fn write(session: &Session, insert: &str) -> Result<Option<SystemTime>, Error> {
    let sql = format!(
        "{insert} returning
         (extract(epoch from started_at) operator(pg_catalog.*) 1000000)::pg_catalog.int8"
    );
    let mut row = None;
    session.step(Step::Log, session.first_row(&sql, &mut row)).await?;
    let micros = row.and_then(|row| row.get(0)?.parse().ok());
    Ok(micros.map(|micros| SystemTime::UNIX_EPOCH + Duration::from_micros(micros)))
}

/// What stands in one column.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) column: &'static str,
    /// The column's type.
    pub(super) kind: &'static str,
    pub(super) value: Value,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(Option<String>),
    /// An expression.
    Sql(Option<String>),
}

impl Cell {
    fn text(column: &'static str, kind: &'static str, value: Option<impl fmt::Display>) -> Self {
        Self { column, kind, value: Value::Text(value.map(|value| value.to_string())) }
    }

    fn sql(column: &'static str, expression: Option<String>) -> Self {
        Self { column, kind: "", value: Value::Sql(expression) }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Value::Text(None) | Value::Sql(None))
    }
}

impl Value {
    /// As an expression; `None` for null.
    fn to_sql(&self) -> Option<String> {
        match self {
            Self::Text(text) => text.as_ref().map(|text| Literal(text).to_string()),
            Self::Sql(expression) => expression.clone(),
        }
    }
}

pub(super) fn optional(value: Option<impl fmt::Display>) -> String {
    value.map_or("null".to_owned(), |value| Literal(&value.to_string()).to_string())
}

/// A text in SQL, the same whatever `standard_conforming_strings` says.
pub(crate) struct Literal<'a>(pub(crate) &'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.replace('\'', "''");
        if text.contains('\\') {
            write!(f, "E'{}'", text.replace('\\', "\\\\"))
        } else {
            write!(f, "'{text}'")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_for_every_setting() {
        assert_eq!(Literal("it's").to_string(), "'it''s'");
        assert_eq!(Literal(r"a\'b").to_string(), r"E'a\\''b'");
    }
}
