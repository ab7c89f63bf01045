/// Why a version came to be applied or reverted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its file was run.
    Versioned,
    /// Somebody said which statement comes next.
    Repair,
    /// The database had it before it had a history.
    Baseline,
    /// Somebody said so.
    Mark,
    /// Another tool had applied it.
    Import,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Versioned => "versioned",
            Self::Repair => "repair",
            Self::Baseline => "baseline",
            Self::Mark => "mark",
            Self::Import => "import",
        }
    }
}
