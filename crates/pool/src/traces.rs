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

/// What follows the white space and comments at the beginning, as the server's scanner sees them: blocks nest, and a
/// carriage return ends a line too.
pub(crate) fn without_comments(mut statement: &str) -> &str {
    loop {
        statement = statement.trim_start();
        if let Some(line) = statement.strip_prefix("--") {
            statement = line.split_once(['\n', '\r']).map_or("", |(_, rest)| rest);
        } else if let Some(block) = statement.strip_prefix("/*") {
            statement = behind_block(block);
        } else {
            return statement;
        }
    }
}

/// What follows a block comment whose beginning has been read.
pub(crate) fn behind_block(mut text: &str) -> &str {
    let mut depth = 1;
    while depth > 0 {
        let Some(at) = text.find(['/', '*']) else { return "" };
        let (step, skipped) = match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (1, 2),
            [b'*', b'/', ..] => (-1, 2),
            _ => (0, 1),
        };
        depth += step;
        text = &text[at + skipped..];
    }
    text
}

/// The word behind white space and comments.
pub(crate) fn first_word(sql: &str) -> &str {
    let statement = without_comments(sql);
    let end = statement.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    &statement[..end.unwrap_or(statement.len())]
}

/// Procedures and `DO` blocks may commit in between, so what they are refused at the end undoes only a part.
pub(crate) fn commits_only_at_its_end(sql: &str) -> bool {
    let word = first_word(sql);
    !word.is_empty() && !["call", "do"].iter().any(|block| word.eq_ignore_ascii_case(block))
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
            "/* a /* b */ c */ set application_name = 'x'",
            "-- a\rset role admin",
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
