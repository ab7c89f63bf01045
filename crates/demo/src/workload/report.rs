use std::fmt;

/// What a workload has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Transactions that were committed.
    pub transactions: u64,
    /// Single statements that only read, and succeeded.
    pub reads: u64,
    /// Times that something was run again on the pool since the workload began: after a serialization failure, a deadlock or
    /// a lost connection, or as no session could be had.
    pub retries: u64,
    /// Errors that were made on purpose, reports that were cut off for taking too long, and what was left for another time
    /// after five serialization failures or deadlocks, or fewer when the pool's retry budget was used up.
    pub expected_errors: u64,
    /// Actions that failed for other reasons, and tasks that panicked.
    pub failures: u64,
    /// Reports that took at least `pool.slow_query_threshold`.
    pub slow_reports: u64,
    /// Tasks that did not come to their end in time when the workload was stopped, and were dropped.
    pub aborted: u64,
    /// How often each kind of action was done, in words.
    pub actions: Vec<(&'static str, u64)>,
}

impl fmt::Display for Report {
    /// The figures on one line, without single actions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            transactions,
            reads,
            retries,
            expected_errors,
            failures,
            slow_reports,
            aborted,
            actions: _,
        } = self;
        write!(
            f,
            "{transactions} transactions, {reads} reads, {retries} retries, {slow_reports} slow reports, "
        )?;
        write!(f, "{expected_errors} expected errors, {failures} failures")?;
        if *aborted > 0 {
            write!(f, "; {aborted} tasks did not end in time and were dropped")?;
        }
        Ok(())
    }
}
