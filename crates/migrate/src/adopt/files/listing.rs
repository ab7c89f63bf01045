//! What is in a tool's directory, with the directories below it.

use std::path::Path;

use crate::Error;

/// Files by their paths from the directory, with `/`, in the order of these, byte by byte.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) files: Vec<Found>,
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: String,
    bytes: Vec<u8>,
}

impl Found {
    /// Its name without the directories above it.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it is in the directory itself.
    pub(super) fn is_on_top(&self) -> bool {
        !self.path.contains('/')
    }

    /// Its text, if it is one that PostgreSQL would take.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok().filter(|text| !text.contains('\0'))
    }
}

impl Listing {
    /// With so many levels of directories below it.
    pub(super) fn read(directory: &Path, levels: usize) -> Result<Self, Error> {
        let mut files = Vec::new();
        add(directory, "", levels, &mut files)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self { files })
    }
}

fn add(directory: &Path, prefix: &str, levels: usize, files: &mut Vec<Found>) -> Result<(), Error> {
    let no_access = |path: &Path, source| Error::Directory { path: path.to_owned(), source };
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    for entry in entries.map_err(|source| no_access(directory, source))? {
        let (path, name) = (entry.path(), format!("{prefix}{}", entry.file_name().to_string_lossy()));
        // A link to a directory could lead round in a circle.
        let is_directory = entry.file_type().map_err(|source| no_access(&path, source))?.is_dir();
        if is_directory {
            if levels > 0 {
                add(&path, &format!("{name}/"), levels - 1, files)?;
            }
        } else if path.is_file() {
            let bytes = std::fs::read(&path).map_err(|source| no_access(&path, source))?;
            files.push(Found { path: name, bytes });
        }
    }
    Ok(())
}
