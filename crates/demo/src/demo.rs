use std::fmt;

use pgkeel_connect::Config;
use tokio::task::JoinHandle;

use crate::Target;
use crate::keeper;
use crate::lease::Lease;
use crate::mark::Contents;

/// A demo that is whole, and ours for as long as this lives: no other process can take it up.
///
/// That is a lock on a connection of its own, which is opened again when it is lost.
pub struct Demo {
    target: Target,
    connect: Config,
    contents: Contents,
    is_used_again: bool,
    keeper: JoinHandle<()>,
}

impl Demo {
    pub(crate) fn new(
        server: &Config,
        target: &Target,
        lease: Lease,
        contents: Contents,
        is_used_again: bool,
    ) -> Self {
        let keeper = tokio::spawn(keeper::keep(server.clone(), target.clone(), lease));
        Self { target: target.clone(), connect: target.connect(server), contents, is_used_again, keeper }
    }

    /// How to connect to its database.
    #[must_use]
    pub fn connect(&self) -> &Config {
        &self.connect
    }

    /// How many rows it had when it was filled.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.contents.rows
    }

    /// The day on which it was filled, by the server's clock in UTC, as in `2025-06-11`. Its newest rows are of that day.
    #[must_use]
    pub fn filled_on(&self) -> &str {
        &self.contents.day
    }

    /// Whether an earlier process filled it.
    #[must_use]
    pub fn is_used_again(&self) -> bool {
        self.is_used_again
    }
}

/// Its database, and what is in it.
impl fmt::Display for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} rows of {}", self.target, self.rows(), self.filled_on())
    }
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo")
            .field("connect", &self.connect)
            .field("contents", &self.contents)
            .field("is_used_again", &self.is_used_again)
            .finish_non_exhaustive()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}
