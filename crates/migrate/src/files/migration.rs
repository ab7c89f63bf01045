use std::fmt;
use std::sync::Arc;

use super::directives::Directives;
use super::script::Script;
use super::text::Location;

/// One file to apply, with the file that undoes it if there is one. Cheap to clone.
#[derive(Clone)]
pub struct Migration(Arc<Inner>);

struct Inner {
    stem: String,
    version: i64,
    name: String,
    up: Script,
    down: Option<Script>,
    /// Refinery's own, over name, version and text.
    checksum: u64,
}

impl Migration {
    /// From files whose names have been parsed.
    pub(crate) fn new(stem: &str, up: Script, down: Option<Script>) -> Result<Self, MigrationProblem> {
        if let (Some(_), Some(down)) = (&up.directives().irreversible, &down) {
            let (file, down) = (up.file().to_owned(), down.file().to_owned());
            return Err(MigrationProblem::IrreversibleWithDown { file, down });
        }
        let Ok(refinery) = refinery_core::Migration::unapplied(stem, up.sql()) else {
            return Err(MigrationProblem::NotAMigration { file: up.file().to_owned(), suggestion: None });
        };
        let (version, name, checksum) = (refinery.version(), refinery.name().to_owned(), refinery.checksum());
        Ok(Self(Arc::new(Inner { stem: stem.to_owned(), version, name, up, down, checksum })))
    }

    /// The number that orders it among the others.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.0.version
    }

    /// Its name without version and ending.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The file's name.
    #[must_use]
    pub fn file(&self) -> &str {
        self.0.up.file()
    }

    /// The text that is sent to the server: the file without byte order mark, with `\n` at the ends of lines.
    #[must_use]
    pub fn sql(&self) -> &str {
        self.0.up.sql()
    }

    /// The text of `….down.sql`, which undoes it, in the same form.
    #[must_use]
    pub fn down_sql(&self) -> Option<&str> {
        self.0.down.as_ref().map(Script::sql)
    }

    /// What the file says about how it wants to be run.
    #[must_use]
    pub fn directives(&self) -> &Directives {
        self.0.up.directives()
    }

    /// How many statements it has.
    #[must_use]
    pub fn statements(&self) -> usize {
        self.0.up.len()
    }

    pub(crate) fn up(&self) -> &Script {
        &self.0.up
    }

    pub(crate) fn down(&self) -> Option<&Script> {
        self.0.down.as_ref()
    }

    /// Refinery's checksum over version, name and text.
    pub(crate) fn checksum(&self) -> u64 {
        self.0.checksum
    }

    /// As refinery knows it. Refinery lets no version be applied behind a higher one, but with the prefix `U`, which is
    /// not part of its checksum.
    pub(crate) fn refinery(&self) -> refinery_core::Migration {
        let unordered = self.0.stem.replacen('V', "U", 1);
        let stem = if self.directives().out_of_order { &unordered } else { &self.0.stem };
        refinery_core::Migration::unapplied(stem, self.sql()).expect("it could be parsed before")
    }
}

/// By name only: the text may be long.
impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Migration({})", self.file())
    }
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file())
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
    /// A comment `-- pgkeel: …` that is not understood.
    #[error("{file}:{at}: the comment for pgkeel {reason}")]
    Directive {
        /// The file's name.
        file: String,
        /// Where the comment begins.
        at: Location,
        /// What is wrong with it.
        reason: String,
    },
    /// A `.down.sql` with nothing to undo.
    #[error("{file} has no {up} beside it")]
    DownAlone {
        /// The file's name.
        file: String,
        /// The file that it would undo.
        up: String,
    },
    /// The file says that there is no way back, and there is a file with the way back.
    #[error("{file} says that it is irreversible, but there is {down}; drop one of the two")]
    IrreversibleWithDown {
        /// The file's name.
        file: String,
        /// The file that undoes it.
        down: String,
    },
}
