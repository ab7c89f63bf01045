//! The FIFO by which processes share a server: who holds its write end keeps the server alive.
//!
//! Its end of file cannot be taken back, so to join is a question and an answer: the newcomer opens the write
//! end, sends a token, and is in once the watchdog has answered it. Then the watchdog has read the FIFO while
//! the newcomer held it, so that it cannot see the end of file before the newcomer lets go.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
};

use crate::{Error, machine::random};

/// A watchdog answers within a millisecond; a machine that swaps may take seconds.
const ANSWER_BOUND: Duration = Duration::from_secs(10);

/// The write end of the FIFO.
#[derive(Debug)]
pub(crate) struct Hold {
    fifo: File,
}

impl Hold {
    /// Whether a watchdog still reads: it stops as soon as its server has gone.
    pub(crate) fn is_watched(&self) -> bool {
        !has_no_reader(&self.fifo)
    }
}

/// What came of trying to join.
#[derive(Debug)]
pub(crate) enum Joined {
    /// The server stays until this is dropped.
    Held(Hold),
    /// Nobody reads the FIFO: no watchdog is there, or it is ending its server.
    NobodyReads,
    /// Somebody has the FIFO open for reading and does not answer.
    NoAnswer,
}

/// Where the FIFO is, in the directory that the watchdog watches.
pub(crate) fn fifo(directory: &Path) -> PathBuf {
    directory.join("holders")
}

/// Joins the server of a directory.
pub(crate) fn join(directory: &Path) -> Result<Joined, Error> {
    let path = fifo(directory);
    let mut file = match write_end(&path) {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(Joined::NobodyReads),
        Err(error) => return Err(Error::io("open", path)(error)),
    };
    let token = random::hex::<8>()?;
    if file.write_all(format!("{token}\n").as_bytes()).is_err() {
        return Ok(Joined::NobodyReads); // it had one, at the moment of opening
    }
    let answer = directory.join(format!("ack.{token}"));
    let begun = Instant::now();
    while begun.elapsed() < ANSWER_BOUND {
        if answer.exists() {
            let _ = fs::remove_file(answer); // what stays is removed at the next start
            return Ok(Joined::Held(Hold { fifo: file }));
        }
        if has_no_reader(&file) {
            return Ok(Joined::NobodyReads);
        }
    }
    Ok(Joined::NoAnswer)
}

/// Opens both ends of a FIFO that nobody has yet; the read end is for the watchdog.
pub(crate) fn both_ends(directory: &Path) -> Result<(File, Hold), Error> {
    let path = fifo(directory);
    let opened = || {
        // Without NONBLOCK each of the two would wait for the other.
        let read = OpenOptions::new().read(true).custom_flags(flags()).open(&path)?;
        let write = write_end(&path)?;
        rustix::fs::fcntl_setfl(&read, OFlags::empty())?; // the shell wants to wait
        Ok((read, Hold { fifo: write }))
    };
    opened().map_err(Error::io("open", &path))
}

fn write_end(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).custom_flags(flags()).open(path)?;
    if file.metadata()?.file_type().is_fifo() { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
}

fn flags() -> i32 {
    (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().try_into().unwrap_or_default()
}

/// No FIFO at all, or one without a reader.
fn is_absence(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error())
}

/// Waits for a moment too, so that the caller need not sleep.
fn has_no_reader(file: &File) -> bool {
    let moment = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    let mut asked = [PollFd::new(file, PollFlags::empty())]; // errors are reported without being asked for
    poll(&mut asked, Some(&moment)).is_ok() && asked[0].revents().contains(PollFlags::ERR)
}
