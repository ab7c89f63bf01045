use std::time::Duration;

use crate::{LockHolder, Migration};

/// What one call applied.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The migrations that this call applied, in order. Those that others applied meanwhile are not among them.
    pub applied: Vec<Done>,
    /// How long all of it took, with connecting and waiting for others.
    pub took: Duration,
}

/// One migration that was applied.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Done {
    /// Which.
    pub migration: Migration,
    /// From before its BEGIN to after its COMMIT.
    pub took: Duration,
}

/// What happens while migrations are applied.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Somebody else is applying migrations, and is waited for. Told once.
    Waiting {
        /// Who, if it could be found out.
        holder: Option<&'a LockHolder>,
    },
    /// A migration is about to run.
    Applying {
        /// Which.
        migration: &'a Migration,
        /// Which of those that are pending, from 1.
        position: usize,
        /// How many were pending at the beginning.
        of: usize,
    },
    /// A migration was applied.
    Applied {
        /// Which.
        migration: &'a Migration,
        /// How long it took.
        took: Duration,
    },
}
