//! What `tracing` is told of single statements: a span of each, the slow ones, and with `pool.sql_echo` all.
//!
//! Names of fields are those of OpenTelemetry's semantic conventions for databases, 1.44, as far as they are stable;
//! `otel.*` are those that `tracing-opentelemetry` takes for its own.

use std::panic::Location;
use std::time::{Duration, SystemTime};

use pgkeel_connect::{Error, HostName};
use tracing::field::{Empty, display};
use tracing::{Level, Span};

use super::summary::{OPERATIONS, operation, summary};
use super::values::without_values;
use super::{Ending, SlowQuery, params};
use crate::held::Held;
use crate::query::Query;
use crate::statements::Prepared;

/// Whether anybody listens to the spans of statements.
pub(super) fn is_traced() -> bool {
    tracing::enabled!(target: "pgkeel_pool::statement", Level::DEBUG)
}

/// The span of a statement that is sent now, in that of its caller.
#[cold]
pub(super) fn span(held: &Held, query: &Query<'_>) -> Span {
    let (text, host) = (without_values(query.sql), held.connection().host());
    let (server, summary) = (server_address(host.name()), summary(&text));
    let (file, line) = (query.site.map(Location::file), query.site.map(Location::line));
    tracing::debug_span!(
        target: "pgkeel_pool::statement",
        "statement",
        "otel.name" = %summary,
        "otel.kind" = "client",
        "otel.status_code" = Empty,
        "db.system.name" = "postgresql",
        "db.namespace" = held.slot().config.connect().address().database(),
        "db.operation.name" = OPERATIONS[operation(&text)],
        "db.query.summary" = %summary,
        "db.query.text" = %text,
        "db.response.status_code" = Empty,
        "db.response.returned_rows" = Empty,
        "error.type" = Empty,
        "server.address" = %server,
        "server.port" = host.port(),
        "code.file.path" = file,
        "code.line.number" = line,
    )
}

fn server_address(name: &HostName) -> String {
    match name {
        HostName::Tcp(name) => name.clone(),
        HostName::Socket(directory) => directory.display().to_string(),
    }
}

/// What may be told of a statement that has ended.
pub(super) struct Told<'a> {
    text: String,
    params: Vec<String>,
    took: Duration,
    waited: Duration,
    site: crate::query::Site,
    ending: Ending<'a>,
}

impl<'a> Told<'a> {
    #[cold]
    pub(super) fn new(
        held: &Held,
        query: &Query<'_>,
        prepared: Option<&Prepared>,
        took: Duration,
        ending: Ending<'a>,
    ) -> Self {
        let params = match (ending, prepared, query.typed) {
            (_, _, Some(typed)) => params::redacted_typed(&typed.typed()),
            // While its future is dropped nothing of the caller's is run.
            (Ending::Abandoned, ..) => Vec::new(),
            (_, Some(prepared), _) => params::redacted(query.params, prepared.statement.params()),
            (_, None, _) => params::redacted(query.params, &held.core.shapes.params(query)),
        };
        Self {
            text: without_values(query.sql),
            params,
            took,
            waited: held.slot().waited,
            site: query.site,
            ending,
        }
    }

    pub(super) fn is_abandoned(&self) -> bool {
        matches!(self.ending, Ending::Abandoned)
    }

    pub(super) fn slow_query(&self) -> SlowQuery {
        SlowQuery {
            params: self.params.clone(),
            rows: self.rows(),
            waited: self.waited,
            failed: self.error().is_some(),
            site: self.site,
            ended: SystemTime::now(),
            ..SlowQuery::new(self.text.clone(), self.took)
        }
    }

    pub(super) fn tell(&self, is_slow: bool, echo: bool, span: Option<&Span>) {
        let Self { text, params, site, .. } = self;
        let (params, at) = (params.join(", "), site.map(display));
        let (rows, took_ms, error) = (self.rows(), milliseconds(self.took), self.error_type());
        if is_slow {
            let waited_ms = milliseconds(self.waited);
            tracing::warn!(statement = %text, params, took_ms, waited_ms, rows, error, at, "a slow statement");
        }
        if echo {
            let end = if self.is_abandoned() { "dropped" } else { "ended" };
            tracing::info!(
                target: "pgkeel_pool::echo",
                statement = %text,
                params,
                took_ms,
                rows,
                error,
                at,
                "{end}"
            );
        }
        if let Some(span) = span {
            self.record(span);
        }
    }

    fn record(&self, span: &Span) {
        span.record("db.response.returned_rows", self.rows());
        if let Some(error) = self.error_type() {
            span.record("error.type", error);
            span.record("otel.status_code", "ERROR");
        }
        if let Some(code) = self.error().and_then(Error::code) {
            span.record("db.response.status_code", code.code());
        }
    }

    fn rows(&self) -> u64 {
        if let Ending::Well(rows) = self.ending { rows } else { 0 }
    }

    fn error(&self) -> Option<&'a Error> {
        if let Ending::Failed(error) = self.ending { Some(error) } else { None }
    }

    /// The SQLSTATE, or in a word what else went wrong.
    fn error_type(&self) -> Option<&'a str> {
        match self.ending {
            Ending::Well(_) => None,
            Ending::Abandoned => Some("dropped"),
            Ending::Failed(error) => Some(match error.code() {
                Some(code) => code.code(),
                None if error.is_disconnected() => "disconnected",
                None => "client",
            }),
        }
    }
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// With `pool.sql_echo`: what opens a transaction or a savepoint goes out with the statement behind it.
pub(crate) fn tell_of_opening(sql: &str) {
    tracing::info!(target: "pgkeel_pool::echo", statement = sql, "sent with the next");
}
