use crate::{Location, Unfit};

/// Why files cannot be made one, or not be removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SquashProblem {
    /// There is a checkpoint of this version already, and the files are gone that it could be held against.
    #[error("{file} is there already, and the files that it has taken the place of are gone")]
    Exists {
        /// The file's name.
        file: String,
    },
    /// A migration is a function of the program.
    #[error("{file} is code of the program, which no file can hold; squash up to the version before it")]
    Code {
        /// The name that it is called by.
        file: String,
    },
    /// A statement cannot run in a transaction, and a checkpoint is one.
    #[error(
        "{file}:{at}: {words} cannot run in a transaction; squash up to the version before, or write it otherwise if no \
             database has it"
    )]
    Outside {
        /// The file's name.
        file: String,
        /// Where the statement begins.
        at: Location,
        /// Its first words in capitals.
        words: String,
    },
    /// A statement cannot be part of any migration.
    #[error("{file} has {unfit}")]
    Unfit {
        /// The file's name.
        file: String,
        /// The statement and what is wrong with it.
        unfit: Unfit,
    },
    /// A file has changed since it was read, so that something of it would be lost.
    #[error("{file} is not what was squashed any more, so it cannot be removed; squash again")]
    Changed {
        /// The file's name.
        file: String,
    },
    /// A file belongs to one that is to be removed, and a checkpoint has nothing like it.
    #[error(
        "{file} would be lost with what it belongs to, as a checkpoint has nothing like it; say --remove=all if it may"
    )]
    Lost {
        /// The file's name.
        file: String,
    },
}
