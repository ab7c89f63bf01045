use crate::{Direction, Migration, Squashed, Unfit};

/// What keeps migrations from being applied or reverted. Each is for people to resolve; nothing is guessed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// The text changed after it was applied, in more than comments and space.
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
    /// It was not applied, and there is no file but a checkpoint that takes its place, which is for empty databases.
    #[error(
        "{file} was not applied, and {checkpoint}, which has taken its place, is for empty databases; restore the file, or \
         apply it with a release that still has it"
    )]
    Squashed {
        /// The name of the file that is gone.
        file: String,
        /// The checkpoint.
        checkpoint: String,
        /// Its version.
        version: i64,
    },
    /// It was applied, and is not what the checkpoint lists that has taken the place of its file.
    #[error(
        "{file} was applied, and is not what {checkpoint} has taken the place of; restore the file that was applied, or use \
         the files that this database is at"
    )]
    SquashedOther {
        /// The name under which it was applied.
        file: String,
        /// The checkpoint.
        checkpoint: String,
        /// Its version.
        version: i64,
    },
    /// It was not applied, but one with a higher version was.
    #[error(
        "{file} was not applied, but the later {behind} was; give it a newer version, or write -- pgkeel: \
         out_of_order=yes at its top if the order does not matter"
    )]
    OutOfOrder {
        /// The file's name.
        file: String,
        /// The newest that was applied.
        behind: String,
        /// Its version.
        version: i64,
    },
    /// It says that it needs a version that is neither applied nor comes before it.
    #[error(
        "{file} requires version {required}, which is neither applied nor pending before it; add that file first"
    )]
    Requires {
        /// The file's name.
        file: String,
        /// The version that it needs.
        required: i64,
        /// Its version.
        version: i64,
    },
    /// A file holds a statement that no migration can hold.
    #[error("{file} has {unfit}")]
    Unfit {
        /// The file's name.
        file: String,
        /// The statement and what is wrong with it.
        unfit: Unfit,
        /// Its version.
        version: i64,
    },
    /// It was stopped between two statements, and those that ran are not those of the file any more.
    #[error(
        "{file} was stopped after {}, and these are not those of the file any more; restore \
         them, or say with migrate repair {version} --continue-at N which statement comes next (1 for all again, {} \
         for none)", part(*.done, *.of), .now + 1
    )]
    CannotResume {
        /// The file's name.
        file: String,
        /// Its version.
        version: i64,
        /// Which way it was going.
        direction: Direction,
        /// How many statements had run; 0 if it was stopped between two batches of a backfill.
        done: usize,
        /// How many there were then.
        of: usize,
        /// How many there are now.
        now: usize,
    },
    /// It is reverted in part, so it can neither count as applied nor be applied.
    #[error("{file} is reverted in part, {}; migrate down goes on with it", part(*.done, *.of))]
    HalfReverted {
        /// The name of the file that undoes it.
        file: String,
        /// Its version.
        version: i64,
        /// How many statements have run; 0 if it was stopped between two batches of a backfill.
        done: usize,
        /// How many there are.
        of: usize,
    },
    /// It is applied in part, so what is to be reverted before it cannot be told.
    #[error(
        "{file} is applied in part, {}; migrate up goes on with it, or undo them by hand and \
         say so with migrate repair {version} --continue-at 1", part(*.done, *.of)
    )]
    HalfApplied {
        /// The file's name.
        file: String,
        /// Its version.
        version: i64,
        /// How many statements have run; 0 if it was stopped between two batches of a backfill.
        done: usize,
        /// How many there are.
        of: usize,
    },
    /// There is no way back from it.
    #[error("{file} cannot be reverted: {}", .reason.as_deref().unwrap_or("there is no .down.sql beside it"))]
    Irreversible {
        /// The file's name.
        file: String,
        /// Its version.
        version: i64,
        /// The reason that the file gives, if it says so itself.
        reason: Option<String>,
    },
    /// What undoes it is not what it was when it was applied.
    #[error(
        "{file} was edited after the migration was applied; if it is right as it is now, run migrate down with \
         --accept-edited"
    )]
    DownEdited {
        /// The name of the file that undoes it.
        file: String,
        /// Its version.
        version: i64,
    },
}

/// What has run of a file of which something has.
fn part(done: usize, of: usize) -> String {
    if done == 0 { "some of its batches".to_owned() } else { format!("{done} of {of} statements") }
}

impl Conflict {
    /// A version that is gone where it is needed.
    pub(crate) fn squashed(checkpoint: &Migration, gone: &Squashed) -> Self {
        let (file, checkpoint, version) = (gone.file(), checkpoint.file().to_owned(), gone.version);
        Self::Squashed { file, checkpoint, version }
    }

    /// The version of the migration that it is about.
    #[must_use]
    pub fn version(&self) -> i64 {
        match self {
            Self::Edited { version, .. }
            | Self::Renamed { version, .. }
            | Self::Missing { version, .. }
            | Self::Squashed { version, .. }
            | Self::SquashedOther { version, .. }
            | Self::OutOfOrder { version, .. }
            | Self::Requires { version, .. }
            | Self::Unfit { version, .. }
            | Self::CannotResume { version, .. }
            | Self::HalfReverted { version, .. }
            | Self::HalfApplied { version, .. }
            | Self::Irreversible { version, .. }
            | Self::DownEdited { version, .. } => *version,
        }
    }

    /// What it is, in a word or two.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Edited { .. } => "edited",
            Self::Renamed { .. } => "renamed",
            Self::Missing { .. } => "missing",
            Self::Squashed { .. } => "squashed",
            Self::SquashedOther { .. } => "squashed as another",
            Self::OutOfOrder { .. } => "out of order",
            Self::Requires { .. } => "requires another",
            Self::Unfit { .. } => "unfit",
            Self::CannotResume { .. } => "cannot resume",
            Self::HalfReverted { .. } => "half reverted",
            Self::HalfApplied { .. } => "half applied",
            Self::Irreversible { .. } => "irreversible",
            Self::DownEdited { .. } => "way back edited",
        }
    }

    /// Whether a file stands between two statements and needs somebody to say how it goes on.
    #[must_use]
    pub fn needs_repair(&self) -> bool {
        matches!(self, Self::CannotResume { .. } | Self::HalfReverted { .. } | Self::HalfApplied { .. })
    }
}
