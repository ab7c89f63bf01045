use crate::Unfit;

/// What keeps migrations from being applied. Each is for people to resolve; nothing is guessed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// The text changed after it was applied.
    #[error("{file} was edited after it was applied; restore it and put the change into a new file")]
    Edited {
        /// The file's name.
        file: String,
        /// Its version.
        version: i64,
    },
    /// The file has another name than when it was applied.
    #[error(
        "{file} was applied as {applied_as}; give it its name back, or its own version if it is another migration"
    )]
    Renamed {
        /// The file's name.
        file: String,
        /// The name under which this version was applied.
        applied_as: String,
        /// Its version.
        version: i64,
    },
    /// It was applied, but there is no file.
    #[error(
        "{file} was applied, but there is no such file; restore it, or use the files that this database is at"
    )]
    Missing {
        /// The name of the file that is missing.
        file: String,
        /// Its version.
        version: i64,
    },
    /// It was not applied, but one with a higher version was.
    #[error("{file} was not applied, but the later {behind} was; give it a newer version")]
    OutOfOrder {
        /// The file's name.
        file: String,
        /// The newest that was applied.
        behind: String,
        /// Its version.
        version: i64,
    },
    /// A file that is pending holds a statement that no migration can hold.
    #[error("{file} has {unfit}")]
    Unfit {
        /// The file's name.
        file: String,
        /// The statement and what is wrong with it.
        unfit: Unfit,
        /// Its version.
        version: i64,
    },
}

impl Conflict {
    /// The version of the migration that it is about.
    #[must_use]
    pub fn version(&self) -> i64 {
        match self {
            Self::Edited { version, .. }
            | Self::Renamed { version, .. }
            | Self::Missing { version, .. }
            | Self::OutOfOrder { version, .. }
            | Self::Unfit { version, .. } => *version,
        }
    }
}
