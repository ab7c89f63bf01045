//! Removing scratch clusters whose process and watchdog were both killed.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    machine::{
        account::Account,
        lock::Lock,
        process::{self, Signal},
        wait,
    },
    server::pidfile::PidFile,
};

/// A cluster that is being made has no owner for a moment, one that is being removed has none any more.
const AGE: Duration = Duration::from_mins(10);

/// Removes what has no owner and is old. Failures are left for the next time: this is housekeeping.
pub(crate) fn abandoned(cache: &Path, account: &Account) {
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    let clusters = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("s-"));
    for directory in clusters.map(|entry| entry.path()).filter(|directory| is_abandoned(directory, account)) {
        remove(&directory, account);
    }
}

fn is_abandoned(directory: &Path, account: &Account) -> bool {
    let age = fs::metadata(directory).and_then(|seen| seen.modified()).map(|changed| changed.elapsed());
    let is_old = matches!(age, Ok(Ok(age)) if age > AGE);
    is_old
        && (!owner(directory).exists()
            || Lock::open(&owner(directory), account).is_ok_and(|lock| lock.is_free()))
}

/// The file that a living owner keeps locked.
pub(crate) fn owner(directory: &Path) -> PathBuf {
    directory.join("owner")
}

fn remove(directory: &Path, account: &Account) {
    let data = directory.join("data");
    if let Some(running) = PidFile::of_running(&data) {
        process::signal(running.pid, Signal::QUIT);
        wait::until(Duration::from_secs(10), || PidFile::of_running(&data).is_none().then_some(()));
    }
    let _ = account.shell("remove a directory", r#"rm -rf "$1""#, &[directory.as_os_str()], &[]);
}
