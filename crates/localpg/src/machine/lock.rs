//! Lock files: taken with `flock`, so that they fall with their holder, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use crate::{
    Error,
    machine::{account::Account, wait},
};

/// A lock file that is open, and locked unless said otherwise.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Opens the file without locking it; the database user makes it if it is missing.
    pub(crate) fn open(path: &Path, account: &Account) -> Result<Self, Error> {
        Ok(Self { file: opened(path, account)? })
    }

    /// Opens the file and waits until nobody else has it.
    pub(crate) fn exclusive(path: &Path, account: &Account, bound: Duration) -> Result<Self, Error> {
        let file = opened(path, account)?;
        take(&file, path, bound, File::try_lock)?;
        Ok(Self { file })
    }

    /// Opens the file and waits until nobody has it for himself alone.
    pub(crate) fn shared(path: &Path, account: &Account, bound: Duration) -> Result<Self, Error> {
        let file = opened(path, account)?;
        take(&file, path, bound, File::try_lock_shared)?;
        Ok(Self { file })
    }

    /// As [`exclusive`](Self::exclusive), for a child process: the lock falls when all who inherited the
    /// file have ended.
    pub(crate) fn for_heirs(path: &Path, account: &Account, bound: Duration) -> Result<File, Error> {
        let file = opened(path, account)?;
        take(&file, path, bound, File::try_lock)?;
        Ok(file)
    }

    /// As [`for_heirs`](Self::for_heirs), of a file that belongs to the caller, who makes it if it is missing.
    pub(crate) fn of_caller(path: &Path, bound: Duration) -> Result<File, Error> {
        let mut how = OpenOptions::new();
        how.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(no_links());
        let file = how.open(path).map_err(Error::io("open the lock file", path))?;
        take(&file, path, bound, File::try_lock)?;
        Ok(file)
    }

    /// Whether nobody else has it; afterwards this handle does not have it either.
    pub(crate) fn is_free(&self) -> bool {
        let free = self.file.unlock().is_ok() && self.file.try_lock().is_ok();
        let _ = self.file.unlock();
        free
    }
}

impl Drop for Lock {
    /// Unlocks even if a child that is just being spawned has inherited the file for a moment.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

fn opened(path: &Path, account: &Account) -> Result<File, Error> {
    if !path.exists() {
        let make = r#"umask 077; : >>"$1""#;
        account.shell("make a lock file", make, &[path.as_os_str()], &[])?;
    }
    let file = OpenOptions::new().read(true).custom_flags(no_links()).open(path); // enough to lock
    file.map_err(Error::io("open the lock file", path))
}

/// Root should not follow a link in a directory that is not its own.
fn no_links() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

fn take(
    file: &File,
    path: &Path,
    bound: Duration,
    attempt: fn(&File) -> Result<(), TryLockError>,
) -> Result<(), Error> {
    let answer = wait::until(bound, || match attempt(file) {
        Err(TryLockError::WouldBlock) => None,
        answer => Some(answer),
    });
    match answer {
        Some(Ok(())) => Ok(()),
        Some(Err(TryLockError::Error(source))) => Err(Error::io("lock", path)(source)),
        Some(Err(TryLockError::WouldBlock)) | None => {
            Err(Error::LockTimeout { path: path.to_owned(), waited: bound })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    #[test]
    fn a_lock_that_stays_taken_is_named_in_the_error() {
        let account = Account::of(&Options::default()).expect("an account");
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("lock");
        std::fs::write(&path, "").expect("a file");
        let held = Lock::exclusive(&path, &account, Duration::ZERO).expect("free");
        let error = Lock::shared(&path, &account, Duration::from_millis(20)).expect_err("taken");
        assert!(matches!(&error, Error::LockTimeout { path: named, .. } if *named == path), "{error}");
        drop(held);
        Lock::shared(&path, &account, Duration::ZERO).expect("free again");
    }
}
