use std::fmt;

use tokio_postgres::error::{DbError, SqlState};

use crate::sqlstate::{self, SqlClass};

/// An error that the server reported, without the parts that quote values.
///
/// The server's DETAIL, HINT and CONTEXT often quote rows and parameters, so `Display` and `Debug` leave them out; of data
/// errors (class 22) and of syntax errors in values also what stands in double quotes, and of errors that PL/pgSQL raises
/// (class P0) the whole text. Names of tables, columns and constraints stay. [`message`](Self::message) and
/// [`detail`](Self::detail) have the server's own words, for callers that know where they go.
#[derive(Clone)]
pub struct ServerError(Box<DbError>);

impl ServerError {
    pub(crate) fn new(error: &DbError) -> Self {
        Self(Box::new(error.clone()))
    }

    /// The SQLSTATE.
    #[must_use]
    pub fn code(&self) -> &SqlState {
        self.0.code()
    }

    /// The class that the SQLSTATE belongs to.
    #[must_use]
    pub fn class(&self) -> SqlClass {
        sqlstate::class(self.code())
    }

    /// Whether the server ended the session with this error.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        use tokio_postgres::error::Severity;
        matches!(self.0.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
    }

    /// The constraint that was violated.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.0.constraint()
    }

    /// The table that the error is about.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.0.table()
    }

    /// The column that the error is about.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.0.column()
    }

    /// The server's message, which may quote values.
    #[must_use]
    pub fn message(&self) -> &str {
        self.0.message()
    }

    /// The server's DETAIL, which often quotes values of rows.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.detail()
    }

    /// The function of the server that reported the error, for example `RevalidateCachedQuery`.
    #[must_use]
    pub fn routine(&self) -> Option<&str> {
        self.0.routine()
    }
}

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
    use super::without_quoted;

    #[test]
    fn what_is_quoted_is_cut_out() {
        assert_eq!(
            without_quoted(r#"invalid input syntax for type integer: "a "quoted" b""#),
            r#"invalid input syntax for type integer: "…""#
        );
        assert_eq!(without_quoted("division by zero"), "division by zero");
    }
}
