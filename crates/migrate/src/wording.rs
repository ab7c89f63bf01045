//! Parts of error messages.

use std::fmt;

use tokio_postgres::error::SqlState;

use crate::{LockHolder, Reason};

/// What to do about errors that are often met in migrations.
pub(crate) fn hint(reason: &Reason) -> &'static str {
    let Reason::Refused(error) = reason else { return "" };
    match *error.code() {
        SqlState::ACTIVE_SQL_TRANSACTION => {
            " (write -- pgkeel: transaction=off at the top of a file for statements that cannot run in a transaction)"
        }
        SqlState::LOCK_NOT_AVAILABLE => {
            " (somebody uses what the statement has to lock; try again, or wait longer for locks)"
        }
        SqlState::UNSAFE_NEW_ENUM_VALUE_USAGE => {
            " (use the new value in another file; a dry run by rollback has all files in one transaction, one by shadow \
             has not)"
        }
        SqlState::QUERY_CANCELED => {
            " (if it took too long, write -- pgkeel: statement_timeout=… at the top of the file; triggers and functions that it \
             calls may set a shorter one)"
        }
        _ => "",
    }
}

/// Why a version cannot go on with a statement that it does not have, out of so many, or that nothing was stopped before.
pub(crate) fn why_not(statements: Option<usize>) -> String {
    match statements {
        None => {
            "it does not stand between two statements, and migrate up goes on with whatever does".to_owned()
        }
        Some(statements) => format!("it has {statements}, so it goes on with one of 1 to {}", statements + 1),
    }
}

/// One a line.
pub(crate) struct Lines<'a, T>(pub(crate) &'a [T]);

impl<T: fmt::Display> fmt::Display for Lines<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// What was done before the file that failed.
pub(crate) struct Before<'a>(pub(crate) &'a [String]);

impl fmt::Display for Before<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            [one] => write!(f, "; {one} before it was"),
            [first, .., last] => {
                write!(f, "; the {} before it were, from {first} to {last}", self.0.len())
            }
        }
    }
}

/// Who holds the lock, if that is known.
pub(crate) struct Holder<'a>(pub(crate) Option<&'a LockHolder>);

impl fmt::Display for Holder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |holder| write!(f, ": {holder}"))
    }
}
