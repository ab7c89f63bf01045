use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{LockFile, read};
use crate::VerifyError;

const HEAD: &str = "\
# Written by pgkeel from the migrations beside it. Commit it; do not edit it.
# A migration or checkpoint a line: version, name, SHA-256 of its file, fingerprint of the schema after it. A repeatable a line: name and
# SHA-256 of its file; then the fingerprint of the schema after all of them.
";

/// The file's text.
pub(super) fn text(lock: &LockFile) -> String {
    let mut text = format!("{HEAD}format {}\npostgresql {}\n", read::FORMAT, lock.major());
    for line in lock.scope().lines() {
        let _ = writeln!(text, "{line}");
    }
    text.push('\n');
    for entry in lock.entries() {
        let _ = writeln!(text, "{} {} {} {}", entry.version, entry.name, entry.checksum, entry.schema);
    }
    for entry in lock.checkpoints() {
        let _ = writeln!(text, "B{}__{} {} {}", entry.version, entry.name, entry.checksum, entry.schema);
    }
    if let Some(repeatables) = lock.repeatables() {
        for (name, checksum) in &repeatables.files {
            let _ = writeln!(text, "R__{name} {checksum}");
        }
        let _ = writeln!(text, "repeatables {}", repeatables.schema);
    }
    text
}

/// Writes the file under another name first, so that nobody ever reads half of it.
pub(super) fn file(lock: &LockFile, directory: &Path) -> Result<(), VerifyError> {
    let path = directory.join(LockFile::NAME);
    let draft = directory.join(format!(".{}.{}", LockFile::NAME, std::process::id()));
    let written = write(&draft, &path, &text(lock));
    written.map_err(|source| {
        let _ = std::fs::remove_file(&draft);
        VerifyError::LockFile { path, source }
    })
}

fn write(draft: &PathBuf, path: &PathBuf, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::File::create(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fingerprint, LockEntry, Scope};

    #[test]
    fn it_takes_the_place_of_the_one_that_was_there() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(LockFile::read(directory.path()).unwrap(), None);
        let empty = LockFile::new(15, Scope::default(), Vec::new());
        empty.write(directory.path()).unwrap();
        let (checksum, schema) = (Fingerprint::of("a"), Fingerprint::of("b"));
        let entry = LockEntry { version: 1, name: "a".to_owned(), checksum, schema };
        let longer = LockFile::new(15, Scope::default(), vec![entry]);
        longer.write(directory.path()).unwrap();
        assert_eq!(LockFile::read(directory.path()).unwrap(), Some(longer));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join(LockFile::NAME).join("x")).unwrap();
        let lock = LockFile::new(15, Scope::default(), Vec::new());
        assert!(matches!(lock.write(directory.path()), Err(VerifyError::LockFile { .. })));
        assert!(matches!(LockFile::read(directory.path()), Err(VerifyError::LockFile { .. })));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
