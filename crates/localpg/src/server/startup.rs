//! Waiting until a server is ready, or has gone.

use std::{path::Path, time::Duration};

use crate::{
    Error,
    machine::wait,
    server::{log::Log, pidfile::PidFile},
};

/// Recovery after a crash replays at most the log since the last checkpoint, five minutes' worth by default.
pub(crate) const READY_BOUND: Duration = Duration::from_mins(1);

/// How long children of a killed postmaster are waited for: one may be busy, and so may the machine.
const REMAINS_BOUND: Duration = Duration::from_secs(30);

/// What the kernel says while children of a killed postmaster are still ending.
const SEGMENT_IN_USE: &str = "pre-existing shared memory block";

/// Waits for a server that was just started. `stale` is the file of an earlier run, which may look ready.
pub(crate) fn ready(
    data: &Path,
    stale: Option<&PidFile>,
    log: &Log,
    mut has_ended: impl FnMut() -> bool,
) -> Result<PidFile, Error> {
    let is_new = |file: &PidFile| stale.is_none_or(|stale| !file.is_untouched_since(stale));
    let answer = wait::until(READY_BOUND, || {
        let ended = has_ended(); // asked first: a server that becomes ready and then ends is seen either way
        let ready = PidFile::read(data).filter(|file| is_new(file) && file.is_ready());
        ready.map(Ok).or_else(|| ended.then_some(Err(())))
    });
    match answer {
        Some(Ok(file)) => Ok(file),
        Some(Err(())) => Err(Error::StartFailed { log: log.path().to_owned(), tail: log.tail() }),
        None => {
            let (log, tail) = (log.path().to_owned(), log.tail());
            Err(Error::StartTimeout { waited: READY_BOUND, log, tail })
        }
    }
}

/// Starts, and again while children of a killed postmaster keep its shared memory: they end by themselves as
/// soon as they notice, which takes milliseconds, or until the end of a long computation.
pub(crate) fn patiently<T>(mut start: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut last = None;
    let started = wait::until(REMAINS_BOUND, || match start() {
        Err(error) if has_remains(&error) => {
            last = Some(error);
            None
        }
        answer => Some(answer),
    });
    match (started, last) {
        (Some(answer), _) => answer,
        (None, Some(error)) => Err(error),
        (None, None) => start(),
    }
}

fn has_remains(error: &Error) -> bool {
    matches!(error, Error::StartFailed { tail, .. } if tail.contains(SEGMENT_IN_USE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(tail: &str) -> Error {
        Error::StartFailed { log: "log".into(), tail: tail.to_owned() }
    }

    #[test]
    fn only_the_remains_of_a_killed_server_are_waited_for() {
        let mut starts = 0;
        let answer = patiently(|| {
            starts += 1;
            if starts < 3 { Err(failure(SEGMENT_IN_USE)) } else { Ok(()) }
        });
        assert!(answer.is_ok() && starts == 3);
        starts = 0;
        let answer: Result<(), _> = patiently(|| {
            starts += 1;
            Err(failure("no space left on device"))
        });
        assert!(answer.is_err() && starts == 1);
    }
}
