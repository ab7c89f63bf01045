use std::time::Duration;

use pgkeel_connect::ServerError;

use crate::{Blocker, Direction, LockHolder, Migration};

/// What one call did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The migrations that this call applied or reverted, in its order. Those that others applied meanwhile are not
    /// among them.
    pub done: Vec<Done>,
    /// How long all of it took, with connecting and waiting for others.
    pub took: Duration,
    /// Whether nothing of it stays, as it was a dry run.
    pub is_dry_run: bool,
}

/// One migration that was applied or reverted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Done {
    /// Which.
    pub migration: Migration,
    /// Which way.
    pub direction: Direction,
    /// How many statements its file has.
    pub statements: usize,
    /// Whether they ran one by one, each by itself.
    pub outside_transaction: bool,
    /// From before its first BEGIN to after its COMMIT.
    pub took: Duration,
    /// Of that, how long others were in the way: attempts that failed, the pauses behind them, and in the last attempt
    /// waits for locks, to about 0.1 s.
    pub lock_wait: Duration,
    /// How often it was tried, itself or one of its statements; 1 if it went well at once.
    pub attempts: u32,
    /// What the batches of a backfill came to in this call; `None` for all else.
    pub backfilled: Option<Backfilled>,
}

/// How far a backfill is. Calls before this one that were stopped do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backfilled {
    /// How many rows its statement has changed, as the server counts them.
    pub rows: u64,
    /// In how many batches.
    pub batches: u64,
    /// How long that took, with pauses.
    pub took: Duration,
    /// How many rows of the tables that it changes are left at most, by an estimate from when it began: no more than
    /// they had, less those that are done. `None` if that says nothing, as for INSERT.
    pub left: Option<u64>,
}

impl Backfilled {
    /// Its speed.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a speed needs no more digits")]
    pub fn rows_per_second(&self) -> f64 {
        self.rows as f64 / self.took.as_secs_f64().max(1e-3)
    }
}

/// How far the server is with building an index (`pg_stat_progress_create_index`).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IndexProgress {
    /// What it is doing, in its words.
    pub phase: String,
    /// How much of this phase is done, from 0 to 1, if the server counts it.
    pub part: Option<f64>,
}

/// What happens while migrations are applied or reverted.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Somebody else is applying migrations, and is waited for. Told once.
    Waiting {
        /// Who, if it could be found out.
        holder: Option<&'a LockHolder>,
    },
    /// A file is about to run.
    Begun {
        /// Of which migration.
        migration: &'a Migration,
        /// Which way.
        direction: Direction,
        /// Which of those that this call runs, from 1.
        position: usize,
        /// How many these are.
        of: usize,
        /// How many of its statements have run already, in a call that was stopped.
        done: usize,
    },
    /// A statement waits for a lock. Told again when others hold it.
    Blocked {
        /// Of which migration.
        migration: &'a Migration,
        /// Who holds it.
        blockers: &'a [Blocker],
    },
    /// A lock was not had in time, or others were in the way: it is tried again after a pause.
    Retrying {
        /// Of which migration.
        migration: &'a Migration,
        /// How often it has been tried.
        attempts: u32,
        /// How long the pause is.
        pause: Duration,
        /// Who held the lock when it was last looked, if that was seen.
        blockers: &'a [Blocker],
    },
    /// A repeatable lacks something that another one may make: it is tried again behind the others.
    PutOff {
        /// Which.
        migration: &'a Migration,
        /// What the server said.
        lacks: &'a ServerError,
    },
    /// What a failed CREATE INDEX CONCURRENTLY left is dropped, before the index is built again.
    Repairing {
        /// Of which migration.
        migration: &'a Migration,
        /// The index, with its schema.
        index: &'a str,
    },
    /// An index is being built.
    Building {
        /// Of which migration.
        migration: &'a Migration,
        /// How far it is.
        progress: &'a IndexProgress,
    },
    /// A backfill has changed rows: told of its first batch, and then once a second at most.
    Backfilling {
        /// Of which migration.
        migration: &'a Migration,
        /// How far it is.
        so_far: &'a Backfilled,
    },
    /// A file has run.
    Done(&'a Done),
}

impl<'a> Event<'a> {
    /// Which migration it is about, if it is about one.
    #[must_use]
    pub fn migration(&self) -> Option<&'a Migration> {
        match self {
            Self::Waiting { .. } => None,
            Self::Begun { migration, .. }
            | Self::Blocked { migration, .. }
            | Self::Retrying { migration, .. }
            | Self::PutOff { migration, .. }
            | Self::Repairing { migration, .. }
            | Self::Building { migration, .. }
            | Self::Backfilling { migration, .. } => Some(migration),
            Self::Done(done) => Some(&done.migration),
        }
    }
}
