//! The file that takes all a server prints.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Enough to see what went wrong; a start prints about eight lines.
const TAIL_LINES: usize = 20;

/// A server log, looked at from where one start begins.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    path: PathBuf,
    begin: u64,
}

impl Log {
    /// The log as it is now: what stands in it already belongs to earlier starts.
    pub(crate) fn from_here(path: &Path) -> Self {
        let begin = fs::metadata(path).map_or(0, |seen| seen.len());
        Self { path: path.to_owned(), begin }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The last lines since then.
    pub(crate) fn tail(&self) -> String {
        let text = self.since().unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    fn since(&self) -> std::io::Result<String> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.begin))?;
        let mut bytes = Vec::new();
        file.take(1 << 20).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn lines_of_earlier_starts_are_left_out() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("log");
        let mut file = File::create(&path).expect("a file");
        writeln!(file, "old").expect("written");
        let log = Log::from_here(&path);
        for number in 0..30 {
            writeln!(file, "new {number}").expect("written");
        }
        let tail = log.tail();
        assert!(tail.starts_with("new 10") && tail.ends_with("new 29"), "{tail}");
    }
}
