use std::path::Path;
use std::sync::Arc;

use super::draft::Draft;
use super::file_name::FileName;
use super::kind::Kind;
use super::migration::{Migration, MigrationProblem};
use super::script::Script;
use super::{checkpoint, placement};
use crate::{Code, Error};

/// A checked set of migrations in the order of their versions. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Migrations {
    pub(super) versioned: Arc<[Migration]>,
    /// Lowest version first.
    pub(super) checkpoints: Arc<[Migration]>,
    /// In the order in which they are tried.
    pub(super) repeatables: Arc<[Migration]>,
    pub(super) before: Option<Migration>,
    pub(super) after: Option<Migration>,
}

impl Migrations {
    /// Reads a directory. It may hold
    /// - `V<version>__<name>.sql`, and beside it `….down.sql`, which undoes it, and `….verify.sql`, queries that have to
    ///   answer something that is neither false nor 0 behind it, in the same transaction;
    /// - `B<version>__<name>.sql`, a checkpoint: what an empty database starts from in place of the files that it lists, which
    ///   may be gone then ([`Squasher`](crate::Squasher));
    /// - `R__<name>.sql`, applied behind all of these whenever its text has changed, for what can be replaced: views,
    ///   functions, triggers, grants;
    /// - `before_run.sql` and `after_run.sql`, which run first and last in each call that has something to do;
    /// - `README.md` and `migrations.lock`.
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

    /// The same with migrations that are functions of the program, each in its place among the versions.
    ///
    /// # Errors
    /// [`Error::Files`] with everything that is wrong with their versions, names and directives.
    pub fn with_code(self, codes: impl IntoIterator<Item = Code>) -> Result<Self, Error> {
        let mut found: Vec<Migration> = self.iter().cloned().collect();
        let mut problems = Vec::new();
        for code in codes {
            match of_code(code) {
                Ok(migration) => found.push(migration),
                Err(problem) => problems.push(problem),
            }
        }
        found.sort_by_key(Migration::version);
        let several = found.chunk_by(|one, other| one.version() == other.version());
        let several = several.filter(|same| same.len() > 1);
        problems.extend(several.map(|same| MigrationProblem::SameVersion {
            files: same.iter().map(|migration| migration.file().to_owned()).collect(),
        }));
        problems.extend(checkpoint::problems(&self.checkpoints, &found));
        if problems.is_empty() {
            Ok(Self { versioned: found.into(), ..self })
        } else {
            Err(Error::Files { problems })
        }
    }

    /// Those with a version, lowest first, without [`checkpoints`](Self::checkpoints).
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Migration> {
        self.versioned.iter()
    }

    /// Repeatables, in the order in which they are tried: those that others require first, else by name.
    #[must_use]
    pub fn repeatables(&self) -> impl DoubleEndedIterator<Item = &Migration> {
        self.repeatables.iter()
    }

    /// Those that stand for others on an empty database, lowest version first.
    #[must_use]
    pub fn checkpoints(&self) -> impl DoubleEndedIterator<Item = &Migration> {
        self.checkpoints.iter()
    }

    /// `before_run.sql` and `after_run.sql`, as far as they are there.
    pub fn hooks(&self) -> impl Iterator<Item = &Migration> {
        [&self.before, &self.after].into_iter().flatten()
    }

    /// `before_run.sql`.
    pub(crate) fn before(&self) -> Option<&Migration> {
        self.before.as_ref()
    }

    /// `after_run.sql`.
    pub(crate) fn after(&self) -> Option<&Migration> {
        self.after.as_ref()
    }

    /// All, of all kinds.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Migration> {
        self.before
            .iter()
            .chain(&*self.checkpoints)
            .chain(&*self.versioned)
            .chain(&*self.repeatables)
            .chain(&self.after)
    }

    /// The one with this version.
    #[must_use]
    pub fn get(&self, version: i64) -> Option<&Migration> {
        let index = self.versioned.binary_search_by_key(&version, Migration::version).ok()?;
        self.versioned.get(index)
    }

    /// Those with one of these versions, and these repeatables, with the hooks.
    pub(crate) fn only(&self, versions: &[i64], repeatables: &[&Migration]) -> Self {
        let versioned = self.iter().filter(|migration| versions.contains(&migration.version()));
        let is_meant = |file: &&Migration| repeatables.iter().any(|meant| meant.name() == file.name());
        let repeatables = self.repeatables().filter(is_meant);
        let is_whole =
            |file: &&Migration| file.squashes().iter().all(|squashed| versions.contains(&squashed.version));
        Self {
            checkpoints: self.checkpoints().filter(is_whole).cloned().collect(),
            versioned: versioned.cloned().collect(),
            repeatables: repeatables.cloned().collect(),
            ..self.clone()
        }
    }

    /// The same without repeatables.
    pub(crate) fn without_repeatables(&self) -> Self {
        Self { repeatables: Arc::default(), ..self.clone() }
    }

    /// How many have a version and are not checkpoints.
    #[must_use]
    pub fn len(&self) -> usize {
        self.versioned.len()
    }

    /// Whether there is nothing to apply, with or without a version.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.versioned.is_empty() && self.checkpoints.is_empty() && self.repeatables.is_empty()
    }
}

fn of_code(code: Code) -> Result<Migration, MigrationProblem> {
    let file = code.file();
    if !matches!(FileName::parse(&file.replace(".rs", ".sql")), Some(FileName::Up { .. })) {
        return Err(MigrationProblem::NotAMigration { file, suggestion: None });
    }
    let script = Script::of_code(file, &code.text())?;
    match placement::check(&script, Kind::Code) {
        None => Migration::of_code(code, script),
        Some(problem) => Err(problem),
    }
}

/// A directory has no text, and its name is wrong whatever it is.
fn read_entry(entry: &std::fs::DirEntry) -> std::io::Result<(String, Vec<u8>)> {
    let name = entry.file_name().to_string_lossy().into_owned();
    let path = entry.path();
    let is_directory = path.is_dir();
    let unwanted = is_directory || !FileName::is_run(&name);
    let name = if is_directory { format!("{name}/") } else { name };
    Ok((name, if unwanted { Vec::new() } else { std::fs::read(path)? }))
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
