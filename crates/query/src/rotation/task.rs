use std::fmt;

use pgkeel_connect::Ident;
use serde::Serialize;

use super::SealedIndex;

/// What a rotation does with the rows of a sealed column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RotationTask {
    /// Seals values anew, under the primary key.
    Reseal,
    /// Makes a column of a blind index what it is under the primary key of indexes.
    Reindex,
    /// Seals what a plaintext column has.
    Adopt,
    /// Empties a plaintext column, where what is sealed is the same.
    Clear,
}

impl RotationTask {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Reseal, Self::Reindex, Self::Adopt, Self::Clear].into_iter().find(|task| task.name() == name)
    }

    /// As it is stored.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reseal => "reseal",
            Self::Reindex => "reindex",
            Self::Adopt => "adopt",
            Self::Clear => "clear",
        }
    }
}

impl fmt::Display for RotationTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// With the column that it is about besides.
#[derive(Clone, Copy)]
pub(super) enum Task<'a> {
    Reseal,
    Reindex(&'a SealedIndex),
    Adopt(&'a Ident),
    Clear(&'a Ident),
}

impl<'a> Task<'a> {
    pub(super) fn kind(self) -> RotationTask {
        match self {
            Self::Reseal => RotationTask::Reseal,
            Self::Reindex(_) => RotationTask::Reindex,
            Self::Adopt(_) => RotationTask::Adopt,
            Self::Clear(_) => RotationTask::Clear,
        }
    }

    pub(super) fn other_column(self) -> Option<&'a Ident> {
        match self {
            Self::Reseal => None,
            Self::Reindex(index) => Some(&index.column),
            Self::Adopt(plaintext) | Self::Clear(plaintext) => Some(plaintext),
        }
    }
}
