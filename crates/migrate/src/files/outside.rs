//! Statements that are not all their transaction's: those that cannot be in one, those that reach beyond it.

use super::statements::Statement;
use super::tokens::Tokens;

/// Whether the server refuses the statement in a transaction (documentation of each: "cannot be executed inside a
/// transaction block"). Some are refused only for some tables; those are left to the server.
pub(crate) fn cannot_be_in_transaction(statement: &Statement<'_>) -> bool {
    let begins = |words: &[&str]| statement.begins_with(words);
    let any = |all: &[&[&str]]| all.iter().any(|words| begins(words));
    any(&[&["vacuum"], &["alter", "system"], &["discard", "all"]])
        || any(&[&["create", "index"], &["create", "unique", "index"], &["drop", "index"]])
            && statement.has("concurrently")
        || any(&[&["create", "database"], &["drop", "database"]])
        || any(&[&["create", "tablespace"], &["drop", "tablespace"]])
        || begins(&["alter", "database"]) && statement.has("tablespace")
        || begins(&["alter", "table"]) && statement.has("detach") && statement.has("concurrently")
        || begins(&["reindex"]) && reindexes_outside(statement)
        || begins(&["cluster"]) && statement.tokens.len() == 1
        || begins(&["create", "subscription"]) && !mentions(statement, &["create_slot", "connect"])
}

fn reindexes_outside(reindex: &Statement<'_>) -> bool {
    // The option may stand in parentheses.
    mentions(reindex, &["concurrently"])
        || ["schema", "database", "system"].iter().any(|of_all| reindex.begins_with(&["reindex", of_all]))
}

fn mentions(statement: &Statement<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| statement.mentions(word))
}

/// Whether the statement changes the session rather than the database, so that it has to be said again to a new one.
pub(crate) fn sets_session(statement: &Statement<'_>) -> bool {
    let second = statement.words.get(1).map(|word| word.to_ascii_lowercase());
    let is_local = matches!(second.as_deref(), Some("local" | "transaction" | "constraints"));
    statement.begins_with(&["reset"]) || statement.begins_with(&["set"]) && !is_local
}

/// Whether the statement changes whose rights the next ones have.
pub(crate) fn changes_role(statement: &Statement<'_>) -> bool {
    let subject = statement.words.iter().map(|word| word.to_ascii_lowercase());
    let subject = subject.skip(1).find(|word| word != "session" || statement.words.len() == 2);
    sets_session(statement) && matches!(subject.as_deref(), Some("role" | "authorization"))
}

/// Whether the statement changes where names are looked for, and new objects go. What is in the body of a function, or set for
/// one, is not known, or does no harm.
pub(crate) fn changes_search_path(statement: &Statement<'_>) -> bool {
    let mut tokens = Tokens::of(statement);
    if tokens.take("set") {
        tokens.take_any(&["session", "local"]);
        return tokens.take("schema") || tokens.full_name().is_some_and(|name| name == "search_path");
    }
    let of_function = || {
        let texts = statement.tokens.iter().map(|token| token.text);
        let mut behind = texts.skip_while(|text| !text.eq_ignore_ascii_case("set_config")).skip(2);
        behind.next().is_some_and(|name| name.trim_matches('\'').eq_ignore_ascii_case("search_path"))
    };
    tokens.take_all(&["reset", "all"])
        || tokens.take_all(&["reset", "search_path"])
        || tokens.take_all(&["discard", "all"])
        || of_function()
}

const MAKERS: [&str; 3] = ["create", "alter", "drop"];

/// Kinds of objects that belong to the server.
const SHARED: [&str; 6] = ["role", "user", "group", "database", "tablespace", "subscription"];

/// The words by which a statement changes what all databases of the server share, in capitals; `None` if it does not.
pub(crate) fn of_whole_server(statement: &Statement<'_>) -> Option<String> {
    let words: Vec<String> = statement.words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let is_shared = match word(0) {
        "create" | "alter" | "drop" if word(1) == "user" && word(2) == "mapping" => false,
        maker if MAKERS.contains(&maker) => SHARED.contains(&word(1)) || word(1) == "system",
        "reassign" => true,
        // Of roles, which have no ON; what has one is kept in the database.
        "grant" | "revoke" => !words.iter().any(|word| word == "on"),
        "comment" => ["role", "database", "tablespace"].contains(&word(2)),
        _ => false,
    };
    is_shared.then(|| words[..words.len().min(2)].join(" ").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::super::statements::statements;
    use super::*;

    fn all(sql: &str, is: fn(&Statement<'_>) -> bool) -> Vec<bool> {
        statements(sql).iter().map(is).collect()
    }

    #[test]
    fn what_cannot_be_in_a_transaction_is_known() {
        let outside = "create unique index concurrently a on t (b); drop index concurrently if exists a;
            reindex (verbose, concurrently) table t; reindex index concurrently a; reindex schema s; vacuum (full) t;
            alter table t detach partition p concurrently; alter system set a = b; create database d; cluster;
            alter database d set tablespace x; create subscription s connection 'x' publication p";
        assert_eq!(all(outside, cannot_be_in_transaction), [true; 12]);
        let inside = "create index concurrently_ on t (b); drop index a; reindex table t; cluster t using a;
            refresh materialized view concurrently v; alter table t detach partition p; alter database d set a = b;
            create subscription s connection 'x' publication p with (create_slot = false); select 'vacuum'";
        assert_eq!(all(inside, cannot_be_in_transaction), [false; 9]);
    }

    #[test]
    fn what_a_new_session_has_to_be_told_is_known() {
        let told = "set search_path = a; set session work_mem = 1; reset all; SET TIME ZONE 'UTC'";
        assert_eq!(all(told, sets_session), [true; 4]);
        let not = "set local search_path = a; set constraints all deferred; set transaction read only; select set()";
        assert_eq!(all(not, sets_session), [false; 4]);
    }

    #[test]
    fn whose_rights_change_is_known() {
        let change = "set role a; set session role a; set session authorization a; reset role; reset session authorization";
        assert_eq!(all(change, changes_role), [true; 5]);
        assert_eq!(
            all("set search_path = role; reset search_path; set local role a", changes_role),
            [false; 3]
        );
    }

    fn found(sql: &str) -> Option<String> {
        statements(sql).iter().find_map(of_whole_server)
    }

    #[test]
    fn what_reaches_beyond_the_database_is_found() {
        for (sql, told) in [
            ("create role app", "CREATE ROLE"),
            ("select 1; ALTER USER app WITH login", "ALTER USER"),
            ("drop tablespace fast", "DROP TABLESPACE"),
            ("alter system set work_mem = '1GB'", "ALTER SYSTEM"),
            ("alter database shop set search_path = x", "ALTER DATABASE"),
            ("grant readers to app", "GRANT READERS"),
            ("create subscription s connection '' publication p", "CREATE SUBSCRIPTION"),
            ("reassign owned by a to b", "REASSIGN OWNED"),
            ("comment on role app is 'x'", "COMMENT ON"),
        ] {
            assert_eq!(found(sql).as_deref(), Some(told), "{sql}");
        }
    }

    #[test]
    fn what_stays_in_the_database_is_not() {
        for sql in [
            "create user mapping for public server s",
            "grant select on t to app; revoke all on schema x from public",
            "comment on table t is 'create role'; alter table t owner to app",
            "create table role (id int); alter default privileges grant select on tables to app",
        ] {
            assert_eq!(found(sql), None, "{sql}");
        }
    }
}
