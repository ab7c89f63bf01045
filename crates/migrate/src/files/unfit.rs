//! Statements that cannot be part of a migration, found before anything runs.

use std::fmt;

use super::backfill;
use super::index::IndexBuild;
use super::outside::{cannot_be_in_transaction, changes_role, changes_search_path};
use super::script::Script;
use super::statements::{Statement, statements};
use super::text::Location;

/// A statement that no migration can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Where the statement begins.
    pub at: Location,
    /// Its first words in capitals, or a command of `psql` as it is.
    pub words: String,
    /// What is wrong with it.
    pub reason: UnfitReason,
}

/// Why a statement cannot be part of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnfitReason {
    /// It begins or ends a transaction. What came before a COMMIT would stay without a row in the history.
    ControlsTransaction,
    /// It sends or takes rows through the client, as only `psql` does for a script.
    CopiesThroughClient,
    /// It is a command of `psql`, not of the server.
    MetaCommand,
    /// It cannot run in a transaction, and the file does not say that it is to run without.
    OutsideTransaction,
    /// It builds an index without a name outside of a transaction: what is left of it if it fails could not be found.
    NamelessIndex,
    /// It changes what backslashes mean in strings. Of a text that is sent whole the server has read them all by then, so
    /// the statement does not do here what it does in `psql`.
    ChangesStrings,
    /// It changes whose rights the next statements have, in a file of which each statement is recorded.
    ChangesRole,
    /// It changes the search path, in a file that runs for one of many tenants: what follows would be made elsewhere.
    LeavesTenant,
    /// It is in a backfill, which repeats one UPDATE, DELETE or INSERT … SELECT, and is none or another one.
    NotBackfill,
    /// It is to be repeated, and takes all rows at once: no LIMIT in it reads how many a batch has.
    Unlimited,
    /// It is to be repeated until it changes no row, and passes over rows that others have locked: a batch of nothing but
    /// such rows would be taken for the end.
    SkipsLocked,
    /// It is to be repeated until it changes no row, and its LIMIT picks from all rows, also those that are done.
    Unending,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.reason {
            UnfitReason::ControlsTransaction => {
                "files run in transactions that are begun for them, so leave this out, or make two files where a part has to be \
                 committed before the rest"
            }
            UnfitReason::CopiesThroughClient => "there is nobody to copy from or to, so use INSERT",
            UnfitReason::MetaCommand => "only psql knows this command, so leave it out",
            UnfitReason::OutsideTransaction => {
                "it cannot run in a transaction, so write -- pgkeel: transaction=off at the top of the file"
            }
            UnfitReason::NamelessIndex => {
                "give the index a name, so that what is left of it can be found if this fails"
            }
            UnfitReason::ChangesStrings => "leave this out, and write strings with backslashes as E'…'",
            UnfitReason::LeavesTenant => {
                "what follows would not be in the tenant's schema, so leave this out, and write the schema of what is elsewhere"
            }
            UnfitReason::ChangesRole => "write -- pgkeel: role=… at the top of the file instead",
            UnfitReason::NotBackfill => {
                "a backfill repeats one UPDATE, DELETE or INSERT … SELECT, so put this into a file of its own"
            }
            UnfitReason::Unlimited => {
                "it would take all rows at once, so write limit current_setting('pgkeel.batch')::bigint behind the query \
                 that picks them"
            }
            UnfitReason::SkipsLocked => {
                "a batch of rows that others have locked would be taken for the end, so leave SKIP LOCKED out"
            }
            UnfitReason::Unending => {
                "it would pick rows again that are done, so give the query with the LIMIT a WHERE that leaves them out"
            }
        };
        write!(f, "{} at {}: {advice}", self.words, self.at)
    }
}

/// The first statement of the file that cannot be part of it.
pub(crate) fn find(script: &Script) -> Option<Unfit> {
    let outside = script.directives().outside_transaction;
    let found = statements(script.sql()).iter().find_map(|statement| {
        let (reason, words) = judge(script.sql(), statement, outside)?;
        let at = Location::of_byte(script.sql(), statement.start);
        Some(Unfit { at, words, reason })
    });
    found.or_else(|| backfill::unfit(script))
}

/// The first statement of the file that leaves the schema in which it runs.
pub(crate) fn leaves_tenant(script: &Script) -> Option<Unfit> {
    let statements = statements(script.sql());
    let statement = statements.iter().find(|statement| changes_search_path(statement))?;
    let at = Location::of_byte(script.sql(), statement.start);
    let words = statement.words[..statement.words.len().min(2)].join(" ").to_ascii_uppercase();
    Some(Unfit { at, words, reason: UnfitReason::LeavesTenant })
}

fn judge(sql: &str, statement: &Statement<'_>, outside: bool) -> Option<(UnfitReason, String)> {
    if let Some(command) = statement.tokens.iter().find(|token| token.text.starts_with('\\')) {
        return Some((UnfitReason::MetaCommand, command.text.to_owned()));
    }
    let first =
        |words: usize| statement.words[..words.min(statement.words.len())].join(" ").to_ascii_uppercase();
    let is_nameless = || IndexBuild::of(sql, statement).is_some_and(|build| build.name.is_none());
    let reason = if copies_through_client(statement) {
        (UnfitReason::CopiesThroughClient, first(1))
    } else if changes_strings(statement) {
        (UnfitReason::ChangesStrings, first(2))
    } else if controls_transaction(statement) {
        (UnfitReason::ControlsTransaction, first(1))
    } else if !outside && cannot_be_in_transaction(statement) {
        (UnfitReason::OutsideTransaction, first(3))
    } else if outside && is_nameless() {
        (UnfitReason::NamelessIndex, first(3))
    } else if outside && changes_role(statement) {
        (UnfitReason::ChangesRole, first(2))
    } else {
        return None;
    };
    Some(reason)
}

