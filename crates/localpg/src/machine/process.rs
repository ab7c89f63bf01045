//! Looking at other processes, and signalling them.

use std::{
    fs,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Stdio},
};

pub(crate) use rustix::process::Signal;
use rustix::process::{Pid, kill_process, kill_process_group, test_kill_process};

/// Whether a process is alive and is the server of a data directory, and not somebody who got its number.
pub(crate) fn serves(pid: u32, data: &Path) -> bool {
    let Some(process) = known(pid) else { return false };
    if test_kill_process(process) == Err(rustix::io::Errno::SRCH) {
        return false;
    }
    // The postmaster keeps its command line, which we wrote; that of one that is just ending is empty already.
    let data = data.as_os_str().as_bytes();
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) if line.is_empty() => is_ending(pid),
        Ok(line) => line.split(|byte| *byte == 0).any(|argument| argument == data),
        Err(_) if Path::new("/proc/self").exists() => false,
        Err(_) => told_by_ps(&["-o", "args=", "-p", &pid.to_string()])
            .is_none_or(|line| line.as_bytes().windows(data.len()).any(|part| part == data)),
    }
}

/// Whether a process has given up its memory, but not yet the rest of what it holds.
fn is_ending(pid: u32) -> bool {
    /// `PF_EXITING` of Linux' `sched.h`, a bit of the ninth field of `/proc/PID/stat`.
    const EXITING: u64 = 4;
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let mut fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default().split_whitespace();
    let state = fields.next().unwrap_or("X");
    let flags: u64 = fields.nth(5).and_then(|flags| flags.parse().ok()).unwrap_or(0);
    !state.starts_with(['Z', 'X']) && flags & EXITING != 0
}

/// Whether a process has ended and its parent has not taken note, so that its number is not free yet.
pub(crate) fn is_uncollected(pid: u32) -> bool {
    let state = match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.rsplit_once(')').map(|(_, rest)| rest.trim_start().to_owned()),
        Err(_) if Path::new("/proc/self").exists() => None,
        Err(_) => told_by_ps(&["-o", "stat=", "-p", &pid.to_string()]),
    };
    state.is_some_and(|state| state.starts_with('Z'))
}

/// Sends a signal; that the process has gone meanwhile is no error.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(process) = known(pid) {
        let _ = kill_process(process, signal);
    }
}

/// As [`signal`], to a whole group; its number is that of its first process.
pub(crate) fn signal_group(pid: u32, signal: Signal) {
    if let Some(process) = known(pid) {
        let _ = kill_process_group(process, signal);
    }
}

/// The direct children of a process. PostgreSQL gives each a session of its own, so that no group signal
/// reaches them all.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    if Path::new("/proc/self/stat").exists() {
        return all_in_proc().filter(|pid| parent_in_proc(*pid) == Some(parent)).collect();
    }
    let listed = told_by_ps(&["-A", "-o", "pid=", "-o", "ppid="]).unwrap_or_default();
    let pairs = listed.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    });
    pairs.filter(|(_, above)| *above == parent).map(|(pid, _)| pid).collect()
}

fn all_in_proc() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The fourth field of `stat`; the second is a name in brackets that may hold blanks and brackets itself.
fn parent_in_proc(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn told_by_ps(arguments: &[&str]) -> Option<String> {
    let output = Command::new("ps").args(arguments).stdin(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn known(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_that_is_no_server_of_the_directory_does_not_count() {
        assert!(!serves(std::process::id(), Path::new("/no/such/data-15")));
    }

    #[test]
    fn children_are_found_by_their_parent() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep runs");
        assert!(children(std::process::id()).contains(&child.id()));
        assert!(!is_uncollected(child.id()));
        child.kill().expect("killed");
        let seen = crate::machine::wait::until(std::time::Duration::from_secs(30), || {
            is_uncollected(child.id()).then_some(())
        });
        assert!(seen.is_some(), "nobody has waited for it yet");
        child.wait().expect("gone");
        assert!(!is_uncollected(child.id()));
    }
}
