//! Files that are built into a program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::file_name::FileName;
use super::migrations::Migrations;
use crate::Error;

/// For a program's `build.rs`: checks the files of a directory, given relative to the package, and writes the table that
/// [`embedded!`](crate::embedded) reads. Cargo builds again when a file of the directory changes, comes or goes.
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
    write_table(&directory, &from_cargo("OUT_DIR").join("pgkeel_migrations.rs"))
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
/// ```ignore
/// let migrations = pgkeel_migrate::embedded!()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_file_that_is_run() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write("V1__a.sql", "select 1");
        write("V1__a.down.sql", "select 2");
        write("V1__a.verify.sql", "select 1");
        write("R__b.sql", "select 3");
        write("before_run.sql", "select 4");
        write("README.md", "# about");
        let table = tempfile::NamedTempFile::new().unwrap();
        write_table(directory.path(), table.path()).unwrap();
        let rust = std::fs::read_to_string(table.path()).unwrap();
        let lines: Vec<&str> = rust.lines().collect();
        assert!(lines.len() == 7 && lines[3].starts_with("    (\"V1__a.sql\", include_str!(\"/"), "{rust}");

        write("V2__b-c.sql", "select 1");
        assert!(matches!(write_table(directory.path(), table.path()), Err(Error::Files { .. })));
    }
}
