//! `migrations.lock`: what each migration is, and what the schema is after it, for a repository to keep.

mod check;
mod read;
mod repeatables;
mod write;

use std::path::Path;

pub use self::check::LockConflict;
pub use self::read::LockProblem;
pub use self::repeatables::LockRepeatables;
use crate::{Fingerprint, Migration, Scope, VerifyError};

/// A text with a line a migration, so that a change of files or of their effect is seen in review, and a database can be
/// verified with nothing but this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFile {
    major: u32,
    scope: Scope,
    entries: Vec<LockEntry>,
    checkpoints: Vec<LockEntry>,
    repeatables: Option<LockRepeatables>,
}

/// What is written down of one migration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockEntry {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Of its text as it is sent: without byte order mark, with `\n` at the ends of lines.
    pub checksum: Fingerprint,
    /// Of the schema after it.
    pub schema: Fingerprint,
}

impl LockEntry {
    pub(crate) fn new(migration: &Migration, schema: Fingerprint) -> Self {
        let checksum = Fingerprint::of(migration.sql());
        Self { version: migration.version(), name: migration.name().to_owned(), checksum, schema }
    }
}

impl LockFile {
    /// The name of the file, beside the migrations.
    pub const NAME: &str = "migrations.lock";

    pub(crate) fn new(major: u32, scope: Scope, entries: Vec<LockEntry>) -> Self {
        Self { major, scope, entries, checkpoints: Vec::new(), repeatables: None }
    }

    pub(crate) fn with_repeatables(mut self, repeatables: Option<LockRepeatables>) -> Self {
        self.repeatables = repeatables;
        self
    }

    pub(crate) fn with_checkpoints(mut self, checkpoints: Vec<LockEntry>) -> Self {
        self.checkpoints = checkpoints;
        self
    }

    /// Reads it from a directory of migrations; `None` if there is none.
    ///
    /// # Errors
    /// [`VerifyError::LockFile`] if it cannot be read, [`VerifyError::BadLockFile`] with every line that cannot be
    /// understood.
    pub fn read(directory: impl AsRef<Path>) -> Result<Option<Self>, VerifyError> {
        read::file(&directory.as_ref().join(Self::NAME))
    }

    /// Reads one that was built into the program ([`embedded_lock!`](crate::embedded_lock)).
    ///
    /// # Errors
    /// [`VerifyError::BadLockFile`] with every line that cannot be understood.
    pub fn parse(text: &str) -> Result<Self, VerifyError> {
        let path = Self::NAME.into();
        read::parse(text).map_err(|problems| VerifyError::BadLockFile { path, problems })
    }

    /// Writes it into a directory of migrations: whole or not at all, in place of the one that is there.
    ///
    /// # Errors
    /// [`VerifyError::LockFile`].
    pub fn write(&self, directory: impl AsRef<Path>) -> Result<(), VerifyError> {
        write::file(self, directory.as_ref())
    }

    /// The major version of the server that the fingerprints are of.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// What of the schema the fingerprints are of.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The migrations, lowest version first.
    #[must_use]
    pub fn entries(&self) -> &[LockEntry] {
        &self.entries
    }

    /// The checkpoints, lowest version first.
    #[must_use]
    pub fn checkpoints(&self) -> &[LockEntry] {
        &self.checkpoints
    }

    /// What is written down of the repeatables, if there are any.
    #[must_use]
    pub fn repeatables(&self) -> Option<&LockRepeatables> {
        self.repeatables.as_ref()
    }

    /// What is written down of a version.
    #[must_use]
    pub fn entry(&self, version: i64) -> Option<&LockEntry> {
        let at = self.entries.binary_search_by_key(&version, |entry| entry.version).ok()?;
        self.entries.get(at)
    }

    /// What is written down of a version, or of the checkpoint that brings a database to it.
    pub(crate) fn entry_or_checkpoint(&self, version: i64) -> Option<&LockEntry> {
        self.entry(version).or_else(|| self.checkpoints.iter().find(|entry| entry.version == version))
    }

    /// The newest version that is known.
    pub(crate) fn newest(&self) -> Option<i64> {
        [self.entries.last(), self.checkpoints.last()].into_iter().flatten().map(|entry| entry.version).max()
    }
}
