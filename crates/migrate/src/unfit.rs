//! Statements that cannot be part of a migration, found before anything runs.

use std::fmt;

use crate::Location;
use crate::statements::{Statement, statements};

/// A statement that no migration can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Where the statement begins.
    pub at: Location,
    /// Its first words, in capitals.
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
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.reason {
            UnfitReason::ControlsTransaction => {
                "every file runs in a transaction of its own, so leave this out"
            }
            UnfitReason::CopiesThroughClient => "there is nobody to copy from or to, so use INSERT",
        };
        write!(f, "{} at {}: {advice}", self.words, self.at)
    }
}

/// The first statement of the text that cannot be part of a migration.
pub(crate) fn find(sql: &str) -> Option<Unfit> {
    statements(sql).iter().find_map(|statement| {
        let (reason, words) = judge(statement)?;
        Some(Unfit { at: Location::of_byte(sql, statement.start), words: words.to_ascii_uppercase(), reason })
    })
}

fn judge<'a>(statement: &Statement<'a>) -> Option<(UnfitReason, &'a str)> {
    let first = statement.words.first()?;
    if statement.begins_with(&["copy"]) {
        let ends = [["from", "stdin"], ["to", "stdout"]];
        let is_end = |pair: &[&str]| {
            ends.iter()
                .any(|end| pair[0].eq_ignore_ascii_case(end[0]) && pair[1].eq_ignore_ascii_case(end[1]))
        };
        let copies = statement.words.windows(2).any(is_end);
        return copies.then_some((UnfitReason::CopiesThroughClient, first));
    }
    let controls = ["begin", "commit", "end", "abort"].iter().any(|word| statement.begins_with(&[word]))
        || statement.begins_with(&["start", "transaction"])
        || statement.begins_with(&["prepare", "transaction"])
        || statement.begins_with(&["rollback"]) && !goes_to_savepoint(statement);
    controls.then_some((UnfitReason::ControlsTransaction, first))
}

/// `ROLLBACK [WORK | TRANSACTION] TO …`
fn goes_to_savepoint(rollback: &Statement<'_>) -> bool {
    rollback.words.iter().skip(1).take(2).any(|word| word.eq_ignore_ascii_case("to"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(sql: &str) -> Option<UnfitReason> {
        find(sql).map(|unfit| unfit.reason)
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
        let found = find("-- é\nselect 'é'; commit;").unwrap();
        assert_eq!(
            found.to_string(),
            "COMMIT at 2:13: every file runs in a transaction of its own, so leave this out"
        );
    }

    #[test]
    fn savepoints_and_bodies_are_fine() {
        for sql in [
            "savepoint a; rollback to a; rollback work to savepoint a; release a",
            "do $$ begin commit; end $$; select 'commit;'",
            "prepare p as select 1; create table copy(\"begin\" int); copy t from '/tmp/stdin'",
        ] {
            assert_eq!(find(sql), None, "{sql}");
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
}
