//! Writing a checkpoint into the directory, and removing what it has taken the place of.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{Checkpoint, SquashProblem};
use crate::files::{DRAFT, normalised};
use crate::{Error, Migration, VerifyError};

/// Which files are to go once a checkpoint has taken their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// Those that it takes the place of. If one of them has a way back or a verify file, nothing is removed.
    Replaced,
    /// Their ways back and verify files, too.
    All,
}

impl Checkpoint {
    /// Writes the file into a directory of migrations, whole or not at all, if it [is not there](Self::is_there) already.
    ///
    /// # Errors
    /// [`Error::Directory`] in [`VerifyError::Migrate`].
    pub fn write(&self, directory: impl AsRef<Path>) -> Result<PathBuf, VerifyError> {
        let path = directory.as_ref().join(self.file());
        if self.is_there {
            return Ok(path);
        }
        match write_new(directory.as_ref(), self.file(), self.text()) {
            Ok(()) => Ok(path),
            Err(source) => Err(Error::Directory { path, source }.into()),
        }
    }

    /// The files of a directory that can be removed: each is still what the checkpoint was made of.
    ///
    /// # Errors
    /// [`VerifyError::CannotSquash`] with every file of which something would be lost. [`Error::Directory`] in
    /// [`VerifyError::Migrate`] if one cannot be read.
    pub fn removable(&self, directory: impl AsRef<Path>, how: Removal) -> Result<Vec<PathBuf>, VerifyError> {
        let directory = directory.as_ref();
        let (mut paths, mut problems) = (Vec::new(), Vec::new());
        for (file, text) in self.sources.iter().flat_map(scripts) {
            let (path, is_beside) = (directory.join(&file), text.is_none());
            match std::fs::read_to_string(&path) {
                Ok(found) if text.is_some_and(|text| normalised(&found) != text) => {
                    problems.push(SquashProblem::Changed { file });
                }
                Ok(_) if is_beside && how == Removal::Replaced => problems.push(SquashProblem::Lost { file }),
                Ok(_) => paths.push(path),
                Err(source) => return Err(Error::Directory { path, source }.into()),
            }
        }
        if problems.is_empty() { Ok(paths) } else { Err(VerifyError::CannotSquash { problems }) }
    }

    /// Removes the files that are [`removable`](Self::removable), or none. The checkpoint has to be there. Of what is
    /// interrupted half-way the rest is in order, and can be removed by another call.
    ///
    /// # Errors
    /// As [`removable`](Self::removable), and [`Error::Directory`] in [`VerifyError::Migrate`] for a file that cannot be
    /// removed, or if the checkpoint is not there.
    pub fn remove_replaced(
        &self,
        directory: impl AsRef<Path>,
        how: Removal,
    ) -> Result<Vec<PathBuf>, VerifyError> {
        let directory = directory.as_ref();
        let no_access = |path: &Path| {
            let path = path.to_owned();
            |source| Error::Directory { path, source }
        };
        let own = directory.join(self.file());
        std::fs::metadata(&own).map_err(no_access(&own))?;
        let paths = self.removable(directory, how)?;
        for path in &paths {
            std::fs::remove_file(path).map_err(no_access(path))?;
        }
        Ok(paths)
    }
}

/// Under another name first, so that nobody ever reads half of it: what it lists would count as applied.
fn write_new(directory: &Path, file: &str, text: &str) -> std::io::Result<()> {
    let (path, draft) =
        (directory.join(file), directory.join(format!("{DRAFT}{file}.{}", std::process::id())));
    let write = || {
        if path.try_exists()? {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let mut written = File::create(&draft)?;
        written.write_all(text.as_bytes())?;
        written.sync_all()?;
        std::fs::rename(&draft, &path)
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&draft);
    })
}

/// The files of a migration, last the one with its text: without it those beside it would belong to nothing.
fn scripts(migration: &Migration) -> Vec<(String, Option<&str>)> {
    let beside = [migration.down(), migration.verify()].into_iter().flatten();
    let own = (migration.file().to_owned(), Some(migration.sql()));
    beside.map(|script| (script.file().to_owned(), None)).chain([own]).collect()
}
