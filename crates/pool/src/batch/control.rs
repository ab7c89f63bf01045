//! Whether a statement begins or ends a transaction.

use crate::traces::first_word;

/// Where a statement begins. `set transaction` and `savepoint` are no end.
const CONTROL: [&str; 8] = ["begin", "start", "commit", "end", "rollback", "abort", "prepare", "release"];

pub(super) fn controls_transaction(sql: &str) -> bool {
    let first = first_word(sql);
    CONTROL.iter().any(|word| first.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_or_ends_a_transaction_is_known() {
        for sql in [
            "commit",
            " COMMIT;",
            "/* x */ rollback to s",
            "-- y\nEnd",
            "/* a /* b */ c */ commit",
            "prepare transaction 'x'",
        ] {
            assert!(controls_transaction(sql), "{sql}");
        }
        for sql in ["select 1", "update commit set a = 1", "savepoint s", "", "committed"] {
            assert!(!controls_transaction(sql), "{sql}");
        }
    }
}
