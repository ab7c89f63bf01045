use std::collections::BTreeMap;
use std::fmt;

use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::sqlstate::{self, SqlClass};

/// An error that the server reported, without the parts that quote values.
///
/// The server's DETAIL, HINT and CONTEXT often quote rows and parameters, so `Display` and `Debug` leave them out; of data
/// errors (class 22) and of syntax errors in values also what stands in double quotes, and of errors that PL/pgSQL raises
/// (class P0) the whole text. Names of tables, columns and constraints stay. [`message`](Self::message),
/// [`detail`](Self::detail) and [`hint`](Self::hint) have the server's own words, for callers that know where they go.
#[derive(Clone)]
pub struct ServerError(Box<Fields>);

#[derive(Clone)]
struct Fields {
    is_fatal: bool,
    code: SqlState,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    constraint: Option<String>,
    table: Option<String>,
    column: Option<String>,
    routine: Option<String>,
}

impl ServerError {
    pub(crate) fn new(error: &DbError) -> Self {
        let owned = |field: Option<&str>| field.map(str::to_owned);
        Self(Box::new(Fields {
            is_fatal: matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic)),
            code: error.code().clone(),
            message: error.message().to_owned(),
            detail: owned(error.detail()),
            hint: owned(error.hint()),
            constraint: owned(error.constraint()),
            table: owned(error.table()),
            column: owned(error.column()),
            routine: owned(error.routine()),
        }))
    }

    /// From the body of an `ErrorResponse`: fields of a letter and a text that ends in a zero byte.
    /// `None` if the session goes on after it.
    pub(crate) fn fatal_from_wire(body: &[u8]) -> Option<Self> {
        let fields = body.split(|byte| *byte == 0).filter_map(|field| field.split_first());
        let mut fields: BTreeMap<u8, String> =
            fields.map(|(letter, text)| (*letter, String::from_utf8_lossy(text).into_owned())).collect();
        let severity = fields.remove(&b'V')?; // in English, whatever the language of the messages
        if severity != "FATAL" && severity != "PANIC" {
            return None;
        }
        Some(Self(Box::new(Fields {
            is_fatal: true,
            code: SqlState::from_code(&fields.remove(&b'C')?),
            message: fields.remove(&b'M')?,
            detail: fields.remove(&b'D'),
            hint: fields.remove(&b'H'),
            constraint: fields.remove(&b'n'),
            table: fields.remove(&b't'),
            column: fields.remove(&b'c'),
            routine: fields.remove(&b'R'),
        })))
    }

    /// The SQLSTATE.
    #[must_use]
    pub fn code(&self) -> &SqlState {
        &self.0.code
    }

    /// The class that the SQLSTATE belongs to.
    #[must_use]
    pub fn class(&self) -> SqlClass {
        sqlstate::class(self.code())
    }

    /// Whether the server ended the session with this error.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.0.is_fatal
    }

    /// The constraint that was violated.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.0.constraint.as_deref()
    }

    /// The table that the error is about.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.0.table.as_deref()
    }

    /// The column that the error is about.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The server's message, which may quote values.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The server's DETAIL, which often quotes values of rows.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The server's HINT, what it thinks could be done. `None` also for an error that a function of the database raised
    /// itself (RAISE of PL/pgSQL and its like), whose hint could quote anything.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        let is_raised =
            self.class() == SqlClass::Raised || self.routine().is_none_or(|it| RAISING.contains(&it));
        self.0.hint.as_deref().filter(|_| !is_raised)
    }

    /// The function of the server that reported the error, for example `RevalidateCachedQuery`.
    #[must_use]
    pub fn routine(&self) -> Option<&str> {
        self.0.routine.as_deref()
    }
}

/// The functions of the server and its languages that report what a user's function raises.
const RAISING: [&str; 4] = ["exec_stmt_raise", "PLy_output", "plperl_util_elog", "do_util_elog"];

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, message) = (self.code().code(), self.message());
        match self.class() {
            SqlClass::Raised => write!(f, "an error raised in the database ({code})"),
            SqlClass::Data => write!(f, "{} ({code})", without_quoted(message)),
            // Of the statement's own text the server says "at or near"; anything else is about a value.
            SqlClass::SyntaxOrAccess
                if *self.code() == SqlState::SYNTAX_ERROR && !message.contains(" at or near ") =>
            {
                write!(f, "{} ({code})", without_quoted(message))
            }
            _ => write!(f, "{message} ({code})"),
        }
    }
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerError({self})")
    }
}

impl std::error::Error for ServerError {}

/// The text up to its first double quote and behind its last: values may hold quotes themselves.
fn without_quoted(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}\"…\"{}", &message[..first], &message[last + 1..])
        }
        (Some(first), _) => format!("{}\"…\"", &message[..first]),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_server_is_read_from_the_wire() {
        let body = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0RProcessInterrupts\0\0";
        let error = ServerError::fatal_from_wire(body).unwrap();
        assert_eq!((error.code(), error.is_fatal()), (&SqlState::ADMIN_SHUTDOWN, true));
        assert_eq!((error.message(), error.routine()), ("terminating connection", Some("ProcessInterrupts")));
        assert!(ServerError::fatal_from_wire(b"SERROR\0VERROR\0C22012\0Mdivision by zero\0\0").is_none());
        assert!(ServerError::fatal_from_wire(b"").is_none());
    }

    #[test]
    fn a_hint_is_the_servers_own_or_none() {
        let hint = |routine: &str| {
            let body = format!("VFATAL\0C23505\0Mm\0Hlook there\0{routine}\0");
            ServerError::fatal_from_wire(body.as_bytes()).unwrap().hint().map(str::to_owned)
        };
        assert_eq!(hint("RProcessInterrupts\0").as_deref(), Some("look there"));
        for raised in ["Rexec_stmt_raise\0", "RPLy_output\0", ""] {
            assert_eq!(hint(raised), None, "{raised}");
        }
    }

    #[test]
    fn what_is_quoted_is_cut_out() {
        assert_eq!(
            without_quoted(r#"invalid input syntax for type integer: "a "quoted" b""#),
            r#"invalid input syntax for type integer: "…""#
        );
        assert_eq!(without_quoted("division by zero"), "division by zero");
    }
}
