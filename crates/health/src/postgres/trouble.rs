//! Errors as fixed words: the text of a driver or server names hosts, users and databases, and stays inside.

use pgkeel_connect::{DialStep, Error, SqlClass};
use tokio_postgres::error::SqlState;

/// The one word for an error of the database.
pub(crate) fn slug(error: &Error) -> &'static str {
    match error {
        Error::DialTimeout { .. } | Error::Unanswered { .. } => "timeout",
        Error::Dial { step: DialStep::LookUp, .. } => "name_not_found",
        Error::Dial { .. } | Error::Closed { .. } => "db_unreachable",
        Error::WrongServer { .. } => "wrong_server",
        Error::NoHost { failures } => of_several(failures),
        _ => error.server().map_or("db_error", |server| of_sqlstate(server.code(), server.class())),
    }
}

/// The word for all of them, if one is.
fn of_several(failures: &[Error]) -> &'static str {
    let mut words = failures.iter().map(slug);
    let first = words.next().unwrap_or("no_host");
    if words.all(|word| word == first) { first } else { "no_host" }
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

#[cfg(test)]
mod tests {
    use pgkeel_connect::TargetSession;

    use super::*;

    fn standby() -> Error {
        let (found, wanted) = ("is a standby", TargetSession::Primary);
        Error::WrongServer { host: "h:5432".into(), found, wanted }
    }

    fn silent() -> Error {
        let waited = std::time::Duration::from_secs(1);
        Error::DialTimeout { host: "h:5432".into(), step: DialStep::Socket, waited }
    }

    #[test]
    fn a_server_of_another_kind_has_a_word_of_its_own() {
        assert_eq!(slug(&standby()), "wrong_server");
    }

    #[test]
    fn several_hosts_have_the_word_of_each_or_one_that_says_that_they_differ() {
        assert_eq!(slug(&Error::NoHost { failures: vec![standby(), standby()] }), "wrong_server");
        assert_eq!(slug(&Error::NoHost { failures: vec![standby(), silent()] }), "no_host");
    }
}
