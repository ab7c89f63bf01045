//! One file to run, and how that goes.

use std::time::{Duration, SystemTime};

use crate::files::Script;
use crate::{Backfilled, Direction, Migration};

/// One file to run.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) migration: Migration,
    pub(crate) direction: Direction,
    /// How many of its statements have taken effect in a call that was stopped.
    pub(crate) done: usize,
    /// Whether the one after these may have, too.
    pub(crate) is_unsure: bool,
    /// Whether batches of a backfill have.
    pub(crate) has_batches: bool,
}

impl Job {
    /// For what is run whole or not at all.
    pub(crate) fn whole(migration: &Migration) -> Self {
        Self {
            migration: migration.clone(),
            direction: Direction::Up,
            done: 0,
            is_unsure: false,
            has_batches: false,
        }
    }

    /// Only files that are there become jobs.
    pub(crate) fn script(&self) -> &Script {
        match self.direction {
            Direction::Up => self.migration.up(),
            Direction::Down => self.migration.down().expect("a migration without a way back is refused"),
        }
    }
}

impl Tally {
    /// Of a file that has not been tried in this call.
    pub(crate) fn of(job: &Job) -> Self {
        let (attempts, lost) = (1, Duration::ZERO);
        Self { started: None, attempts, lost, done: job.done, backfilled: None, note: None }
    }
}

/// How it went so far with a file.
#[derive(Debug)]
pub(crate) struct Tally {
    /// When the file was begun, by the server's clock, once that is known.
    pub(crate) started: Option<SystemTime>,
    pub(crate) attempts: u32,
    /// What attempts that failed and the pauses behind them took.
    pub(crate) lost: Duration,
    /// How many statements stay.
    pub(crate) done: usize,
    /// How far it is, if it is a backfill.
    pub(crate) backfilled: Option<Backfilled>,
    /// The same for the log, if that has a place for it.
    pub(crate) note: Option<String>,
}
