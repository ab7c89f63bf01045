use std::process::ExitCode;

use crate::{Conflict, Error, Readiness, Reason, VerifyError};

/// How a verb ended, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum Exit {
    /// All well.
    Done = 0,
    /// The database could not be reached or refused something, or it was stopped. What was under way is rolled back,
    /// unless the message says what of it stays.
    Failed = 1,
    /// The command line, a setting or the directory is wrong.
    Usage = 2,
    /// Something is pending, or a repeatable due (`status --check`, `wait --applied`).
    Pending = 3,
    /// Files cannot be used, or do not go with the database.
    Conflict = 4,
    /// The schema, the lock file or a way back is not as the migrations make it (`verify`, `test`, `lock --check`,
    /// `squash`, `baseline`, `import --verify`), two schemas differ (`diff`), or an index is not valid (`doctor`).
    Differs = 5,
    /// Others were applying migrations all the time, or the lock was lost.
    Locked = 6,
    /// A file stands between two statements, and somebody has to say how it goes on.
    Interrupted = 7,
    /// `lint` found what would block or break something.
    Findings = 8,
    /// There is no way back, data may be lost and nobody has accepted that, it cannot be tried like this, files cannot be made one
    /// (`squash`), or there is a history already (`baseline`).
    Refused = 9,
    /// The connection leads to a standby, through a pooler in transaction mode, or to a server that is too old.
    Unsuitable = 10,
}

/// The codes, for help texts.
pub(crate) const CODES: &str = "\
Exit codes:
  0   all well
  1   the database refused or cannot be reached, or it was stopped; the file under way is rolled back
  2   wrong command line, settings or directory
  3   something is pending, or a repeatable due (status --check, wait --applied)
  4   files that cannot be used, or that are in conflict with the database
  5   the schema, the lock file or a way back is not as the migrations make it (verify, test, lock --check, squash,
      baseline, import), two schemas differ (diff), or an index is not valid (doctor)
  6   others were applying migrations all the time, or the lock was lost
  7   a file stands between two statements, and somebody has to say how it goes on (repair)
  8   findings at error level (lint)
  9   there is no way back, data may be lost and that is not accepted, it cannot be tried like this, files cannot be
      made one (squash), or there is a history already (baseline)
  10  the connection leads to a standby, a pooler in transaction mode, or a server that is too old";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error {
            Error::Directory { .. }
            | Error::Name { .. }
            | Error::Template { .. }
            | Error::NoTenant { .. }
            | Error::BadTenant(_)
            | Error::NoSuchVersion { .. }
            | Error::NotARule { .. }
            | Error::NothingToRepair { .. }
            | Error::NothingToRecord
            | Error::NoToolTable { .. }
            | Error::OtherTable { .. } => Self::Usage,
            Error::Files { .. }
            | Error::OtherHistory { .. }
            | Error::CannotMark { .. }
            | Error::Import { .. } => Self::Conflict,
            Error::Conflicts { conflicts } => Self::of(conflicts),
            Error::Locked { .. } | Error::LockLost => Self::Locked,
            Error::CannotRehearse { .. } | Error::Destructive { .. } | Error::AlreadyApplied { .. } => {
                Self::Refused
            }
            Error::Unsuitable { .. } => Self::Unsuitable,
            Error::File(error) if matches!(error.reason, Reason::LockLost) => Self::Locked,
            Error::Shadow(error) => Self::from(&**error),
            Error::Connect(_)
            | Error::Stopped { .. }
            | Error::StoppedUnrecorded
            | Error::Database { .. }
            | Error::NoAnswer { .. }
            | Error::History { .. }
            | Error::Refinery(_)
            | Error::File(_) => Self::Failed,
        }
    }
}

impl From<&VerifyError> for Exit {
    fn from(error: &VerifyError) -> Self {
        match error {
            VerifyError::Migrate(error) => Self::from(error),
            VerifyError::LockFile { .. }
            | VerifyError::BadLockFile { .. }
            | VerifyError::SnapshotFile { .. }
            | VerifyError::BadSnapshotFile { .. } => Self::Usage,
            VerifyError::Different { .. }
            | VerifyError::NotInOne { .. }
            | VerifyError::OtherOutcome { .. }
            | VerifyError::StaleLock { .. } => Self::Differs,
            VerifyError::NotReady { found, .. } => Self::not_ready(found),
            VerifyError::ServerWide { .. }
            | VerifyError::LockOfTenant
            | VerifyError::MayNotCreate(_)
            | VerifyError::CannotSquash { .. } => Self::Refused,
            VerifyError::TooOld { .. } | VerifyError::OtherMajor { .. } => Self::Unsuitable,
            VerifyError::NotLocked { .. }
            | VerifyError::RepeatablesNotLocked { .. }
            | VerifyError::RepeatableDue { .. }
            | VerifyError::NothingApplied
            | VerifyError::NotRecorded
            | VerifyError::OldRecord
            | VerifyError::StaleRecord => Self::Conflict,
            VerifyError::Connect(_)
            | VerifyError::Stopped { .. }
            | VerifyError::Server { .. }
            | VerifyError::NoAnswer { .. }
            | VerifyError::BadRecord(_) => Self::Failed,
        }
    }
}

impl Exit {
    fn not_ready(found: &Readiness) -> Self {
        match found {
            Readiness::Pending { .. } => Self::Pending,
            Readiness::Drifted { .. } => Self::Differs,
            Readiness::Newer { .. } => Self::Conflict,
            Readiness::Interrupted { .. } => Self::Interrupted,
            Readiness::Conflicting { conflicts } => Self::of(conflicts),
            Readiness::Ready { .. } => Self::Done,
        }
    }

    /// The one that says more of two, where several things have ended: what is wrong with a database comes before what is
    /// only to be done, and what nobody expected before all.
    pub(crate) fn worse(self, other: Self) -> Self {
        const ORDER: [Exit; 11] = [
            Exit::Done,
            Exit::Pending,
            Exit::Findings,
            Exit::Differs,
            Exit::Refused,
            Exit::Conflict,
            Exit::Interrupted,
            Exit::Locked,
            Exit::Unsuitable,
            Exit::Usage,
            Exit::Failed,
        ];
        let rank = |exit: Self| ORDER.iter().position(|it| *it == exit);
        if rank(other) > rank(self) { other } else { self }
    }

    /// What is wrong with files comes first, as nothing else helps before it is mended.
    pub(crate) fn of(conflicts: &[Conflict]) -> Self {
        let is_final = |conflict: &Conflict| matches!(conflict, Conflict::Irreversible { .. });
        if conflicts.iter().any(|conflict| !conflict.needs_repair() && !is_final(conflict)) {
            Self::Conflict
        } else if conflicts.iter().any(Conflict::needs_repair) {
            Self::Interrupted
        } else {
            Self::Refused
        }
    }
}
