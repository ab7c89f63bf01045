//! How far a backfill is, for who watches, for the log, and for the bound on it.

use std::time::Duration;

use tokio::time::Instant;

use super::context::Context;
use super::job::{Job, Tally};
use super::report::Backfilled;
use super::table_size::{FEW_BATCHES, Size};
use crate::Backfill;
use crate::files::verb;
use crate::state::log::{Entry, State};

/// How often it is told, and logged, how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Course {
    backfill: Backfill,
    begun: Instant,
    told: Option<Instant>,
    pub(super) so_far: Backfilled,
    /// What its tables held at the beginning.
    pub(super) size: Option<Size>,
    takes_notes: bool,
}

impl Course {
    pub(super) fn new(backfill: Backfill, takes_notes: bool) -> Self {
        let so_far = Backfilled { rows: 0, batches: 0, took: Duration::ZERO, left: None };
        Self { backfill, begun: Instant::now(), told: None, so_far, size: None, takes_notes }
    }

    /// Whether the next batch is to be told of, and logged.
    pub(super) fn is_due(&self) -> bool {
        self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY)
    }

    pub(super) fn was_told(&mut self) {
        self.told = Some(Instant::now());
    }

    /// Whether it has had so many batches that another one that changes rows makes it endless.
    pub(super) fn is_over(&self) -> bool {
        let by_size = || self.size.map_or(FEW_BATCHES, |size| size.most_batches(self.backfill.batch));
        self.so_far.batches >= self.backfill.max_batches.unwrap_or_else(by_size)
    }

    /// Takes in a batch that is committed.
    pub(super) fn add(&mut self, rows: u64, job: &Job) {
        self.so_far.rows += rows;
        self.so_far.batches += 1;
        // What is inserted is not what was there.
        let counts_down = verb(&job.script().words_of(0)) != Some("insert");
        let size = self.size.filter(|_| counts_down);
        self.so_far.left = size.map(|size| size.changed.saturating_sub(self.so_far.rows));
    }

    /// Says of the file how far it is.
    pub(super) fn note(&mut self, tally: &mut Tally) {
        self.so_far.took = self.begun.elapsed();
        tally.backfilled = Some(self.so_far);
        tally.note = self.takes_notes.then(|| note(self.so_far.rows, self.so_far.batches));
    }

    /// The statement that logs a batch of so many rows together with those before.
    pub(super) fn entry(&self, context: &Context<'_>, job: &Job, tally: &Tally, rows: u64) -> String {
        let note = self.takes_notes.then(|| note(self.so_far.rows + rows, self.so_far.batches + 1));
        let entry = Entry::new(&context.run, &job.migration, job.direction, State::Running);
        let (started, attempts, note) = (tally.started.into(), tally.attempts, note.as_deref());
        Entry { has_batches: true, started, attempts, note, ..entry }.insert()
    }
}

fn note(rows: u64, batches: u64) -> String {
    format!("rows changed: {rows}, batches: {batches}")
}
