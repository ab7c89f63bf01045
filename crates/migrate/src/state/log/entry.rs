//! Writing into the log.

use std::fmt;
use std::time::{Duration, SystemTime};

use pgkeel_connect::{Executor as _, ServerError};

use super::{INSIDE, OUTSIDE, State, TABLE};
use crate::files::Script;
use crate::run::session::Session;
use crate::{Direction, Error, Location, Migration, Step};

/// One call that writes: what its rows have in common.
#[derive(Debug, Clone)]
pub(crate) struct RunId {
    pub(crate) id: String,
    pub(crate) revision: Option<String>,
}

impl RunId {
    pub(crate) async fn new(session: &Session, revision: Option<String>) -> Result<Self, Error> {
        let query = session.query_scalar("select gen_random_uuid()::text", &[]);
        Ok(Self { id: session.step(Step::Log, query).await?, revision })
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
    /// When the file was begun; `None` for now.
    pub(crate) started: Option<SystemTime>,
    pub(crate) attempts: u32,
    pub(crate) lock_wait: Duration,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) is_repair: bool,
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
            started: None,
            attempts,
            lock_wait,
            trouble: None,
            is_repair: false,
        }
    }

    fn script(&self) -> &Script {
        match self.direction {
            Direction::Up => self.migration.up(),
            Direction::Down => self.migration.down().unwrap_or(self.migration.up()),
        }
    }

    /// The statement that writes it, and returns when the file was begun.
    pub(crate) fn insert(&self) -> String {
        let script = self.script();
        let started = match self.started.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()) {
            Some(since) => format!("'epoch'::timestamptz + {} * interval '1 microsecond'", since.as_micros()),
            None => "clock_timestamp()".to_owned(),
        };
        let is_over = self.state != State::Running;
        let only_if = |is: bool, value: &str| if is { value.to_owned() } else { "null".to_owned() };
        let trouble = self.trouble.as_ref();
        let code =
            trouble.and_then(|trouble| trouble.server.as_ref()).map(|error| error.code().code().to_owned());
        let at = trouble.and_then(|trouble| trouble.at);
        let number = |value: Option<usize>| value.map_or("null".to_owned(), |value| value.to_string());
        let columns = [
            ("run_id", format!("{}::uuid", Literal(&self.run.id))),
            ("version", self.migration.version().to_string()),
            ("name", Literal(self.migration.name()).to_string()),
            ("kind", Literal(if self.is_repair { "repair" } else { "versioned" }).to_string()),
            ("direction", Literal(&self.direction.to_string()).to_string()),
            ("status", Literal(self.state.name()).to_string()),
            (
                "tx_mode",
                Literal(if script.directives().outside_transaction { OUTSIDE } else { INSIDE }).to_string(),
            ),
            ("statements_done", self.done.to_string()),
            ("statements_total", script.len().to_string()),
            ("done_sha256", optional(script.token_sha256_of(self.done))),
            ("sha256", Literal(&self.migration.up().sha256().to_string()).to_string()),
            ("token_sha256", Literal(&self.migration.up().token_sha256().to_string()).to_string()),
            ("refinery_checksum", Literal(&self.migration.checksum().to_string()).to_string()),
            ("down_sha256", optional(self.migration.down().map(Script::token_sha256))),
            ("started_at", "begun.at".to_owned()),
            ("finished_at", only_if(is_over, "clock_timestamp()")),
            ("duration_ms", only_if(is_over, "extract(epoch from clock_timestamp() - begun.at) * 1000")),
            ("lock_wait_ms", only_if(is_over, &self.lock_wait.as_millis().to_string())),
            ("attempts", self.attempts.to_string()),
            ("sqlstate", optional(code)),
            ("error", optional(trouble.map(|trouble| trouble.message.clone()))),
            ("error_line", number(at.map(|at| at.line))),
            ("error_column", number(at.map(|at| at.column))),
            ("client_pid", std::process::id().to_string()),
            ("tool_version", Literal(env!("CARGO_PKG_VERSION")).to_string()),
            ("vcs_revision", optional(self.run.revision.as_ref())),
        ];
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
        format!(
            "insert into {TABLE} ({}) select {} from (select {started} as at) as begun returning started_at",
            names.join(", "),
            values.join(", ")
        )
    }

    /// Writes it, and returns when the file was begun.
    pub(crate) async fn write(&self, session: &Session) -> Result<SystemTime, Error> {
        let sql = self.insert();
        session.step(Step::Log, session.query_scalar(&sql, &[])).await
    }
}

fn optional(value: Option<impl fmt::Display>) -> String {
    value.map_or("null".to_owned(), |value| Literal(&value.to_string()).to_string())
}

/// A text in SQL, the same whatever `standard_conforming_strings` says.
struct Literal<'a>(&'a str);

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
