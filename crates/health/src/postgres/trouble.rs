//! Errors as fixed words: the text of a driver or server names hosts, users and databases, and stays inside.

use pgkeel_connect::{DialStep, Error, SqlClass};
use tokio_postgres::error::SqlState;

/// The one word for an error of the database.
pub(crate) fn slug(error: &Error) -> &'static str {
    match error {
        Error::DialTimeout { .. } | Error::Unanswered { .. } => "timeout",
        Error::Dial { step: DialStep::LookUp, .. } => "name_not_found",
        Error::Dial { .. } | Error::Closed { .. } => "db_unreachable",
        _ => error.server().map_or("db_error", |server| of_sqlstate(server.code(), server.class())),
    }
}

fn of_sqlstate(code: &SqlState, class: SqlClass) -> &'static str {
    match class {
        _ if *code == SqlState::QUERY_CANCELED => "timeout",
        _ if *code == SqlState::LOCK_NOT_AVAILABLE => "locked",
        _ if *code == SqlState::INSUFFICIENT_PRIVILEGE => "no_privilege",
        SqlClass::Authorization => "auth_failed",
        SqlClass::Operator if *code == SqlState::CANNOT_CONNECT_NOW => "starting_or_stopping",
        SqlClass::Operator => "session_ended",
        SqlClass::Resources if *code == SqlState::TOO_MANY_CONNECTIONS => "too_many_connections",
        SqlClass::Resources => "out_of_resources",
        _ if *code == SqlState::INVALID_CATALOG_NAME => "no_such_database",
        _ => "db_error",
    }
}
