//! Which version a new file gets.

use std::path::Path;
use std::time::SystemTime;

use time::OffsetDateTime;

use super::file_name::FileName;
use crate::Error;

/// Versions from here on are stamps of time, below they are counted.
const SMALLEST_STAMP: i64 = 10_000_000_000_000;

/// In the style of the files that are there, whatever is in them: one may have been created just now and be empty still.
/// `besides` is the newest version of what is no file, 0 for none.
pub(super) fn next_version(directory: &Path, besides: i64, now: SystemTime) -> Result<String, Error> {
    let names = || -> std::io::Result<Vec<String>> {
        let name =
            |entry: std::io::Result<std::fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        std::fs::read_dir(directory)?.map(name).collect()
    };
    let names = match names() {
        // The first file makes the directory.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        names => names.map_err(|source| Error::Directory { path: directory.to_owned(), source })?,
    };
    let versions = names.iter().filter_map(|name| match FileName::parse(name) {
        // With the digits that are written, zeros and all.
        Some(FileName::Up { version, .. } | FileName::Checkpoint { version, .. }) => {
            Some((version, name[1..].find('_').unwrap_or_default()))
        }
        _ => None,
    });
    let (of_files, digits) = versions.max().unwrap_or_default();
    Ok(match of_files.max(besides) {
        0 => stamp(now).to_string(),
        newest if newest >= SMALLEST_STAMP => stamp(now).max(newest.saturating_add(1)).to_string(),
        newest => format!("{:0digits$}", newest + 1),
    })
}

fn stamp(now: SystemTime) -> i64 {
    let now = OffsetDateTime::from(now);
    let date = i64::from(now.year()) * 10_000 + i64::from(u8::from(now.month())) * 100 + i64::from(now.day());
    let time = i64::from(now.hour()) * 10_000 + i64::from(now.minute()) * 100 + i64::from(now.second());
    date * 1_000_000 + time
}
