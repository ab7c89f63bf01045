//! What tests stand on: a base directory of their own, patience, and a look at processes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use pgkeel_localpg::Options;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Generous: only a failure waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A base directory that goes when the test ends.
pub(crate) struct Ground {
    place: tempfile::TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        // Below root the database user is somebody else, who must be able to pass.
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("opened");
        Self { place }
    }

    pub(crate) fn base(&self) -> PathBuf {
        self.place.path().join("base")
    }

    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = surroundings();
        options.data_dir = Some(self.base());
        options
    }
}

/// What chooses the PostgreSQL under test, and what a cache of fetched ones is found by.
const PASSED_ON: [&str; 9] = [
    "PATH",
    "HOME",
    "XDG_CACHE_HOME",
    "PGKEEL_PG_BINDIR",
    "PGKEEL_PG_USER",
    "PGKEEL_PG_MAJOR",
    "PGKEEL_PG_FETCH",
    "PGKEEL_PG_CACHE_DIR",
    "PGKEEL_PG_PINS",
];

/// Nothing else comes from the environment.
#[expect(clippy::disallowed_methods, reason = "the one place where these tests read the environment")]
pub(crate) fn surroundings() -> Options {
    Options::from_env(&|name| PASSED_ON.contains(&name).then(|| std::env::var_os(name)).flatten())
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "still not so after {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process runs; one that only waits to be collected does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    test_kill_process(known(pid)).is_ok()
        && !matches!(told_by_ps(pid, "stat=").as_bytes().first(), None | Some(b'Z'))
}

pub(crate) fn send(pid: u32, signal: Signal) {
    kill_process(known(pid), signal).expect("the process is there");
}

/// Of a process that may be about to end by itself.
pub(crate) fn kill_if_there(pid: u32) {
    match kill_process(known(pid), Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => panic!("process {pid} cannot be killed: {error}"),
    }
}

/// The process above; of a postmaster that is its watchdog.
pub(crate) fn parent(pid: u32) -> u32 {
    told_by_ps(pid, "ppid=").parse().expect("a process id")
}

fn told_by_ps(pid: u32, what: &str) -> String {
    let output = std::process::Command::new("ps").args(["-o", what, "-p", &pid.to_string()]).output();
    String::from_utf8(output.expect("ps runs").stdout).expect("text").trim().to_owned()
}

/// The processes below.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let output = std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
    let output = String::from_utf8(output.expect("ps runs").stdout).expect("digits");
    let numbers = |line: &str| -> Option<(u32, u32)> {
        let (child, parent) = line.trim().split_once(char::is_whitespace)?;
        Some((child.parse().ok()?, parent.trim().parse().ok()?))
    };
    output.lines().filter_map(numbers).filter(|(_, parent)| *parent == pid).map(|(child, _)| child).collect()
}

fn known(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().expect("small")).expect("not zero")
}
