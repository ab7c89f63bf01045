//! One set of PostgreSQL binaries.

use std::{
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

/// The major versions this crate knows how to run.
pub(crate) const SUPPORTED: RangeInclusive<u32> = 14..=18;

/// A directory with `initdb` and `postgres`, and what `postgres --version` says there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    bindir: PathBuf,
    version: Version,
}

impl Installation {
    pub(crate) fn new(bindir: PathBuf, version: Version) -> Self {
        Self { bindir, version }
    }

    /// The directory of the binaries.
    #[must_use]
    pub fn bindir(&self) -> &Path {
        &self.bindir
    }

    /// The version of its `postgres`.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.version
    }

    pub(crate) fn is_supported(&self) -> bool {
        SUPPORTED.contains(&self.version.major())
    }

    #[cfg(unix)]
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bindir.join(name)
    }
}

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.version, self.bindir.display())
    }
}

/// A PostgreSQL version as its binaries name it, such as `15.18 (Debian 15.18-0+deb12u1)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    major: u32,
    text: String,
}

impl Version {
    /// The number that decides about data directories: 15 of `15.18`, 9 of the old `9.6.1`.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Understands the line that `postgres --version` prints, wherever it stands in the output.
    pub(crate) fn parse(output: &str) -> Option<Self> {
        let text = output.lines().find_map(|line| line.split_once("(PostgreSQL) "))?.1.trim();
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        Some(Self { major: digits.parse().ok()?, text: text.to_owned() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_is_read_from_every_style_of_version() {
        let major = |line: &str| Version::parse(line).map(|version| version.major());
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("a warning first\npostgres (PostgreSQL) 9.6.1"), Some(9));
        assert_eq!(major("postgres (EnterpriseDB)"), None);
    }

    #[test]
    fn the_whole_version_is_shown() {
        let version = Version::parse("postgres (PostgreSQL) 17.2 (Homebrew)").expect("a version");
        assert_eq!(version.to_string(), "17.2 (Homebrew)");
    }
}
