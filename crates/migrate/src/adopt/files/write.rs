//! Writing the files.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{ConvertedFile, ToolFiles};
use crate::adopt::ImportProblem;
use crate::{Error, Migrations};

pub(super) fn in_mind(files: &ToolFiles, directory: &Path) -> Result<Migrations, Error> {
    let new = missing(files, directory)?;
    let mut all = new.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
    if directory.is_dir() {
        Migrations::from_dir(directory)?;
        Migrations::add_dir(directory, &mut all)?;
    }
    let all: Vec<(&str, &str)> = all.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Migrations::from_static(&all)
}

pub(super) fn for_real(files: &ToolFiles, directory: &Path) -> Result<Vec<String>, Error> {
    let new = missing(files, directory)?;
    let mut written = Vec::new();
    let done = write(&new, directory, &mut written);
    if done.is_err() {
        for path in &written {
            if let Err(error) = std::fs::remove_file(path) {
                tracing::warn!(%error, path = %path.display(), "a file that was written stays");
            }
        }
    }
    done.map(|()| new.iter().map(|file| file.name.clone()).collect())
}

fn write(files: &[&ConvertedFile], directory: &Path, written: &mut Vec<PathBuf>) -> Result<(), Error> {
    let no_access = |path: &Path, source| Error::Directory { path: path.to_owned(), source };
    std::fs::create_dir_all(directory).map_err(|source| no_access(directory, source))?;
    for file in files {
        let path = directory.join(&file.name);
        let mut new = std::fs::File::create_new(&path).map_err(|source| no_access(&path, source))?;
        written.push(path.clone());
        let text = file.text.as_bytes();
        new.write_all(text).and_then(|()| new.sync_all()).map_err(|source| no_access(&path, source))?;
    }
    Ok(())
}

/// Those that are not there yet, if all can be taken.
fn missing<'a>(files: &'a ToolFiles, directory: &Path) -> Result<Vec<&'a ConvertedFile>, Error> {
    let (mut problems, mut missing) = (files.problems.clone(), Vec::new());
    for file in &files.files {
        let path = directory.join(&file.name);
        match std::fs::read(&path) {
            Ok(there) if there == file.text.as_bytes() => {}
            Ok(_) => {
                problems.push(ImportProblem::Exists { file: file.name.clone(), from: file.from.clone() });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => missing.push(file),
            Err(source) => return Err(Error::Directory { path, source }),
        }
    }
    if problems.is_empty() { Ok(missing) } else { Err(Error::Import { tool: files.tool, problems }) }
}
