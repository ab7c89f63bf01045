//! What stays the same while a call runs files, and what it logs of them.

use std::time::Duration;

use pgkeel_connect::{Executor as _, TransactionStatus};

use super::failure::FileError;
use super::job::{Job, Tally};
use super::lock::Lock;
use super::session::{Limits, Session};
use super::turn;
use crate::state::log::{Entry, RunId, Started, State, Trouble};
use crate::{Error, Step};

/// What stays the same while a call runs files.
pub(crate) struct Context<'a> {
    pub(crate) session: &'a Session,
    pub(crate) lock: Lock,
    pub(crate) limits: Limits,
    pub(crate) run: RunId,
    /// Whether a pooler gives this session to others between our transactions.
    pub(crate) is_shared: bool,
}

impl Context<'_> {
    fn entry<'a>(&'a self, job: &'a Job, state: State) -> Entry<'a> {
        Entry::new(&self.run, &job.migration, job.direction, state)
    }

    /// What is logged when a file is begun.
    pub(super) fn running<'a>(&'a self, job: &'a Job) -> Entry<'a> {
        Entry { done: job.done, has_batches: job.has_batches, ..self.entry(job, State::Running) }
    }

    /// The statement that logs the good end of a file.
    pub(crate) fn last_entry(&self, job: &Job, tally: &Tally, waited: Duration) -> String {
        let done = job.script().len();
        let entry = Entry { done, lock_wait: tally.lost + waited, ..self.entry(job, State::Ok) };
        let (started, attempts, note) = (tally.started.into(), tally.attempts, tally.note.as_deref());
        Entry { started, attempts, note, ..entry }.insert()
    }

    /// What is logged of the good end of a file to which nothing happened on the way.
    pub(super) fn flown<'a>(&'a self, job: &'a Job) -> Entry<'a> {
        let started = Started::WithTransaction;
        Entry { done: job.script().len(), started, ..self.entry(job, State::Ok) }
    }

    /// The statement that logs how far a file has come.
    pub(crate) fn entry_at(&self, job: &Job, tally: &Tally, done: usize) -> String {
        let (started, attempts) = (tally.started.into(), tally.attempts);
        Entry { done, started, attempts, ..self.entry(job, State::Running) }.insert()
    }

    pub(super) async fn log(&self, job: &Job, tally: &Tally, error: &FileError) {
        let is_outside = job.script().directives().outside_transaction;
        let state = if is_outside { State::Interrupted } else { State::Failed };
        let server = error.reason.server().cloned();
        let message = server.as_ref().map_or_else(|| error.reason.to_string(), ToString::to_string);
        let entry = Entry {
            done: tally.done,
            has_batches: job.has_batches || tally.backfilled.is_some_and(|so_far| so_far.batches > 0),
            note: tally.note.as_deref(),
            started: tally.started.into(),
            attempts: tally.attempts,
            lock_wait: tally.lost,
            trouble: Some(Trouble { server, message, at: error.at }),
            ..self.entry(job, state)
        };
        if let Err(error) = self.write_afresh(&entry).await {
            tracing::warn!(%error, "a failed migration could not be logged");
        }
    }

    /// Whatever the file has left of the session.
    async fn write_afresh(&self, entry: &Entry<'_>) -> Result<(), Error> {
        let connection = &self.session.connection;
        if self.is_shared {
            return turn::write(self.session, &entry.insert()).await;
        }
        if connection.transaction_status() != TransactionStatus::Idle {
            self.session.step(Step::Log, connection.batch_execute("rollback")).await?;
        }
        self.session.renew(self.limits).await?;
        entry.write(self.session).await?;
        Ok(())
    }
}
