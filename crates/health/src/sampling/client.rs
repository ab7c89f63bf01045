//! Slow statements as this process saw them.

use pgkeel_pool::SlowQuery;

/// A part of this process that notices slow statements, such as a connection pool.
pub trait ClientStatements: Send + Sync + 'static {
    /// Names the part in answers; unique in a monitor.
    fn name(&self) -> &str;

    /// The slow ones among the latest statements.
    ///
    /// Called while a request waits, so it must read memory only, and hold a bounded number.
    fn slow_queries(&self) -> Vec<SlowQuery>;
}
