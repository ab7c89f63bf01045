use std::fmt;
use std::sync::Arc;

use super::checkpoint::Squashed;
use super::directives::Directives;
use super::kind::Kind;
use super::script::Script;
use super::text::Location;
use super::unfit::Unfit;
use crate::Code;

/// One file to apply, with the files that undo and verify it if there are any. Cheap to clone.
#[derive(Clone)]
pub struct Migration(Arc<Inner>);

struct Inner {
    kind: Kind,
    stem: String,
    version: i64,
    name: String,
    up: Script,
    down: Option<Script>,
    verify: Option<Script>,
    /// Called in place of the text.
    code: Option<Code>,
    /// Refinery's own, over name, version and text; 0 for what has no row of its own in the history.
    checksum: u64,
}

impl Migration {
    /// From files whose names have been parsed.
    pub(crate) fn new(
        stem: &str,
        up: Script,
        down: Option<Script>,
        verify: Option<Script>,
    ) -> Result<Self, MigrationProblem> {
        Self::versioned(stem, (up, down, verify), None)
    }

    /// From code whose name has been parsed, with what stands for its text.
    pub(crate) fn of_code(code: Code, up: Script) -> Result<Self, MigrationProblem> {
        let stem = code.file().trim_end_matches(".rs").to_owned();
        let down = code.down.is_some().then(|| up.clone());
        Self::versioned(&stem, (up, down, None), Some(code))
    }

    fn versioned(
        stem: &str,
        (up, down, verify): (Script, Option<Script>, Option<Script>),
        code: Option<Code>,
    ) -> Result<Self, MigrationProblem> {
        if let (Some(_), Some(down)) = (&up.directives().irreversible, &down) {
            let (file, down) = (up.file().to_owned(), down.file().to_owned());
            return Err(MigrationProblem::IrreversibleWithDown { file, down });
        }
        let Ok(refinery) = refinery_core::Migration::unapplied(stem, up.sql()) else {
            return Err(MigrationProblem::NotAMigration { file: up.file().to_owned(), suggestion: None });
        };
        let (version, name, checksum) = (refinery.version(), refinery.name().to_owned(), refinery.checksum());
        let (kind, stem) = (if code.is_some() { Kind::Code } else { Kind::Versioned }, stem.to_owned());
        Ok(Self(Arc::new(Inner { kind, stem, version, name, up, down, verify, code, checksum })))
    }

    /// One that has no place among the versions.
    pub(crate) fn unversioned(kind: Kind, name: &str, up: Script, verify: Option<Script>) -> Self {
        let (stem, name) = (up.file().to_owned(), name.to_owned());
        let (version, checksum, down, code) = (0, 0, None, None);
        Self(Arc::new(Inner { kind, stem, version, name, up, down, verify, code, checksum }))
    }

    /// One that stands for others.
    pub(crate) fn checkpoint(stem: &str, version: i64, up: Script) -> Self {
        let (stem, name) = (stem.to_owned(), stem.split_once("__").map_or(stem, |(_, name)| name).to_owned());
        let (kind, checksum) = (Kind::Checkpoint, 0);
        Self(Arc::new(Inner {
            kind,
            stem,
            version,
            name,
            up,
            down: None,
            verify: None,
            code: None,
            checksum,
        }))
    }

