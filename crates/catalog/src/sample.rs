//! How a caller bounds what it asks.

use std::time::Duration;

/// What every statement of this crate holds as a comment, so that lists of statements can leave it out.
pub const MARKER: &str = "/* pgkeel:";

/// The longest that a sample may take on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// For one statement; 5 s by default. Rounded up to whole milliseconds.
    pub statement: Duration,
    /// For a lock on a catalog, which hardly anything ever holds; 100 ms by default.
    pub lock: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { statement: Duration::from_secs(5), lock: Duration::from_millis(100) }
    }
}

impl Limits {
    /// The same with another limit for one statement.
    #[must_use]
    pub fn with_statement(mut self, limit: Duration) -> Self {
        self.statement = limit;
        self
    }
}

/// The statements that open a sample: a transaction that cannot write and cannot wait long. `commit` ends it.
///
/// Settings made for the transaction alone pass poolers in front of the server. The search path is pinned, so that no
/// operator that somebody planted in another schema is ever run in the name of the monitoring role.
#[must_use]
pub fn opening(limits: Limits) -> String {
    let (statement, lock) = (milliseconds(limits.statement), milliseconds(limits.lock));
    format!(
        "begin {MARKER}sample */ read only; \
         set local {MARKER}sample */ search_path = pg_catalog, pg_temp; \
         set local {MARKER}sample */ statement_timeout = {statement}; \
         set local {MARKER}sample */ lock_timeout = {lock}"
    )
}

/// At least 1: PostgreSQL takes 0 for no limit.
fn milliseconds(limit: Duration) -> i32 {
    i32::try_from(limit.as_micros().div_ceil(1000)).unwrap_or(i32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_ever_zero() {
        assert_eq!(milliseconds(Duration::ZERO), 1);
        assert_eq!(milliseconds(Duration::from_micros(1500)), 2);
        assert_eq!(milliseconds(Duration::MAX), i32::MAX);
    }
}
