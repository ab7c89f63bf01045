//! What is said of what failed: what was being done, why, and what helps.

use std::fmt;

use anyhow::anyhow;
use pgkeel_query::Error;
use pgkeel_query::rotation::RotationProblem;

use crate::failure::Failure;

const READ_ONLY: &str = "connect to the primary, by a session that is not read-only";

const CANCELLED: &str =
    "if its statement_timeout is too short, connect with `options=-c statement_timeout=0`";

const NUMBERS: &str = "`pgkeel keys status` has the numbers of those that are";

pub(super) trait Doing<T> {
    /// Says of an error what was being done.
    fn doing(self, step: impl fmt::Display + Send + Sync + 'static) -> Result<T, Failure>;
}

impl<T> Doing<T> for Result<T, Error> {
    fn doing(self, step: impl fmt::Display + Send + Sync + 'static) -> Result<T, Failure> {
        self.map_err(|error| {
            if is_of_missing_tables(&error) {
                return Failure::setting(anyhow!(
                    "the tables of sealed columns are not there: run `pgkeel keys setup` once for this database"
                ));
            }
            let remedy = remedy(&error).map(|remedy| format!("; {remedy}")).unwrap_or_default();
            anyhow!("{step}: {:#}{remedy}", cause(error)).into()
        })
    }
}

/// Without saying that it is about keys.
pub(super) fn cause(error: Error) -> anyhow::Error {
    match error {
        Error::Rotation(problem) => anyhow!(problem),
        other => anyhow!(other),
    }
}

/// `undefined_table`, of a table that `pgkeel keys setup` makes.
fn is_of_missing_tables(error: &Error) -> bool {
    error.server().is_some_and(|error| error.code().code() == "42P01" && error.message().contains("pgkeel."))
}

/// By the codes of the server: `read_only_sql_transaction`, `query_canceled`.
fn remedy(error: &Error) -> Option<&'static str> {
    if let Error::Rotation(RotationProblem::NoRotation { .. }) = error {
        return Some(NUMBERS);
    }
    match error.server()?.code().code() {
        "25006" => Some(READ_ONLY),
        "57014" => Some(CANCELLED),
        _ => None,
    }
}
