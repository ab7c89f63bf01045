use std::fmt;

use pgkeel_connect::ServerError;
use tokio_postgres::error::SqlState;

use super::RotationProblem;
use crate::error::Failure;

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Looking at a table in the catalog.
    Inspect,
    /// Writing descriptions of columns.
    Publish,
    /// Reading them.
    Published,
    /// Beginning or joining a rotation.
    Open,
    /// Looking at how far it is.
    Look,
    /// Taking a range of the table.
    Claim,
    /// Reading a batch of cells.
    Read,
    /// Writing a batch of cells.
    Write,
    /// Ending a pass.
    EndPass,
    /// Pausing, resuming or cancelling.
    Steer,
    /// Counting cells by key.
    Count,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inspect => "looking at the table in the catalog",
            Self::Publish => "publishing sealed columns",
            Self::Published => "reading which columns are published",
            Self::Open => "beginning the rotation",
            Self::Look => "looking at the rotation",
            Self::Claim => "taking a range of the table",
            Self::Read => "reading a batch of cells",
            Self::Write => "writing a batch of cells",
            Self::EndPass => "ending a pass over the table",
            Self::Steer => "pausing, resuming or cancelling the rotation",
            Self::Count => "counting cells by key",
        })
    }
}

impl Step {
    /// What a role needs for it.
    pub(super) fn rights(self) -> &'static str {
        match self {
            Self::Inspect => "`usage` on the schema of the table",
            Self::Read | Self::Count => "`select` on the table, and `usage` on its schema",
            Self::Published | Self::Look => "`usage` on the schema pgkeel, and `select` on all tables in it",
            Self::Publish | Self::Open | Self::Claim | Self::EndPass | Self::Steer => {
                "`usage` on the schema pgkeel, and `select, insert, update, delete` on all tables in it"
            }
            Self::Write => {
                "`update` on the columns that are written, `select, insert, update, delete` on all tables in the schema pgkeel, and what \
                 triggers of the table need"
            }
        }
    }

    /// What makes an executor's error that of this step.
    pub(in crate::rotation) fn failed<E: crate::DatabaseError>(self) -> impl FnOnce(E) -> RotationProblem {
        move |error| {
            let code = error.server().map(ServerError::code);
            let is_allowed = code != Some(&SqlState::INSUFFICIENT_PRIVILEGE);
            let (step, source) = (self, Failure::new(error));
            if is_allowed {
                RotationProblem::Failed { step, source }
            } else {
                RotationProblem::NotAllowed { step, source }
            }
        }
    }

    /// Of a reply that cannot be read.
    pub(in crate::rotation) fn unreadable(self, source: tokio_postgres::Error) -> RotationProblem {
        RotationProblem::Unreadable { step: self, source }
    }
}
