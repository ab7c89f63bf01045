use std::collections::BTreeMap;
use std::path::Path;

use crate::{Error, Migration, Migrations};

/// Migrations with the files that undo them.
#[derive(Debug, Clone, Default)]
pub struct Chain(Vec<Link>);

/// One migration and what undoes it.
#[derive(Debug, Clone)]
pub struct Link {
    migration: Migration,
    down: Option<String>,
}

impl Link {
    /// The migration.
    #[must_use]
    pub fn migration(&self) -> &Migration {
        &self.migration
    }

    /// The text of its `.down.sql`; `None` if there is none.
    #[must_use]
    pub fn down(&self) -> Option<&str> {
        self.down.as_deref()
    }

    /// The name of the file that undoes it.
    pub(crate) fn down_file(&self) -> String {
        down_file(self.migration.file())
    }
}

fn down_file(up: &str) -> String {
    format!("{}.down.sql", up.strip_suffix(".sql").unwrap_or(up))
}

impl Chain {
    /// Reads a directory as [`Migrations::from_dir`] does.
    ///
    /// # Errors
    /// As [`Migrations::from_dir`].
    pub fn from_dir(directory: impl AsRef<Path>) -> Result<Self, Error> {
        let directory = directory.as_ref();
        let migrations = Migrations::from_dir(directory)?;
        let mut chain = Vec::new();
        for migration in migrations.iter() {
            let path = directory.join(down_file(migration.file()));
            let down = match std::fs::read_to_string(&path) {
                Ok(text) => Some(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(source) => return Err(Error::Directory { path, source }),
            };
            chain.push(Link { migration: migration.clone(), down });
        }
        Ok(Self(chain))
    }

    /// Takes files that were built into the program, under the rules of [`Migrations::from_static`].
    ///
    /// # Errors
    /// As [`Migrations::from_static`].
    pub fn from_static(files: &[(&str, &str)]) -> Result<Self, Error> {
        let texts: BTreeMap<&str, &str> = files.iter().copied().collect();
        let link = |migration: &Migration| {
            let down = texts.get(down_file(migration.file()).as_str()).map(|text| (*text).to_owned());
            Link { migration: migration.clone(), down }
        };
        Ok(Self(Migrations::from_static(files)?.iter().map(link).collect()))
    }

    /// One after the other, lowest version first.
    pub fn iter(&self) -> impl Iterator<Item = &Link> {
        self.0.iter()
    }

    pub(crate) fn links(&self) -> &[Link] {
        &self.0
    }
}
