//! New files.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use time::OffsetDateTime;

use crate::Error;
use crate::file_name::{FileName, snake_case};

/// Longest name of a migration, so that file names stay readable and within what file systems take.
const LONGEST_NAME: usize = 100;

/// Writes a new, empty migration into the directory and returns its path. Its version is the time in UTC,
/// `YYYYMMDDhhmmss`, or one above the newest file if that is later.
///
/// # Errors
/// [`Error::Name`] with a name that would do, [`Error::Files`] if the directory is not in order, [`Error::Directory`]
/// if it cannot be read or written. Nothing is ever overwritten.
pub fn create(directory: impl AsRef<Path>, name: &str) -> Result<PathBuf, Error> {
    create_at(directory.as_ref(), name, SystemTime::now())
}

fn create_at(directory: &Path, name: &str, now: SystemTime) -> Result<PathBuf, Error> {
    check(name)?;
    let newest = newest_version(directory)?;
    let version = newest.map_or(stamp(now), |newest| stamp(now).max(newest.saturating_add(1)));
    let path = directory.join(format!("V{version}__{name}.sql"));
    let write = || std::fs::File::create_new(&path)?.write_all(text(version, name).as_bytes());
    match write() {
        Ok(()) => Ok(path),
        Err(source) => Err(Error::Directory { path, source }),
    }
}

fn check(name: &str) -> Result<(), Error> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if starts_well && name.len() <= LONGEST_NAME && snake_case(name).as_deref() == Some(name) {
        return Ok(());
    }
    let suggestion = snake_case(name).map(|name| name.chars().take(LONGEST_NAME).collect::<String>());
    let suggestion =
        suggestion.map(|name| name.trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned());
    let suggestion = suggestion.filter(|name| check(name).is_ok());
    Err(Error::Name { name: name.to_owned(), suggestion })
}

/// The newest version in the directory, whatever is in the files: one may have been created just now and be empty
/// still.
fn newest_version(directory: &Path) -> Result<Option<i64>, Error> {
    let names = || -> std::io::Result<Vec<String>> {
        let name =
            |entry: std::io::Result<std::fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        std::fs::read_dir(directory)?.map(name).collect()
    };
    let names = names().map_err(|source| Error::Directory { path: directory.to_owned(), source })?;
    let versions = names.iter().filter_map(|name| match FileName::parse(name) {
        Some(FileName::Up { version, .. }) => Some(version),
        _ => None,
    });
    Ok(versions.max())
}

fn stamp(now: SystemTime) -> i64 {
    let now = OffsetDateTime::from(now);
    let date = i64::from(now.year()) * 10_000 + i64::from(u8::from(now.month())) * 100 + i64::from(now.day());
    let time = i64::from(now.hour()) * 10_000 + i64::from(now.minute()) * 100 + i64::from(now.second());
    date * 1_000_000 + time
}

fn text(version: i64, name: &str) -> String {
    format!(
        "\
-- V{version}__{name}
--
-- Say here why, in a sentence.
--
-- This file runs once, in a transaction of its own: no BEGIN, no COMMIT. Once it is applied anywhere it is never
-- edited; a mistake is mended by another file. Add first, and remove in a later release, when nothing that runs needs
-- the old form any more.

"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Migrations;

    /// 2026-11-22 01:17:43 UTC.
    const NOW: Duration = Duration::from_secs(1_795_310_263);

    fn new(directory: &Path, name: &str) -> Result<String, Error> {
        let path = create_at(directory, name, SystemTime::UNIX_EPOCH + NOW)?;
        Ok(path.file_name().unwrap().to_str().unwrap().to_owned())
    }

    #[test]
    fn versions_are_stamps_that_go_up() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(new(directory.path(), "orders").unwrap(), "V20261122011743__orders.sql");
        assert_eq!(new(directory.path(), "orders").unwrap(), "V20261122011744__orders.sql");
        let Err(Error::Files { problems }) = Migrations::from_dir(directory.path()) else { panic!() };
        assert_eq!(problems[0].to_string(), "V20261122011743__orders.sql has no statement yet");
    }

    #[test]
    fn other_names_are_refused_with_one_that_would_do() {
        let directory = tempfile::tempdir().unwrap();
        for (name, right) in [
            ("Add-User", Some("add_user")),
            ("2fa", Some("fa")),
            ("a__b", Some("a_b")),
            ("../../etc/x", Some("etc_x")),
            ("", None),
            ("日本", None),
        ] {
            let Err(Error::Name { suggestion, .. }) = new(directory.path(), name) else { panic!("{name}") };
            assert_eq!(suggestion.as_deref(), right, "{name}");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let missing = Path::new("/nowhere/migrations");
        assert!(matches!(new(missing, "x"), Err(Error::Directory { path, .. }) if path == missing));
    }
}
