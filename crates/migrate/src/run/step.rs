use std::fmt;

/// What is done besides the statements of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Finding out which tenants there are.
    Tenants,
    /// Giving the session its settings.
    SetUp,
    /// Reading the history and the log.
    ReadHistory,
    /// Creating the tables of the history and the log.
    MakeHistory,
    /// Taking the lock.
    Lock,
    /// Beginning the transaction of a file.
    Begin,
    /// Running a file.
    Run,
    /// Checking the server, the transaction of a file, or the lock.
    Check,
    /// Writing a row of the history.
    Record,
    /// Writing a row of the log.
    Log,
    /// Looking for, or dropping, what a failed CREATE INDEX CONCURRENTLY left.
    RepairIndex,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tenants => "looking for tenants",
            Self::SetUp => "setting the session up",
            Self::ReadHistory => "reading the history",
            Self::MakeHistory => "creating the tables of the history",
            Self::Lock => "taking the lock",
            Self::Begin => "beginning a transaction",
            Self::Run => "running the file",
            Self::Check => "checking the session",
            Self::Record => "writing the history",
            Self::Log => "writing the log",
            Self::RepairIndex => "repairing an index",
        })
    }
}
