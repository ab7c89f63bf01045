use pgkeel_connect::Ident;

use crate::Step;

/// What happens while a demo is prepared.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// What a process that was killed had left was dropped.
    Swept {
        /// The database's name.
        database: &'a Ident,
    },
    /// A step begins, or has come further.
    Progress(Progress),
}

/// How far the filling has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// Rows inserted, changed and deleted so far. Never less than before.
    pub done: u64,
    /// How many it will be in the end, within one in a hundred.
    pub total: u64,
}

impl Progress {
    /// In whole per cent, rounded down.
    #[must_use]
    pub fn percent(self) -> u64 {
        (self.done * 100).checked_div(self.total).unwrap_or(100)
    }
}
