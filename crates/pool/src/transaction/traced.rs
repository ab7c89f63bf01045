//! The number under which the server knows the transaction, so that it can be asked what became of it.

use pgkeel_connect::Connection;

use super::identity;
use super::plan::Plan;

/// What is known of it. It is asked for behind each statement, in the same flight, until the transaction has one.
#[derive(Debug)]
pub(super) struct Number {
    wanted: bool,
    xid: Option<u64>,
    /// Statements so far, and behind how many of them the last answer was given.
    statements: u32,
    covered: u32,
    /// Whether a COMMIT has an effect though nothing was written.
    notifies: bool,
    read_only: bool,
}

impl Number {
    pub(super) fn of(connection: &Connection, plan: Plan) -> Self {
        let read_only = plan.options.is_read_only();
        let wanted = plan.resolves && !read_only && identity::numbers_transactions(connection);
        Self { wanted, xid: None, statements: 0, covered: 0, notifies: false, read_only }
    }

    /// Whether it is to be found out.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted && self.xid.is_none()
    }

    /// Whether something may have been written of which nothing is known.
    pub(super) fn is_open(&self) -> bool {
        self.is_wanted() && self.covered < self.statements
    }

    pub(super) fn xid(&self) -> Option<u64> {
        self.xid
    }

    /// A statement more, of this text.
    pub(super) fn statement_sent(&mut self, sql: &str) {
        self.statements += 1;
        self.notifies |= mentions_notify(sql);
    }

    /// Behind how many a question is that is sent now.
    pub(super) fn statements(&self) -> u32 {
        self.statements
    }

    pub(super) fn answered(&mut self, behind: u32, xid: Option<u64>) {
        self.xid = self.xid.or(xid);
        self.covered = self.covered.max(behind);
    }

    /// Whether nothing was written, so that there is nothing that a COMMIT could keep.
    pub(super) fn is_known_empty(&self) -> bool {
        let asked = self.wanted && self.xid.is_none() && !self.is_open();
        (asked || self.read_only) && !self.notifies
    }
}

/// Notifications are sent by COMMIT, which gives the transaction its number only then.
fn mentions_notify(sql: &str) -> bool {
    sql.as_bytes().windows(6).any(|word| word.eq_ignore_ascii_case(b"notify"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(wanted: bool, read_only: bool) -> Number {
        Number { wanted, xid: None, statements: 0, covered: 0, notifies: false, read_only }
    }

    #[test]
    fn nothing_is_known_until_the_answer_behind_the_last_statement_has_come() {
        let mut number = number(true, false);
        number.statement_sent("select 1");
        number.answered(1, None);
        number.statement_sent("update t set n = 1");
        assert!(number.is_open() && !number.is_known_empty());
        number.answered(2, Some(7));
        assert!(!number.is_open() && !number.is_wanted() && !number.is_known_empty());
    }

    #[test]
    fn what_notifies_is_never_empty() {
        let mut number = number(false, true);
        number.statement_sent("select 1");
        assert!(number.is_known_empty());
        number.statement_sent("select PG_NOTIFY('a', 'b')");
        assert!(!number.is_known_empty());
    }
}
