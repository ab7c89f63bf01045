use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::file_name::{FileName, suggestion};
use super::migration::{Migration, MigrationProblem};
use super::script::Script;
use crate::Error;

/// A checked set of migrations in the order of their versions. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Migrations(Arc<[Migration]>);

impl Migrations {
    /// Reads a directory. Besides `V<version>__<name>.sql` it may hold `V<version>__<name>.down.sql`, which undoes it,
    /// `README.md` and `migrations.lock`.
    ///
    /// # Errors
    /// [`Error::Directory`] if it cannot be read, [`Error::Files`] with everything that is wrong with its files.
    pub fn from_dir(directory: impl AsRef<Path>) -> Result<Self, Error> {
        let directory = directory.as_ref();
        let read = || -> std::io::Result<Vec<(String, Vec<u8>)>> {
            std::fs::read_dir(directory)?.map(|entry| read_entry(&entry?)).collect()
        };
        let files = read().map_err(|source| Error::Directory { path: directory.to_owned(), source })?;
        Self::check(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
    }

    /// Adds the files of a directory that make up migrations, by name and text, whatever they are.
    pub(crate) fn add_dir(directory: &Path, files: &mut Vec<(String, String)>) -> Result<(), Error> {
        let no_access = |source| Error::Directory { path: directory.to_owned(), source };
        for entry in std::fs::read_dir(directory).map_err(no_access)? {
            let (name, bytes) = entry.and_then(|entry| read_entry(&entry)).map_err(no_access)?;
            files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
        Ok(())
    }

    /// Takes files that were built into the program, under the rules of [`from_dir`](Self::from_dir).
    ///
    /// ```
    /// # use pgkeel_migrate::{Error, Migrations};
    /// let migrations = Migrations::from_static(&[
    ///     // ("V1__orders.sql", include_str!("../migrations/V1__orders.sql")),
    ///     ("V1__orders.sql", "create table orders (id bigint primary key)"),
    /// ])?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Files`] with everything that is wrong with them.
    pub fn from_static(files: &[(&str, &str)]) -> Result<Self, Error> {
        Self::check(files.iter().map(|(name, text)| (*name, text.as_bytes())))
    }

    fn check<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Self, Error> {
        let mut draft = Draft::default();
        let mut files: Vec<_> = files.collect();
        files.sort_unstable(); // so that problems come in the order of names, whatever the file system says
        for (name, bytes) in files {
            draft.add(name, bytes);
        }
        draft.complete()
    }

    /// One after the other, lowest version first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Migration> {
        self.0.iter()
    }

    /// The one with this version.
    #[must_use]
    pub fn get(&self, version: i64) -> Option<&Migration> {
        let index = self.0.binary_search_by_key(&version, Migration::version).ok()?;
        self.0.get(index)
    }

    /// Those with one of these versions.
    pub(crate) fn only(&self, versions: &[i64]) -> Self {
        Self(self.iter().filter(|migration| versions.contains(&migration.version())).cloned().collect())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A directory has no text, and its name is wrong whatever it is.
fn read_entry(entry: &std::fs::DirEntry) -> std::io::Result<(String, Vec<u8>)> {
    let name = entry.file_name().to_string_lossy().into_owned();
    let path = entry.path();
    let is_directory = path.is_dir();
    let unwanted =
        is_directory || !matches!(FileName::parse(&name), Some(FileName::Up { .. } | FileName::Down { .. }));
    let name = if is_directory { format!("{name}/") } else { name };
    Ok((name, if unwanted { Vec::new() } else { std::fs::read(path)? }))
}

/// The files seen so far, by their names without ending, and what is wrong with them.
#[derive(Default)]
struct Draft {
    ups: BTreeMap<String, (i64, Option<Script>)>,
    downs: BTreeMap<String, Option<Script>>,
    problems: Vec<MigrationProblem>,
}

impl Draft {
    fn add(&mut self, file: &str, bytes: &[u8]) {
        match FileName::parse(file) {
            Some(FileName::Beside) => {}
            Some(FileName::Down { stem }) => {
                let script = self.script(file, bytes);
                self.downs.insert(stem.to_owned(), script);
            }
            Some(FileName::Up { stem, version }) => {
                let script = self.script(file, bytes);
                self.ups.insert(stem.to_owned(), (version, script));
            }
            None => self.problems.push(MigrationProblem::NotAMigration {
                file: file.to_owned(),
                suggestion: suggestion(file),
            }),
        }
    }

    /// The file's script, or a noted problem.
    fn script(&mut self, file: &str, bytes: &[u8]) -> Option<Script> {
        let script = match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Script::new(file.to_owned(), text),
            _ => Err(MigrationProblem::NotText { file: file.to_owned() }),
        };
        script.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn complete(mut self) -> Result<Migrations, Error> {
        let mut versions = BTreeMap::<i64, Vec<String>>::new();
        let mut found = Vec::new();
        for (stem, (version, up)) in std::mem::take(&mut self.ups) {
            versions.entry(version).or_default().push(format!("{stem}.sql"));
            let down = self.downs.remove(&stem).flatten();
            match up.map(|up| Migration::new(&stem, up, down)).transpose() {
                Ok(migration) => found.extend(migration),
                Err(problem) => self.problems.push(problem),
            }
        }
        let several = versions.into_values().filter(|files| files.len() > 1);
        self.problems.extend(several.map(|files| MigrationProblem::SameVersion { files }));
        self.problems.extend(self.downs.keys().map(|stem| MigrationProblem::DownAlone {
            file: format!("{stem}.down.sql"),
            up: format!("{stem}.sql"),
        }));
        if self.problems.is_empty() {
            found.sort_by_key(Migration::version);
            Ok(Migrations(found.into()))
        } else {
            Err(Error::Files { problems: self.problems })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "select 1;";

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        match Migrations::from_static(files) {
            Err(Error::Files { problems }) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let files = [
            ("V10__c.sql", SQL),
            ("V9__b.sql", SQL),
            ("V1__a.sql", SQL),
            ("V1__a.down.sql", SQL),
            ("README.md", "#"),
        ];
        let migrations = Migrations::from_static(&files).unwrap();
        let order: Vec<i64> = migrations.iter().map(Migration::version).collect();
        assert_eq!(order, [1, 9, 10]);
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let files = [
            ("V1__a.sql", SQL),
            ("V001__b.sql", SQL),
            ("V2__c-d.sql", SQL),
            ("V3__e.sql", "-- later\n"),
            ("V4__f.sql", "select '\0'"),
            ("V5__g.down.sql", SQL),
            ("notes.txt", ""),
        ];
        assert_eq!(
            problems(&files),
            [
                "V2__c-d.sql is not named V<version>__<name>.sql; did you mean V2__c_d.sql?",
                "V3__e.sql has no statement yet",
                "V4__f.sql is not a text in UTF-8",
                "notes.txt is not named V<version>__<name>.sql",
                "V001__b.sql and V1__a.sql have the same version; give one of them another",
                "V5__g.down.sql has no V5__g.sql beside it",
            ]
        );
    }

    #[test]
    fn line_ends_and_byte_order_mark_do_not_change_the_checksum() {
        let checksum = |text| {
            let migrations = Migrations::from_static(&[("V1__a.sql", text)]).unwrap();
            migrations.iter().next().unwrap().checksum()
        };
        assert_eq!(checksum("\u{feff}select 1;\r\nselect 2;"), checksum("select 1;\nselect 2;\n"));
        assert_ne!(checksum("select 1;"), checksum("select 2;"));
    }
}
