//! Statements that files have prepared, which must not reach the next file. To look for them takes the server a good part of
//! what else it does for a file, so it is looked whether anybody can have made one.

use pgkeel_connect::{Error as ConnectError, Executor as _};

use super::job::Job;
use super::session::Session;
use crate::{Error, Step};

/// What has to be in a text for anything to be prepared by it. A text that puts it together from pieces is not known: what that
/// has prepared stays until a file goes alone.
const WORD: &str = "prepare";

/// Whether a function of the database or one of the files can have the server prepare something. What code may do nobody knows,
/// nor what is in functions that this role may not read.
pub(super) async fn may_happen(session: &Session, jobs: &[Job]) -> Result<bool, Error> {
    let functions = format!(
        "select exists (select from pg_catalog.pg_proc
         where oid operator(pg_catalog.>=) 16384 and prosrc operator(pg_catalog.~*) '{WORD}')"
    );
    // sql: a word of this file
    let has_function = match session.step(Step::Check, session.query_scalar(&functions, &[])).await {
        Err(Error::Database { source: ConnectError::Server(refused), .. }) if !refused.is_fatal() => true,
        looked => looked?,
    };
    Ok(has_function || jobs.iter().any(|job| job.migration.code().is_some() || mentions(job.script().sql())))
}

fn mentions(text: &str) -> bool {
    text.as_bytes().windows(WORD.len()).any(|part| part.eq_ignore_ascii_case(WORD.as_bytes()))
}

/// Whether files have prepared anything beside what is called so, as an expression.
pub(super) fn is_there_but(own: &str) -> String {
    format!(
        "exists (select from pg_catalog.pg_prepared_statements
         where from_sql and name operator(pg_catalog.<>) '{own}')"
    )
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn the_word_is_found_anywhere() {
        assert!(mentions("prepare a as select 1") && mentions("do $$ begin execute 'PREPARE a'; end $$"));
        assert!(!mentions("") && !mentions("create table prepar (e int)"));
    }
}
