use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::file_name::{FileName, suggestion};
use crate::{Error, Migration, MigrationProblem};

/// A checked set of migrations in the order of their versions. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Migrations(Arc<[Migration]>);

impl Migrations {
    /// Reads a directory. Besides `V<version>__<name>.sql` it may hold `V<version>__<name>.down.sql`, which nothing
    /// uses yet, `README.md` and `migrations.lock`.
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

/// The files seen so far and what is wrong with them.
#[derive(Default)]
struct Draft {
    good: BTreeMap<i64, Vec<Migration>>,
    ups: BTreeSet<String>,
    downs: BTreeSet<String>,
    problems: Vec<MigrationProblem>,
}

impl Draft {
    fn add(&mut self, file: &str, bytes: &[u8]) {
        match FileName::parse(file) {
            Some(FileName::Beside) => {}
            Some(FileName::Down { stem }) => {
                self.downs.insert(stem.to_owned());
            }
            Some(FileName::Up { stem, version }) => {
                self.ups.insert(stem.to_owned());
                match read(stem, file, bytes) {
                    Ok(migration) => self.good.entry(version).or_default().push(migration),
                    Err(problem) => self.problems.push(problem),
                }
            }
            None => self.problems.push(MigrationProblem::NotAMigration {
                file: file.to_owned(),
                suggestion: suggestion(file),
            }),
        }
    }

    fn complete(mut self) -> Result<Migrations, Error> {
        let several = self.good.values().filter(|same| same.len() > 1);
        self.problems.extend(several.map(|same| MigrationProblem::SameVersion {
            files: same.iter().map(|migration| migration.file().to_owned()).collect(),
        }));
        self.problems.extend(self.downs.difference(&self.ups).map(|stem| MigrationProblem::DownAlone {
            file: format!("{stem}.down.sql"),
            up: format!("{stem}.sql"),
        }));
        if self.problems.is_empty() {
            Ok(Migrations(self.good.into_values().flatten().collect()))
        } else {
            Err(Error::Files { problems: self.problems })
        }
    }
}

fn read(stem: &str, file: &str, bytes: &[u8]) -> Result<Migration, MigrationProblem> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Migration::new(stem, text),
        _ => Err(MigrationProblem::NotText { file: file.to_owned() }),
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
            ("V1__a.down.sql", ""),
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
