//! `postmaster.pid`: what a server says of itself.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::machine::process;

/// The lines of a `postmaster.pid` that matter here, in the order of PostgreSQL's `pidfile.h`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: u32,
    started: String,
    pub(crate) socket_directory: PathBuf,
    status: String,
    /// When the file was last written; `None` if that could not be told.
    written: Option<SystemTime>,
}

impl PidFile {
    /// Nothing if there is no such file, or if it is just being written.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        // Both of one file: a server that starts removes the file of an earlier one and makes its own.
        let mut file = File::open(data.join("postmaster.pid")).ok()?;
        let written = file.metadata().and_then(|about| about.modified()).ok();
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        Some(Self { written, ..Self::parse(&text)? })
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        Some(Self {
            pid: lines.first()?.parse().ok()?,
            started: (*lines.get(2)?).to_owned(),
            socket_directory: PathBuf::from(lines.get(4)?),
            status: lines.get(7).map(|status| status.trim().to_owned()).unwrap_or_default(),
            written: None,
        })
    }

    /// The file of a server that runs now: one left behind by a crash looks just the same.
    pub(crate) fn of_running(data: &Path) -> Option<Self> {
        Self::read(data).filter(|file| process::serves(file.pid, data))
    }

    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.status.as_str(), "ready" | "standby")
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.status == "stopping"
    }

    /// Whether the file is still as it was: nobody has written to it since.
    ///
    /// Process id and start, which is in seconds, do not tell: where process ids begin anew, as in a container, a server
    /// that starts again within a second has the same.
    pub(crate) fn is_untouched_since(&self, earlier: &Self) -> bool {
        self == earlier
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, thread, time::Duration};

    use super::*;

    const READY: &str = "4711\n/srv/data-15\n1700000000\n5432\n/srv/run-15\n\n  123456  7\nready   \n";

    #[test]
    fn a_ready_server_is_recognised() {
        let file = PidFile::parse(READY).expect("a whole file");
        assert_eq!((file.pid, file.is_ready()), (4711, true));
        assert_eq!(file.socket_directory, Path::new("/srv/run-15"));
    }

    #[test]
    fn a_file_that_is_being_written_is_no_answer_yet() {
        assert!(PidFile::parse("4711\n/srv/da").is_none());
        let file =
            PidFile::parse("4711\n/srv/data-15\n1700000000\n5432\n/srv/run-15\n\n").expect("enough lines");
        assert!(!file.is_ready() && !file.is_stopping());
    }

    #[test]
    fn a_file_that_is_replaced_meanwhile_is_read_as_one_of_the_two() {
        let directory = std::env::temp_dir().join(format!("pgkeel-pidfile-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let ready = |is_old: bool| {
            let made = directory.join("made");
            fs::write(&made, if is_old { READY.to_owned() } else { READY.replace("ready", "starting") })
                .unwrap();
            let written = if is_old { long_ago } else { long_ago + Duration::from_secs(1) };
            File::options().append(true).open(&made).unwrap().set_modified(written).unwrap();
            fs::rename(&made, directory.join("postmaster.pid")).unwrap();
        };
        ready(true);
        let mixed = thread::scope(|scope| {
            let replacing = scope.spawn(|| (0..5_000).for_each(|round| ready(round % 2 == 0)));
            let mut mixed = 0;
            while !replacing.is_finished() {
                let file = PidFile::read(&directory).unwrap();
                mixed += u32::from(file.is_ready() != (file.written == Some(long_ago)));
            }
            mixed
        });
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(mixed, 0);
    }
}
