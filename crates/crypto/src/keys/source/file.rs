use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::keys::problem::KeyringProblem;
use crate::keys::state::KeyName;

/// Secrets are short; a larger file is some other file.
const MOST: u64 = 4096;

/// The text of this file, without one line end at its end.
pub(super) fn read(key: KeyName, path: &Path) -> Result<Zeroizing<String>, KeyringProblem> {
    let unreadable =
        |error| KeyringProblem::FileUnreadable { key, path: path.into(), source: Arc::new(error) };
    let is_file = std::fs::metadata(path).map_err(unreadable)?.is_file(); // before it is opened, as a pipe would wait
    if !is_file {
        return Err(KeyringProblem::NotAFile { key, path: path.into() });
    }
    let file = File::open(path).map_err(unreadable)?;
    refuse_others(key, path, &file.metadata().map_err(unreadable)?)?;
    let mut text = Zeroizing::new(String::with_capacity(64 + usize::try_from(MOST).expect("4096"))); // it does not grow
    let read = file.take(MOST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if read as u64 > MOST {
        return Err(KeyringProblem::FileTooLarge { key, path: path.into(), most: MOST });
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let kept = line.strip_suffix('\r').unwrap_or(line).len();
    text.truncate(kept);
    Ok(text)
}

/// What group and others may do.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Group and others may do nothing with it.
#[cfg(unix)]
fn refuse_others(key: KeyName, path: &Path, metadata: &Metadata) -> Result<(), KeyringProblem> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    Err(KeyringProblem::FileReadableByOthers { key, path: path.into(), mode })
}

/// Other systems have no mode to look at.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn refuse_others(_: KeyName, _: &Path, _: &Metadata) -> Result<(), KeyringProblem> {
    Ok(())
}
