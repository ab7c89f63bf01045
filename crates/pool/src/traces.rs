//! Whether a statement may leave something behind on its session: a setting, a listener, a lock, a temporary table.
//!
//! Its text tells, as far as that can tell; what a function does inside the server is not seen. A false alarm costs one
//! round trip.

/// Words that leave traces wherever in the text they stand.
const ANYWHERE: [&str; 10] = [
    "temp",
    "temporary",
    "pg_temp",
    "set_config",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "dblink_connect",
    "dblink_connect_u",
];

/// What leaves traces where a statement begins. A cursor may be declared `with hold`.
const FIRST: [&str; 8] = ["set", "reset", "listen", "load", "prepare", "discard", "do", "declare"];

/// What makes a setting end with its transaction.
const LOCAL: [&str; 3] = ["local", "transaction", "constraints"];

pub(crate) fn may_leave_traces(sql: &str) -> bool {
    sql.split(';').any(begins_with_one) || words(sql).any(is_one)
}

fn begins_with_one(statement: &str) -> bool {
    let mut words =
        without_comments(statement).split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let first = words.next().unwrap_or_default();
    if !FIRST.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        return false;
    }
    let second = words.find(|word| !word.is_empty()).unwrap_or_default();
    !(first.eq_ignore_ascii_case("set") && LOCAL.iter().any(|word| second.eq_ignore_ascii_case(word)))
}

/// What follows the white space and comments at the beginning.
pub(crate) fn without_comments(mut statement: &str) -> &str {
    loop {
        statement = statement.trim_start();
        let rest = if let Some(line) = statement.strip_prefix("--") {
            line.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(block) = statement.strip_prefix("/*") {
            block.split_once("*/").map_or("", |(_, rest)| rest)
        } else {
            return statement;
        };
        statement = rest;
    }
}

/// Looked for in one pass over bytes, as this is done with every statement, however long.
fn words(sql: &str) -> impl Iterator<Item = &[u8]> {
    sql.as_bytes().split(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))
}

fn is_one(word: &[u8]) -> bool {
    word.len() >= 4 && ANYWHERE.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outlives_its_transaction_leaves_traces() {
        for sql in [
            "SET search_path = app",
            "  -- why\n set role admin",
            "/* why */ LISTEN jobs",
            "select 1; reset all",
            "select pg_advisory_lock(1)",
            "SELECT PG_TRY_ADVISORY_LOCK(1)",
            "create temporary table t()",
            "CREATE TEMP TABLE t()",
            "declare c cursor with hold for select 1",
            "declare c cursor with\n  hold for select 1",
            "select pg_try_advisory_lock_shared(1, 2)",
            "select 1 into temp t",
            "create table pg_temp.t()",
            "prepare p as select 1",
            "select set_config('a.b', $1, false)",
            "do $$ begin perform 1; end $$",
        ] {
            assert!(may_leave_traces(sql), "{sql}");
        }
    }

    #[test]
    fn ordinary_statements_leave_none() {
        for sql in [
            "select 1",
            "update t set v = 1",
            "set local lock_timeout = '1s'",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "set constraints all deferred",
            "insert into settings(v) values ($1)",
            "update jobs set attempts = attempts + 1 where template = $1",
            "select pg_advisory_xact_lock(1)",
            "notify jobs",
            "begin",
            "",
            "-- nothing",
        ] {
            assert!(!may_leave_traces(sql), "{sql}");
        }
    }
}
