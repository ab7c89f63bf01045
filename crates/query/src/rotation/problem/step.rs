use std::fmt;

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
    /// What makes an executor's error that of this step.
    pub(in crate::rotation) fn failed<E: crate::DatabaseError>(self) -> impl FnOnce(E) -> RotationProblem {
        move |error| RotationProblem::Failed { step: self, source: Failure::new(error) }
    }

    /// Of a reply that cannot be read.
    pub(in crate::rotation) fn unreadable(self, error: tokio_postgres::Error) -> RotationProblem {
        self.failed()(pgkeel_connect::Error::from(error))
    }
}
