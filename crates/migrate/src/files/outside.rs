//! Statements that are not all their transaction's: those that cannot be in one, those that reach beyond it.

use super::statements::Statement;

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

/// Whether the statement changes what all databases of the server share.
pub(crate) fn affects_whole_server(statement: &Statement<'_>) -> bool {
    let shared = ["role", "user", "group", "database", "tablespace", "system", "subscription"];
    let changes = ["create", "alter", "drop", "comment", "security"];
    let of_shared = |change| shared.iter().any(|kind| statement.begins_with(&[change, kind]));
    changes.into_iter().any(of_shared)
        || statement.begins_with(&["comment", "on"])
            && shared.iter().any(|kind| statement.begins_with(&["comment", "on", kind]))
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

    #[test]
    fn what_all_databases_share_is_known() {
        let shared = "create role a; ALTER USER a set b = c; drop group g; alter system reset all; comment on role a is 'b'";
        assert_eq!(all(shared, affects_whole_server), [true; 5]);
        assert_eq!(
            all("create table role (); comment on table t is 'role'; grant a to b", affects_whole_server),
            [false; 3]
        );
    }
}
