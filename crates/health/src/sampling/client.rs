//! Slow statements as this process saw them.

use std::time::{Duration, SystemTime};

/// A part of this process that notices slow statements, such as a connection pool.
pub trait ClientStatements: Send + Sync + 'static {
    /// Names the part in answers; unique in a monitor.
    fn name(&self) -> &str;

    /// The slow ones among the latest statements.
    ///
    /// Called while a request waits, so it must read memory only, and hold a bounded number.
    fn slow_queries(&self) -> Vec<SlowQuery>;
}

/// One run of a statement that took long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowQuery {
    /// Its text without values, so that runs of one statement have one text.
    pub text: String,
    /// From sending it to its last row.
    pub took: Duration,
    /// The wait for a session before that.
    pub waited: Duration,
    /// When it ended.
    pub ended: SystemTime,
    /// Whether it failed.
    pub failed: bool,
}

impl SlowQuery {
    /// A run that has just ended well and waited for no session.
    #[must_use]
    pub fn new(text: impl Into<String>, took: Duration) -> Self {
        let text = text.into();
        Self { text, took, waited: Duration::ZERO, ended: SystemTime::now(), failed: false }
    }
}
