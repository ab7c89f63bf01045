use std::process::ExitCode;

use crate::Error;

/// How a verb ended, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum Exit {
    /// All well.
    Done = 0,
    /// The database could not be reached or refused something. What was under way is rolled back, unless
    /// the message says that the outcome of a COMMIT is not known.
    Failed = 1,
    /// The command line, a setting or the directory is wrong.
    Usage = 2,
    /// Something is pending (`status --check`).
    Pending = 3,
    /// Files cannot be used, or do not go with the database.
    Conflict = 4,
    /// Others were applying migrations all the time, or the lock was lost.
    Locked = 6,
}

/// The codes, for help texts.
pub(crate) const CODES: &str = "\
Exit codes:
  0  all well
  1  the database refused or cannot be reached; the file under way is rolled back
  2  wrong command line, settings or directory
  3  something is pending (status --check)
  4  files that cannot be used, or that are in conflict with the database
  6  others were applying migrations all the time, or the lock was lost";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error {
            Error::Directory { .. } | Error::Name { .. } => Self::Usage,
            Error::Files { .. } | Error::Conflicts { .. } => Self::Conflict,
            Error::Locked { .. } | Error::LockLost { .. } => Self::Locked,
            Error::Connect(_)
            | Error::Database { .. }
            | Error::NoAnswer { .. }
            | Error::History { .. }
            | Error::Refinery(_)
            | Error::Statement { .. }
            | Error::TooSlow { .. }
            | Error::TransactionEnded { .. }
            | Error::OutcomeUnknown { .. }
            | Error::NotApplied { .. } => Self::Failed,
        }
    }
}