    /// What sort of migration it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The number that orders it among the others; 0 for a [`kind`](Self::kind) that has none.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.0.version
    }

    /// Its name without version and ending.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The file's name; code is called as a file of Rust would be, `V<version>__<name>.rs`.
    #[must_use]
    pub fn file(&self) -> &str {
        self.0.up.file()
    }

    /// The text that is sent to the server: the file without byte order mark, with `\n` at the ends of lines. For code a
    /// comment with its revision.
    #[must_use]
    pub fn sql(&self) -> &str {
        self.0.up.sql()
    }

    /// The text of `….down.sql`, which undoes it, in the same form.
    #[must_use]
    pub fn down_sql(&self) -> Option<&str> {
        self.0.down.as_ref().map(Script::sql)
    }

    /// The text of `….verify.sql`, which says what has to be so behind it, in the same form.
    #[must_use]
    pub fn verify_sql(&self) -> Option<&str> {
        self.0.verify.as_ref().map(Script::sql)
    }

    /// What the file says about how it wants to be run.
    #[must_use]
    pub fn directives(&self) -> &Directives {
        self.0.up.directives()
    }

    /// How many statements it has; 0 for code.
    #[must_use]
    pub fn statements(&self) -> usize {
        self.0.up.len()
    }

    /// The versions that a checkpoint takes the place of, lowest first; empty for all else.
    #[must_use]
    pub fn squashes(&self) -> &[Squashed] {
        &self.directives().squashes
    }

    /// What a checkpoint says of a version that it takes the place of.
    pub(crate) fn squashed(&self, version: i64) -> Option<&Squashed> {
        let at = self.squashes().binary_search_by_key(&version, |squashed| squashed.version).ok()?;
        self.squashes().get(at)
    }

    pub(crate) fn up(&self) -> &Script {
        &self.0.up
    }

    pub(crate) fn down(&self) -> Option<&Script> {
        self.0.down.as_ref()
    }

    pub(crate) fn code(&self) -> Option<&Code> {
        self.0.code.as_ref()
    }

    pub(crate) fn verify(&self) -> Option<&Script> {
        self.0.verify.as_ref()
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
    /// A comment `-- pgkeel: …` that means nothing in a file of this kind.
    #[error("{file} says {directive}, but {why}")]
    Misplaced {
        /// The file's name.
        file: String,
        /// What it says.
        directive: &'static str,
        /// Why that means nothing.
        why: &'static str,
    },
    /// A file that can be edited at any time holds a statement that it cannot hold.
    #[error("{file} has {unfit}")]
    Unfit {
        /// The file's name.
        file: String,
        /// The statement and what is wrong with it.
        unfit: Unfit,
    },
    /// A repeatable requires what there is not.
    #[error("{file} requires {required}, but there is no such file")]
    UnknownRequirement {
        /// The file's name.
        file: String,
        /// What it requires.
        required: String,
    },
    /// Repeatables that wait for each other, those that wait for them included.
    #[error("{} require one another, so that none can be first; drop one of the requirements", .files.join(" and "))]
    Cycle {
        /// Their names.
        files: Vec<String>,
    },
    /// A checkpoint does not list what it takes the place of, lowest version first and its own last.
    #[error(
        "{file} does not list the versions that it takes the place of, up to its own; write it with migrate squash"
    )]
    Unlisted {
        /// The file's name.
        file: String,
    },
    /// A file is not the one that a checkpoint says it takes the place of.
    #[error(
        "{file} is not what {checkpoint} takes the place of; restore it, or write the checkpoint anew with migrate squash"
    )]
    NotSquashed {
        /// The file's name.
        file: String,
        /// The checkpoint.
        checkpoint: String,
    },
    /// A file comes before a checkpoint that does not take its place, so a database that starts there would be without it.
    #[error(
        "{file} is below {checkpoint}, which does not list it; give it a newer version, or write the checkpoint anew with \
         migrate squash"
    )]
    BelowCheckpoint {
        /// The file's name.
        file: String,
        /// The checkpoint.
        checkpoint: String,
    },
    /// A checkpoint does not list what an earlier one lists, or lists something else.
    #[error(
        "{file} does not agree with {earlier} about version {version}; write it anew with migrate squash"
    )]
    CheckpointsDisagree {
        /// The file's name.
        file: String,
        /// The earlier checkpoint.
        earlier: String,
        /// The version.
        version: i64,
    },
    /// A `.verify.sql` with nothing to verify.
    #[error("{file} has no {of} beside it")]
    VerifyAlone {
        /// The file's name.
        file: String,
        /// The file that it would verify.
        of: String,
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