/// To what every session here has already, as `pg_dump` writes on top of what it dumps, nothing is changed.
fn changes_strings(statement: &Statement<'_>) -> bool {
    let value = statement.tokens.last().map(|token| token.text.trim_matches('\''));
    let is_on =
        ["on", "true", "yes", "1"].iter().any(|on| value.is_some_and(|it| it.eq_ignore_ascii_case(on)));
    statement.begins_with(&["set"]) && statement.mentions("standard_conforming_strings") && !is_on
}

fn copies_through_client(statement: &Statement<'_>) -> bool {
    let ends = [["from", "stdin"], ["to", "stdout"]];
    let is_end = |pair: &[&str]| {
        ends.iter().any(|end| pair[0].eq_ignore_ascii_case(end[0]) && pair[1].eq_ignore_ascii_case(end[1]))
    };
    statement.begins_with(&["copy"]) && statement.words.windows(2).any(is_end)
}

fn controls_transaction(statement: &Statement<'_>) -> bool {
    ["begin", "commit", "end", "abort"].iter().any(|word| statement.begins_with(&[word]))
        || statement.begins_with(&["start", "transaction"])
        || statement.begins_with(&["prepare", "transaction"])
        || statement.begins_with(&["rollback"]) && !goes_to_savepoint(statement)
}

/// `ROLLBACK [WORK | TRANSACTION] TO …`
fn goes_to_savepoint(rollback: &Statement<'_>) -> bool {
    rollback.words.iter().skip(1).take(2).any(|word| word.eq_ignore_ascii_case("to"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfit(sql: &str) -> Option<Unfit> {
        find(&Script::new("V1__a.sql".into(), sql).unwrap())
    }

    fn reason(sql: &str) -> Option<UnfitReason> {
        unfit(sql).map(|unfit| unfit.reason)
    }

    #[test]
    fn what_begins_or_ends_a_transaction_is_found() {
        for word in [
            "begin",
            "START TRANSACTION",
            "commit and chain",
            "END",
            "abort",
            "Rollback work",
            "prepare transaction 'x'",
        ] {
            assert_eq!(
                reason(&format!("select 1;\n{word};")),
                Some(UnfitReason::ControlsTransaction),
                "{word}"
            );
        }
        let found = unfit("-- é\nselect 'é'; commit;").unwrap();
        assert_eq!(
            found.to_string(),
            "COMMIT at 2:13: files run in transactions that are begun for them, so leave this out, or make two files where a \
             part has to be committed before the rest"
        );
    }

    #[test]
    fn savepoints_and_bodies_are_fine() {
        for sql in [
            "savepoint a; rollback to a; rollback work to savepoint a; release a",
            "do $$ begin commit; end $$; select 'commit;'",
            "prepare p as select 1; create table copy(\"begin\" int); copy t from '/tmp/stdin'",
        ] {
            assert_eq!(unfit(sql), None, "{sql}");
        }
    }

    #[test]
    fn copying_through_the_client_is_found() {
        assert_eq!(
            reason("COPY t (a, b) FROM STDIN WITH (FORMAT csv)"),
            Some(UnfitReason::CopiesThroughClient)
        );
        assert_eq!(reason("copy (select 1) to stdout"), Some(UnfitReason::CopiesThroughClient));
    }

    #[test]
    fn commands_of_psql_are_found_by_name() {
        let found = unfit("select 1;\n\\set x 1\nselect (1 \\gexec\n);").unwrap();
        assert_eq!((found.reason, found.words.as_str()), (UnfitReason::MetaCommand, "\\set"));
        assert_eq!(reason(r"select '\d', E'\'\d', $$\d$$"), None);
        assert_eq!(reason("set local standard_conforming_strings = off"), Some(UnfitReason::ChangesStrings));
        assert_eq!(reason("set standard_conforming_strings to default"), Some(UnfitReason::ChangesStrings));
        assert_eq!(
            reason("SET standard_conforming_strings = on; set standard_conforming_strings to 'on'"),
            None
        );
    }

    #[test]
    fn what_runs_outside_of_transactions_needs_the_directive() {
        let found = unfit("create index concurrently a on t (b)").unwrap();
        assert_eq!(
            (found.reason, found.words.as_str()),
            (UnfitReason::OutsideTransaction, "CREATE INDEX CONCURRENTLY")
        );
        let outside = |sql: &str| reason(&format!("-- pgkeel: transaction=off\n{sql}"));
        assert_eq!(outside("create index concurrently a on t (b)"), None);
        assert_eq!(outside("create index concurrently on t (b)"), Some(UnfitReason::NamelessIndex));
        assert_eq!(outside("set role a"), Some(UnfitReason::ChangesRole));
        assert_eq!(outside("begin; select 1; end"), Some(UnfitReason::ControlsTransaction));
    }
}
