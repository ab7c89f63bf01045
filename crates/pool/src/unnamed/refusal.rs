//! What is not sent to a server session that is everybody's.
//!
//! Unlike the traces that are looked for before cleaning, where a false alarm costs a round trip, this must not refuse what
//! is harmless. So a word counts where a statement begins, and a function where it is called.

use crate::Error;
use crate::traces::without_comments;

const LOCAL: &str = "use `SET LOCAL` or `set_config(…, true)` in a transaction";
const OWN: &str = "connect to the server itself for it";
const NOT_NEEDED: &str = "leave it out";
const LOCK: &str = "use `pg_advisory_xact_lock` and its like in a transaction";
const TABLE: &str = "add `on commit drop`, and use the table in the same transaction";

/// What begins so, and what to do instead.
const FIRST: [(&str, &str); 8] = [
    ("set", LOCAL),
    ("reset", LOCAL),
    ("listen", OWN),
    ("unlisten", NOT_NEEDED),
    ("load", OWN),
    ("prepare", NOT_NEEDED),
    ("deallocate", NOT_NEEDED),
    ("discard", NOT_NEEDED),
];

/// What makes a setting end with its transaction.
const ENDS: [&str; 3] = ["local", "transaction", "constraints"];

const LOCKS: [&str; 4] =
    ["pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared"];

/// Refuses a single statement.
pub(super) fn check(sql: &str) -> Result<(), Error> {
    match found(sql) {
        Some((what, instead)) => Err(Error::SessionState { what, instead }),
        None => Ok(()),
    }
}

/// Refuses several statements for one of them. In a text with quotes a `;` may stand for anything, so only its first is
/// looked at then.
pub(super) fn check_all(sql: &str) -> Result<(), Error> {
    if sql.contains(['\'', '"', '$']) { check(sql) } else { sql.split(';').try_for_each(check) }
}

fn found(sql: &str) -> Option<(&'static str, &'static str)> {
    let mut words = words(sql).map(str::to_ascii_lowercase);
    let [first, second, third] = std::array::from_fn(|_| words.next().unwrap_or_default());
    let begins = FIRST.iter().find(|(word, _)| *word == first);
    if let Some(found) = begins.filter(|_| first != "set" || !ENDS.contains(&second.as_str())) {
        return Some(*found);
    }
    let is_temporary = |word: &str| matches!(word, "temp" | "temporary");
    if first == "create" && (is_temporary(&second) || second == "local" && is_temporary(&third)) {
        let table = words.any(|word| word == "table") || third == "table";
        let lower = sql.to_ascii_lowercase();
        let is_dropped = lower.split_whitespace().collect::<Vec<_>>().join(" ").contains("on commit drop");
        return (table && !is_dropped).then_some(("create temporary table", TABLE));
    }
    let is_called = |name: &&&str| calls(sql, name);
    LOCKS.iter().find(is_called).map(|name| (*name, LOCK))
}

/// The words behind the comments at the beginning.
fn words(sql: &str) -> impl Iterator<Item = &str> {
    let sql = without_comments(sql);
    sql.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

/// Whether a function is called. Its name is looked for as whole words are, byte by byte, as every statement is.
fn calls(sql: &str, name: &str) -> bool {
    let part_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let text = sql.as_bytes();
    let mut windows = text.windows(name.len()).enumerate();
    windows.any(|(at, window)| {
        window.eq_ignore_ascii_case(name.as_bytes())
            && (at == 0 || !part_of_name(text[at - 1]))
            && sql[at + name.len()..].trim_start().starts_with('(')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_the_session_is_refused_with_what_to_do() {
        for sql in [
            "SET search_path = app",
            "  -- why\n set role admin",
            "/* why */ LISTEN jobs",
            "reset all",
            "discard temp",
            "prepare p as select 1",
            "set session characteristics as transaction read only",
            "select pg_advisory_lock(1)",
            "select PG_TRY_ADVISORY_LOCK (1, 2)",
            "create temporary table t()",
            "CREATE LOCAL TEMP TABLE t()",
            "create temp table t() on commit delete rows",
        ] {
            let error = check(sql).expect_err(sql);
            assert!(matches!(error, Error::SessionState { .. }), "{sql}");
        }
        assert!(check_all("select 1; set role admin").is_err());
    }

    #[test]
    fn what_ends_with_its_transaction_or_only_looks_alike_is_not() {
        for sql in [
            "set local lock_timeout = '1s'",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "set constraints all deferred",
            "select set_config('a.b', $1, true)",
            "select pg_advisory_xact_lock(1)",
            "create temp table t(n int) on\n commit  DROP",
            "create temp view v as select 1",
            "select temp, prepare, load from weather",
            "select 1 as pg_advisory_lock",
            "select my_pg_advisory_lock(1)",
            "select pg_advisory_lock_holders()",
            "update settings set listen = true",
            "notify jobs",
            "",
            "-- nothing",
        ] {
            assert!(check(sql).is_ok(), "{sql}");
        }
        assert!(check_all("insert into notes values ('a; set b')").is_ok());
        let function = "create function f() returns void language sql as $$ select 1; set role admin $$";
        assert!(check_all(function).is_ok());
    }
}
