use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use pgkeel_crypto::{KeyId, Vault};

use super::cells::key_of;
use super::inspect::Target;
use super::job::Job;
use super::patience::Patience;
use super::progress::Progress;
use super::publish;
use super::state;
use super::worker::Worker;
use super::{RotationProblem, RotationStatus, SealedColumn, Step};
use crate::{Error, Executor};

/// Seals all values of a column anew that are not sealed as they would be now: under the vault's primary key, by the column's suite.
///
/// Each call of [`run`](Self::run) is one worker. Run several, in one program or many, to be faster: they share the table in ranges of
/// its primary key. What they know of each other is in the tables of [`MIGRATIONS`](super::MIGRATIONS), so a worker can be killed at
/// any moment: another one goes on where it was.
///
/// ```
/// use pgkeel_crypto::Vault;
/// use pgkeel_query::rotation::{self, Rotation, RotationState};
/// use pgkeel_query::{Error, Executor};
///
/// async fn rotate(db: &impl Executor, vault: &Vault) -> Result<(), Error> {
///     for column in rotation::published(db).await? {
///         let ended = Rotation::new(vault, &column).rows_per_second(5_000).run(db, |_| {}).await?;
///         assert_eq!(ended.state, RotationState::Finished);
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
#[must_use = "a rotation is run by `run`"]
pub struct Rotation<'a> {
    pub(super) vault: &'a Vault,
    pub(super) column: &'a SealedColumn,
    pub(super) owner: String,
    pub(super) most_rows: u32,
    pub(super) range_rows: u32,
    pub(super) rate: Option<NonZeroU32>,
    pub(super) lock_timeout: Duration,
    pub(super) lease: Duration,
    pub(super) patience: Duration,
    pub(super) longest_pause: Duration,
    pub(super) most_failures: u64,
}

impl<'a> Rotation<'a> {
    /// Of this column, with what its builder has by default.
    pub fn new(vault: &'a Vault, column: &'a SealedColumn) -> Self {
        Self {
            vault,
            column,
            owner: format!("process {}", std::process::id()),
            most_rows: 1_000,
            range_rows: 20_000,
            rate: None,
            lock_timeout: Duration::from_millis(50),
            lease: Duration::from_secs(30),
            patience: Duration::from_mins(1),
            longest_pause: Duration::from_hours(1),
            most_failures: 10_000,
        }
    }

    /// Who works, for people who look into the tables: by default `process` and its number.
    pub fn owner(self, name: impl Into<String>) -> Self {
        Self { owner: name.into(), ..self }
    }

    /// At most so many rows at once: 1 to 10,000, by default 1,000. Batches begin with 64 rows and become larger while they take less
    /// than 20 ms to write, smaller if they take more than 40 ms, have more than 8 MiB, or meet locks or time limits.
    pub fn most_rows(self, rows: u32) -> Self {
        Self { most_rows: rows.clamp(1, 10_000), ..self }
    }

    /// Ranges of so many rows: 100 to 1,000,000, by default 20,000. A worker that is killed leaves one behind.
    pub fn range_rows(self, rows: u32) -> Self {
        Self { range_rows: rows.clamp(100, 1_000_000), ..self }
    }

    /// Seals no more than so many rows per second anew, at least 1; by default as many as it can. Of one worker, not of all.
    pub fn rows_per_second(self, rows: u32) -> Self {
        Self { rate: NonZeroU32::new(rows.max(1)), ..self }
    }

    /// Waits no longer for a row that somebody else has locked: 1 ms to 10 s, by default 50 ms. Meanwhile the rows of the batch that
    /// come before it are locked, and each row is waited for anew. Then the batch is tried again with half as many rows. For a lock of
    /// the whole table is waited until the session's own limit, or for as long as the [patience](Self::patience) is; nothing is locked
    /// then.
    pub fn lock_timeout(self, timeout: Duration) -> Self {
        let lock_timeout = timeout.clamp(Duration::from_millis(1), Duration::from_secs(10));
        Self { lock_timeout, ..self }
    }

    /// A worker that has not been heard of for so long loses its range to another one: 100 ms to 1 h, by default 30 s. It is heard of
    /// after each batch.
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease: lease.clamp(Duration::from_millis(100), Duration::from_hours(1)), ..self }
    }

    /// Tries a step again that fails for a cause that may pass, for at most so long: locks, time limits, deadlocks, a server that
    /// restarts, a connection that is lost. By default 60 s, up to an hour. A pool has another connection then; a single connection
    /// has not. So long, and at least 1 s, an answer is waited for.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience: patience.min(Duration::from_hours(1)), ..self }
    }

    /// Waits no longer while the rotation is paused: by default an hour.
    pub fn longest_pause(self, pause: Duration) -> Self {
        Self { longest_pause: pause, ..self }
    }

    /// Ends with an error when this worker has met so many rows that do not open: by default 10,000. Fewer are told of in the table
    /// `pgkeel.rotation_failure`, and left as they are.
    pub fn most_failures(self, rows: u64) -> Self {
        Self { most_failures: rows, ..self }
    }

    /// Works until the rotation has ended, by this worker or others, and returns what all have done. `observe` is told after each
    /// batch of this worker. A rotation of this column to the same key that is under way is joined.
    ///
    /// Values are changed by plain updates, so triggers of the table fire.
    ///
    /// # Errors
    /// [`Error::Rotation`]: if the table is not as the column says, or the column is not published as it is; if a rotation to another
    /// key is under way, or the vault's primary key changes; if too many rows do not open; and with what the executor says, once
    /// the worker's patience is over. Whatever it is, `run` can be called again, and goes on where it was.
    ///
    /// # Cancellation
    /// Dropping the future leaves at most one statement under way, which is carried out wholly or not at all. The range that was
    /// worked on is free again when the lease is over.
    pub async fn run(
        &self,
        db: &impl Executor,
        observe: impl Fn(&Progress) + Sync,
    ) -> Result<RotationStatus, Error> {
        let (mut patience, (_, to_key)) = (Patience::new(self.patience), self.header());
        let target = patience.until(Step::Inspect, || Target::of(self.column, db)).await?;
        target.check_writable()?;
        let number = patience.until(Step::Published, || publish::number(db, self.column, &target)).await?;
        let column = (number, self.column.to_string());
        let job = patience.until(Step::Open, || Job::open(db, &column, to_key, &self.owner)).await?;
        let worker = Worker { rotation: self, db, target: &target, job, observe: &observe };
        worker.work().await?;
        let ended = state::status(db, Some(job.id)).await?;
        Ok(ended.into_iter().next().ok_or(RotationProblem::NoRotation { id: job.id })?)
    }

    /// What is sealed now begins with, and its key.
    pub(super) fn header(&self) -> ([u8; 8], KeyId) {
        let header = self.vault.prefix_of(&self.column.spec);
        (header, key_of(&header).expect("a header names its key"))
    }
}

impl fmt::Debug for Rotation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotation").field("column", self.column).finish_non_exhaustive()
    }
}
