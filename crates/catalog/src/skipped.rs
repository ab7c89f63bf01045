use std::fmt;

/// A fact, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a fact is there or it is not")]
pub enum Reading<T> {
    /// It was read.
    Known(T),
    /// It cannot be read here.
    Skipped(Skipped),
}

impl<T> Reading<T> {
    /// The fact, if there is one.
    #[must_use]
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Skipped(_) => None,
        }
    }

    /// Why there is none.
    #[must_use]
    pub fn skipped(&self) -> Option<&Skipped> {
        match self {
            Self::Known(_) => None,
            Self::Skipped(skipped) => Some(skipped),
        }
    }
}

/// Why something is not shown, and what would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Why.
    pub reason: Reason,
    /// What somebody with the right to do it can do, in one line; it may name the role and database of the session.
    pub remedy: String,
}

impl Skipped {
    pub(crate) fn new(reason: Reason, remedy: impl Into<String>) -> Self {
        Self { reason, remedy: remedy.into() }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; to mend it: {}", self.reason, self.remedy)
    }
}

/// The reasons for which something is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The extension was not created in this database.
    ExtensionMissing,
    /// The extension's library was not loaded when the server started.
    LibraryNotLoaded,
    /// The role may not see it.
    NoPrivilege,
    /// This major version of PostgreSQL does not have it.
    ServerTooOld,
}

impl Reason {
    /// One fixed word for answers and logs.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::ExtensionMissing => "extension_missing",
            Self::LibraryNotLoaded => "library_not_loaded",
            Self::NoPrivilege => "no_privilege",
            Self::ServerTooOld => "server_too_old",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExtensionMissing => "the extension is not in this database",
            Self::LibraryNotLoaded => "the extension's library is not loaded",
            Self::NoPrivilege => "the role may not see it",
            Self::ServerTooOld => "this version of PostgreSQL does not have it",
        })
    }
}
