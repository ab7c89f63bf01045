//! The first line of a file that was made from another tool's: which file that was, and its checksum. So the history can
//! be taken over wherever the new files are, without the old ones.

use std::fmt;

use super::Tool;
use crate::Migration;

/// Where a file came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) tool: Tool,
    /// The tool's own version, as its table has it.
    pub(super) version: String,
    /// Of the tool's file, as its table has it, if it has any; refinery's has several forms.
    pub(super) checksums: Vec<String>,
    /// The tool's file.
    pub(super) file: String,
}

const MARK: &str = "-- imported from ";

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}: version={}", self.tool, self.version)?;
        self.checksums.iter().try_for_each(|checksum| write!(f, " checksum={checksum}"))?;
        // A line has to stay one.
        write!(f, " file={}", self.file.replace(char::is_control, "?"))
    }
}

impl Origin {
    /// What the file says of it in its first line.
    pub(super) fn of(migration: &Migration) -> Option<Self> {
        Self::read(migration.sql().lines().next()?)
    }

    fn read(line: &str) -> Option<Self> {
        let (tool, mut rest) = line.strip_prefix(MARK)?.split_once(": ")?;
        let mut origin = Self {
            tool: tool.parse().ok()?,
            version: String::new(),
            checksums: Vec::new(),
            file: String::new(),
        };
        loop {
            if let Some(file) = rest.strip_prefix("file=") {
                file.clone_into(&mut origin.file);
                return Some(origin);
            }
            let (pair, behind) = rest.split_once(' ')?;
            match pair.split_once('=')? {
                ("version", version) => version.clone_into(&mut origin.version),
                ("checksum", checksum) => origin.checksums.push(checksum.to_owned()),
                _ => return None,
            }
            rest = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back() {
        let origin = Origin {
            tool: Tool::Flyway,
            version: "1.2".into(),
            checksums: vec!["-7".into(), "8".into()],
            file: "sub/V1.2__add users file=x.sql".into(),
        };
        assert_eq!(Origin::read(&origin.to_string()).as_ref(), Some(&origin));
        let lines = Origin { file: "a\nselect 1".into(), ..origin };
        assert!(!lines.to_string().contains('\n'));
        for other in
            ["", "-- imported from mars: version=1 file=a", "-- imported from flyway: V1", "select 1"]
        {
            assert_eq!(Origin::read(other), None, "{other}");
        }
    }
}
