use std::time::Duration;

use pgkeel_connect::ServerError;

use crate::{Error, Location};

/// Why one file was not applied, before it is known which and what came before.
#[derive(Debug)]
pub(crate) enum Failure {
    Statement { at: Option<Location>, source: ServerError },
    TooSlow { waited: Duration },
    LockLost,
    TransactionEnded,
    OutcomeUnknown { source: Option<pgkeel_connect::Error> },
    Besides(Box<Error>),
}

impl Failure {
    /// Whether the server is still busy or gone, so that nothing more can be said to it.
    pub(crate) fn is_without_answer(&self) -> bool {
        match self {
            Self::TooSlow { .. } | Self::OutcomeUnknown { .. } => true,
            Self::Besides(error) => error.is_disconnected() || matches!(**error, Error::NoAnswer { .. }),
            Self::Statement { .. } | Self::LockLost | Self::TransactionEnded => false,
        }
    }

    /// The error of this file, `applied` being those that the same call applied before.
    pub(crate) fn of(self, file: &str, applied: Vec<String>) -> Error {
        let file = file.to_owned();
        match self {
            Self::Statement { at, source } => Error::Statement { file, at, applied, source },
            Self::TooSlow { waited } => Error::TooSlow { file, waited, applied },
            Self::LockLost => Error::LockLost { file, applied },
            Self::TransactionEnded => Error::TransactionEnded { file, applied },
            Self::OutcomeUnknown { source } => Error::OutcomeUnknown { file, applied, source },
            Self::Besides(source) => Error::NotApplied { file, applied, source },
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Besides(Box::new(error))
    }
}
