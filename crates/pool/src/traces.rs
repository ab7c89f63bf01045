//! Whether a statement may leave something behind on its session: a setting, a listener, a lock, a temporary table.
//!
//! Its text tells, as far as that can tell; what a function does inside the server is not seen. A false alarm costs one
//! round trip.

/// What leaves traces wherever in the text it stands.
const ANYWHERE: [&str; 7] = [
    "set_config",
    "pg_advisory_lock",
    "pg_try_advisory_lock",
    "with hold",
    "temp",
    "pg_temp",
    "dblink_connect",
];

/// What leaves traces where a statement begins.
const FIRST: [&str; 7] = ["set", "reset", "listen", "load", "prepare", "discard", "do"];

/// What makes a setting end with its transaction.
const LOCAL: [&str; 3] = ["local", "transaction", "constraints"];

pub(crate) fn may_leave_traces(sql: &str) -> bool {
    sql.split(';').any(begins_with_one) || ANYWHERE.iter().any(|part| contains(sql, part))
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
fn without_comments(mut statement: &str) -> &str {
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

/// Without regard to case.
fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
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
