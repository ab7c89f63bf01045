use std::fmt;

use crate::statements::statements;
use crate::text::normalised;

/// One file to apply.
#[derive(Clone)]
pub struct Migration {
    file: String,
    /// Refinery's own: name, version and text, and the checksum over them.
    refinery: refinery_core::Migration,
}

impl Migration {
    /// From a file whose name has been parsed.
    pub(crate) fn new(stem: &str, text: &str) -> Result<Self, MigrationProblem> {
        let file = format!("{stem}.sql");
        let text = normalised(text);
        if statements(&text).is_empty() {
            return Err(MigrationProblem::NoStatement { file });
        }
        match refinery_core::Migration::unapplied(stem, &text) {
            Ok(refinery) => Ok(Self { file, refinery }),
            Err(_) => Err(MigrationProblem::NotAMigration { file, suggestion: None }),
        }
    }

    /// The number that orders it among the others.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.refinery.version()
    }

    /// Its name without version and ending.
    #[must_use]
    pub fn name(&self) -> &str {
        self.refinery.name()
    }

    /// The file's name.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The text that is sent to the server: the file without byte order mark, with `\n` at the ends of lines.
    #[must_use]
    pub fn sql(&self) -> &str {
        self.refinery.sql().unwrap_or_default()
    }

    /// Refinery's checksum over version, name and text.
    pub(crate) fn checksum(&self) -> u64 {
        self.refinery.checksum()
    }

    pub(crate) fn refinery(&self) -> &refinery_core::Migration {
        &self.refinery
    }
}

/// By name only: the text may be long.
impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Migration({})", self.file)
    }
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)
    }
}

/// What is wrong with one file of a set, before any database is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationProblem {
    /// The file is none of those that belong in a directory of migrations.
    #[error(
        "{file} is not named V<version>__<name>.sql{}",
        .suggestion.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default()
    )]
    NotAMigration {
        /// The file's name.
        file: String,
        /// How it is spelled right, if that can be guessed.
        suggestion: Option<String>,
    },
    /// Several files have one version, so their order is not known.
    #[error("{} have the same version; give one of them another", .files.join(" and "))]
    SameVersion {
        /// Their names.
        files: Vec<String>,
    },
    /// The file is empty or holds only comments. Applied like that, it would be done for ever.
    #[error("{file} has no statement yet")]
    NoStatement {
        /// The file's name.
        file: String,
    },
    /// The file is not UTF-8, or has a zero byte.
    #[error("{file} is not a text in UTF-8")]
    NotText {
        /// The file's name.
        file: String,
    },
    /// A `.down.sql` with nothing to undo.
    #[error("{file} has no {up} beside it")]
    DownAlone {
        /// The file's name.
        file: String,
        /// The file that it would undo.
        up: String,
    },
}
