use std::fmt;

/// What sort of migration one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `V<version>__<name>.sql`: applied once, in the order of versions.
    Versioned,
    /// A function of the program, in the order of versions ([`Code`](crate::Code)).
    Code,
    /// `B<version>__<name>.sql`: applied to an empty database in place of all files that it lists
    /// ([`Directives::squashes`](crate::Directives::squashes)), and nowhere else.
    Checkpoint,
    /// `R__<name>.sql`: applied behind all versioned ones, and again whenever its text has changed. Programs that have
    /// different texts of one apply theirs in turn, each when it migrates.
    Repeatable,
    /// `before_run.sql` or `after_run.sql`: runs with each call that applies or reverts something.
    Hook,
}

impl Kind {
    /// Whether it has a place among the versions, and a row in the history; a checkpoint has one for each version that it
    /// lists.
    #[must_use]
    pub fn has_version(self) -> bool {
        match self {
            Self::Versioned | Self::Code | Self::Checkpoint => true,
            Self::Repeatable | Self::Hook => false,
        }
    }
}

/// As in the log.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Versioned => "versioned",
            Self::Code => "code",
            Self::Checkpoint => "checkpoint",
            Self::Repeatable => "repeatable",
            Self::Hook => "hook",
        })
    }
}
