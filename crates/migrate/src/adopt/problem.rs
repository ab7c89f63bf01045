use crate::{Tool, Unfit};

/// Why a file or a history of another tool cannot be taken over as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportProblem {
    /// The file is not SQL.
    #[error("{file} is {what}; write what it does as SQL, in a file with its version")]
    NotSql {
        /// The tool's file.
        file: String,
        /// What it is instead.
        what: &'static str,
    },
    /// The file is SQL, but not of a kind that there is here.
    #[error("{file} is {what}")]
    NoSuchKind {
        /// The tool's file.
        file: String,
        /// What it is, and what to do with it.
        what: &'static str,
    },
    /// The tool would fill something in before it runs the file.
    #[error("{file}:{line}: {tool} would fill in {text}; write there what it stands for")]
    Placeholder {
        /// The tool's file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The tool.
        tool: Tool,
        /// What stands for something else.
        text: String,
    },
    /// The file has a statement that no migration can hold here.
    #[error("{file} has {unfit}")]
    Unfit {
        /// The tool's file.
        file: String,
        /// The statement and what is wrong with it.
        unfit: Unfit,
    },
    /// The tool itself would not read the file.
    #[error("{file}: {reason}")]
    Malformed {
        /// The tool's file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The version does not fit into 64 bits.
    #[error("{file} has a version that is too long; give it one of at most 18 digits")]
    TooLong {
        /// The tool's file.
        file: String,
    },
    /// Two files have one version.
    #[error("{file} has the version of {other}")]
    SameVersion {
        /// The tool's file.
        file: String,
        /// The other one.
        other: String,
    },
    /// There is a file of that name in the new directory, with another text.
    #[error("{file} is there already, with another text than {from} would give; move one of them away")]
    Exists {
        /// The new file.
        file: String,
        /// The tool's file.
        from: String,
    },
    /// The tool began to apply a version and did not end.
    #[error("version {version} is noted as failed; {remedy}")]
    Failed {
        /// The version, as the tool writes it.
        version: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The tool says that a version is applied, and there is no file of it.
    #[error(
        "version {version} is applied, but there is no file of it; restore it, or write one that does the same"
    )]
    NoFile {
        /// The version, as the tool writes it.
        version: String,
    },
    /// The tool has not applied it, and there is no file but a checkpoint, which is for empty databases.
    #[error(
        "{file} is not applied, and {checkpoint}, which has taken its place, is for empty databases; apply it with the tool, \
         or restore the file"
    )]
    NotSquashed {
        /// The name of the file that is gone.
        file: String,
        /// The checkpoint.
        checkpoint: String,
    },
    /// The file is not the one that the tool applied.
    #[error(
        "{file} is not the file that was applied, by its checksum; restore that one, or say --accept-edited if this one \
         does the same"
    )]
    Edited {
        /// The new file.
        file: String,
    },
    /// The version is in our history under another name.
    #[error("{file} is recorded here as {recorded} already")]
    Renamed {
        /// The new file.
        file: String,
        /// The file's name in our history.
        recorded: String,
    },
}

impl ImportProblem {
    /// The tool's file that cannot be taken, if it is about one.
    pub(super) fn file(self) -> Option<String> {
        match self {
            Self::NotSql { file, .. }
            | Self::NoSuchKind { file, .. }
            | Self::Placeholder { file, .. }
            | Self::Unfit { file, .. }
            | Self::Malformed { file, .. }
            | Self::TooLong { file }
            | Self::SameVersion { file, .. } => Some(file),
            Self::Exists { .. }
            | Self::Failed { .. }
            | Self::NoFile { .. }
            | Self::NotSquashed { .. }
            | Self::Edited { .. }
            | Self::Renamed { .. } => None,
        }
    }

    /// Whether the others could be taken without a file of the tool.
    #[cfg(feature = "cli")]
    pub(crate) fn is_of_tools_file(&self) -> bool {
        self.clone().file().is_some()
    }

    /// Whether the file could be written as it is, to be mended afterwards.
    pub(crate) fn is_of_content(&self) -> bool {
        matches!(self, Self::Unfit { .. } | Self::Placeholder { .. })
    }
}
