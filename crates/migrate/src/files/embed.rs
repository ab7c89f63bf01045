//! Files that are built into a program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::file_name::FileName;
use super::migrations::Migrations;
use crate::{Error, LockFile};

/// For a program's `build.rs`: checks the files of a directory, given relative to the package, and writes the table that
/// [`embedded!`](crate::embedded) reads, and `migrations.lock` for [`embedded_lock!`](crate::embedded_lock). Cargo builds again
/// when a file of the directory changes, comes or goes.
///
/// ```no_run
/// // build.rs, with pgkeel-migrate among the build-dependencies
/// fn main() -> Result<(), pgkeel_migrate::Error> {
///     pgkeel_migrate::embed("migrations")
/// }
/// ```
///
/// # Errors
/// [`Error::Files`] with everything that is wrong with the files, [`Error::Directory`] if they cannot be read or the
/// table not be written.
///
/// # Panics
/// If it is called elsewhere than in a build script.
pub fn embed(directory: impl AsRef<Path>) -> Result<(), Error> {
    let directory = from_cargo("CARGO_MANIFEST_DIR").join(directory);
    println!("cargo::rerun-if-changed={}", directory.display());
    let out = from_cargo("OUT_DIR");
    write_lock(&directory, &out.join("pgkeel_migrations_lock.rs"))?;
    write_table(&directory, &out.join("pgkeel_migrations.rs"))
}

/// Whether it can be read is found out where there is an error to say so.
fn write_lock(directory: &Path, table: &Path) -> Result<(), Error> {
    let lock = directory.join(LockFile::NAME);
    let no_access = |path: &Path| {
        let path = path.to_owned();
        |source| Error::Directory { path, source }
    };
    let rust = if lock.exists() {
        let path = std::path::absolute(&lock).map_err(no_access(&lock))?;
        format!("::core::option::Option::Some(include_str!({:?}))\n", path.display().to_string())
    } else {
        "::core::option::Option::None\n".to_owned()
    };
    std::fs::write(table, rust).map_err(no_access(table))
}

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment alone")]
fn from_cargo(variable: &str) -> PathBuf {
    std::env::var_os(variable).expect("cargo sets this for build scripts").into()
}

fn write_table(directory: &Path, table: &Path) -> Result<(), Error> {
    Migrations::from_dir(directory)?;
    let no_access = |source| Error::Directory { path: directory.to_owned(), source };
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let mut paths: Vec<PathBuf> = entries.map_err(no_access)?.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    let mut rust = "&[\n".to_owned();
    for path in paths {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if FileName::is_run(&file) {
            let path = std::path::absolute(&path).map_err(no_access)?;
            let _ = writeln!(rust, "    ({file:?}, include_str!({:?})),", path.display().to_string());
        }
    }
    rust.push_str("]\n");
    std::fs::write(table, rust).map_err(|source| Error::Directory { path: table.to_owned(), source })
}

/// The migrations that [`embed`] found when the program was built.
///
/// ```
/// # mod pgkeel_migrate {
/// #     // Stands in for the table of a build script, which an example has not.
/// #     macro_rules! embedded { () => { ::pgkeel_migrate::Migrations::from_static(&[]) } }
/// #     pub(crate) use embedded;
/// # }
/// # fn example() -> Result<::pgkeel_migrate::Migrations, ::pgkeel_migrate::Error> {
/// let migrations = pgkeel_migrate::embedded!()?;
/// # Ok(migrations)
/// # }
/// ```
///
/// # Errors
/// As [`Migrations::from_static`](crate::Migrations::from_static); never, if the build script ran without an error.
#[macro_export]
macro_rules! embedded {
    () => {
        $crate::Migrations::from_static(::core::include!(::core::concat!(
            ::core::env!("OUT_DIR"),
            "/pgkeel_migrations.rs"
        )))
    };
}

/// The lock file that [`embed`] found beside the migrations when the program was built; `None` if there was none.
///
/// ```
/// # use ::pgkeel_migrate::Gate;
/// # mod pgkeel_migrate {
/// #     // Stand in for the tables of a build script, which an example has not.
/// #     macro_rules! embedded { () => { ::pgkeel_migrate::Migrations::from_static(&[]) } }
/// #     macro_rules! embedded_lock { () => { None.map(::pgkeel_migrate::LockFile::parse).transpose() } }
/// #     pub(crate) use {embedded, embedded_lock};
/// # }
/// # fn example(config: pgkeel_connect::Config) -> Result<Gate, Box<dyn std::error::Error>> {
/// let mut gate = Gate::new(config, pgkeel_migrate::embedded!()?);
/// if let Some(lock) = pgkeel_migrate::embedded_lock!()? {
///     gate = gate.against(lock);
/// }
/// # Ok(gate)
/// # }
/// ```
///
/// # Errors
/// As [`LockFile::parse`](crate::LockFile::parse).
#[macro_export]
macro_rules! embedded_lock {
    () => {{
        let text: ::core::option::Option<&str> =
            ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/pgkeel_migrations_lock.rs"));
        text.map($crate::LockFile::parse).transpose()
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_file_that_is_run() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        let squashes = "V1__a:1:".to_owned() + &"0".repeat(64);
        write("B1__c.sql", &format!("-- pgkeel: squashes={squashes}\nselect 1"));
        write("V3__a.sql", "select 1");
        write("V3__a.down.sql", "select 2");
        write("V3__a.verify.sql", "select 1");
        write("R__b.sql", "select 3");
        write("before_run.sql", "select 4");
        write("README.md", "# about");
        let table = tempfile::NamedTempFile::new().unwrap();
        write_table(directory.path(), table.path()).unwrap();
        let rust = std::fs::read_to_string(table.path()).unwrap();
        let lines: Vec<&str> = rust.lines().collect();
        assert!(lines.len() == 8 && lines[4].starts_with("    (\"V3__a.sql\", include_str!(\"/"), "{rust}");

        write("V2__b-c.sql", "select 1");
        assert!(matches!(write_table(directory.path(), table.path()), Err(Error::Files { .. })));
    }

    #[test]
    fn a_lock_file_is_built_in_where_there_is_one() {
        let directory = tempfile::tempdir().unwrap();
        let table = tempfile::NamedTempFile::new().unwrap();
        let written = || {
            write_lock(directory.path(), table.path()).unwrap();
            std::fs::read_to_string(table.path()).unwrap()
        };
        assert_eq!(written(), "::core::option::Option::None\n");
        std::fs::write(directory.path().join(LockFile::NAME), "format 1").unwrap();
        assert!(written().starts_with("::core::option::Option::Some(include_str!(\"/"), "{}", written());
    }
}
