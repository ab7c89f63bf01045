/// Why a version came to be applied or reverted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its file was run.
    Run,
    /// Somebody said which statement comes next.
    Repair,
    /// The database had it before it had a history.
    Baseline,
    /// Somebody said so.
    Mark,
    /// Another tool had applied it.
    Import,
}

impl Cause {
    /// As the log has it, where the file was not run; else that names the kind of file.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Run => None,
            Self::Repair => Some("repair"),
            Self::Baseline => Some("baseline"),
            Self::Mark => Some("mark"),
            Self::Import => Some("import"),
        }
    }
}
