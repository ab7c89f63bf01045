use std::fmt;

/// What is done besides the statements of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Giving the session its settings.
    SetUp,
    /// Reading the history.
    ReadHistory,
    /// Creating the table of the history.
    MakeHistory,
    /// Taking the lock.
    Lock,
    /// Beginning the transaction of a file.
    Begin,
    /// Running a file.
    Run,
    /// Checking, after a file, that its transaction and the lock are still there.
    Check,
    /// Writing a row of the history.
    Record,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetUp => "setting the session up",
            Self::ReadHistory => "reading the history",
            Self::MakeHistory => "creating the table of the history",
            Self::Lock => "taking the lock",
            Self::Begin => "beginning a transaction",
            Self::Run => "running the file",
            Self::Check => "checking the transaction",
            Self::Record => "writing the history",
        })
    }
}
