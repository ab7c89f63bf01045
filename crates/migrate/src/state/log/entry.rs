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
        let query = session.query_scalar("select gen_random_uuid()::text", &[]);
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
    /// When the file was begun; `None` for now.
    pub(crate) started: Option<SystemTime>,
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
            started: None,
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

    /// When the file was begun, and how many milliseconds ago, as expressions.
    fn started_and_took(&self) -> (String, String) {
        let since = self.started.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let Some(since) = since else { return ("clock_timestamp()".to_owned(), "0".to_owned()) };
        let started = format!("'epoch'::timestamptz + {} * interval '1 microsecond'", since.as_micros());
        let took = format!("extract(epoch from clock_timestamp() - ({started})) * 1000");
        (started, took)
    }

    /// The statement that writes it.
    pub(crate) fn insert(&self) -> String {
        let script = self.script();
        let (started, took) = self.started_and_took();
        let is_over = self.state != State::Running;
        let only_if = |is: bool, value: &str| if is { value.to_owned() } else { "null".to_owned() };
        let trouble = self.trouble.as_ref();
        let code =
            trouble.and_then(|trouble| trouble.server.as_ref()).map(|error| error.code().code().to_owned());
        let at = trouble.and_then(|trouble| trouble.at);
        let number = |value: Option<usize>| value.map_or("null".to_owned(), |value| value.to_string());
        // A log that an older version made has no column for notes, and needs none without one.
        let note = self.note.map(|note| ("note", Literal(note).to_string()));
        let columns = [
            ("run_id", format!("{}::uuid", Literal(&self.run.id))),
            ("version", self.migration.version().to_string()),
            ("name", Literal(self.migration.name()).to_string()),
            ("kind", Literal(&self.kind()).to_string()),
            ("direction", Literal(&self.direction.to_string()).to_string()),
            ("status", Literal(self.state.name()).to_string()),
            (
                "tx_mode",
                Literal(if script.directives().outside_transaction { OUTSIDE } else { INSIDE }).to_string(),
            ),
            ("statements_done", self.done.to_string()),
            ("statements_total", script.len().to_string()),
            // Of the statement whose batches these are, as that is how they are known from none.
            ("done_sha256", optional(script.token_sha256_of(self.done.max(usize::from(self.has_batches))))),
            ("sha256", Literal(&self.migration.up().sha256().to_string()).to_string()),
            ("token_sha256", Literal(&self.migration.up().token_sha256().to_string()).to_string()),
            ("refinery_checksum", Literal(&self.migration.checksum().to_string()).to_string()),
            ("down_sha256", optional(self.migration.down().map(Script::token_sha256))),
            ("started_at", started),
            ("finished_at", only_if(is_over, "clock_timestamp()")),
            ("duration_ms", only_if(is_over, &took)),
            ("lock_wait_ms", only_if(is_over, &self.lock_wait.as_millis().to_string())),
            ("attempts", self.attempts.to_string()),
            ("sqlstate", optional(code)),
            ("error", optional(trouble.map(|trouble| trouble.message.clone()))),
            ("error_line", number(at.map(|at| at.line))),
            ("error_column", number(at.map(|at| at.column))),
            ("client_pid", std::process::id().to_string()),
            ("tool_version", Literal(env!("CARGO_PKG_VERSION")).to_string()),
            ("vcs_revision", optional(self.run.revision.as_ref())),
            ("fingerprint_after", optional(self.fingerprint)),
        ];
        // What is null by itself need not be said, and each column takes the server its time.
        let columns = || columns.iter().chain(&note).filter(|(_, value)| value != "null");
        let names: Vec<&str> = columns().map(|(name, _)| *name).collect();
        let values: Vec<&str> = columns().map(|(_, value)| value.as_str()).collect();
        let table = &self.run.home.tables().log;
        format!("insert into {table} ({}) values ({})", names.join(", "), values.join(", "))
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
    let sql = format!("{insert} returning (extract(epoch from started_at) * 1000000)::int8");
    let mut row = None;
    session.step(Step::Log, session.first_row(&sql, &mut row)).await?;
    let micros = row.and_then(|row| row.get(0)?.parse().ok());
    Ok(micros.map(|micros| SystemTime::UNIX_EPOCH + Duration::from_micros(micros)))
}

pub(super) fn optional(value: Option<impl fmt::Display>) -> String {
    value.map_or("null".to_owned(), |value| Literal(&value.to_string()).to_string())
}

/// A text in SQL, the same whatever `standard_conforming_strings` says.
pub(in crate::state) struct Literal<'a>(pub(in crate::state) &'a str);

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
