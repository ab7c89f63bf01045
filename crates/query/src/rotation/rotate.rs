use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use pgkeel_connect::Ident;
use pgkeel_crypto::{KeyId, Vault};
use tokio::time::timeout;

use super::batch::index_key;
use super::cells::key_of;
use super::inspect::Target;
use super::job::Job;
use super::patience::{PATIENCE, Patience};
use super::plan::Plan;
use super::progress::Progress;
use super::publish;
use super::rate::Rate;
use super::state;
use super::task::Task;
use super::worker::Worker;
use super::{RotationProblem, RotationStatus, SealedColumn, SealedIndex, Step};
use crate::{Error, Executor};

/// How long a worker tries to cancel a rotation that cannot end.
const CANCELLING: Duration = Duration::from_secs(1);

/// Work on all rows of a sealed column, while the application goes on: by default its values are sealed anew that are not sealed as they
/// would be now, under the vault's primary key, by the column's suite. [`of_index`](Self::of_index), [`adopting`](Self::adopting) and
/// [`clearing`](Self::clearing) do other things in the same way.
///
/// Rows of the table's partitions, and of tables that inherit from it, are gone through with it; also those of the same key.
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
    task: Task<'a>,
    pub(super) owner: String,
    pub(super) most_rows: u32,
    pub(super) range_rows: u32,
    pub(super) rate: Option<Arc<Rate>>,
    pub(super) lock_timeout: Duration,
    pub(super) lease: Duration,
    pub(super) patience: Duration,
    pub(super) longest_pause: Duration,
    pub(super) most_failures: u64,
}

impl<'a> Rotation<'a> {
    /// Seals its values anew, with what its builder has by default.
    pub fn new(vault: &'a Vault, column: &'a SealedColumn) -> Self {
        Self::with(vault, column, Task::Reseal)
    }

    /// Makes this index of the column what it is under the primary key of indexes; where nothing is sealed it becomes NULL. Which key
    /// a value of an index was made under cannot be told from it. So each pass goes over all rows, opens them, and writes where the index
    /// has something else: nothing at all, the value under another key, or that of an earlier value of the row's.
    ///
    /// For an index that is not unique, its column may be rewritten in place, as lookups ask for all keys
    /// ([`Vault::lookup`]). A unique one needs a [second column](super#to-rotate-the-key-of-a-unique-index): if it has values under
    /// another key that the vault has, that is [`RotationProblem::UniqueInPlace`], and the rotation is cancelled. So that nothing is
    /// written then, its first pass only looks at the values that there are; one that is written meanwhile is met by a later pass.
    pub fn of_index(vault: &'a Vault, column: &'a SealedColumn, index: &'a SealedIndex) -> Self {
        Self::with(vault, column, Task::Reindex(index))
    }

    /// Seals what a plaintext column of the same table has, where nothing is sealed yet, and fills the column's indexes, under the primary
    /// keys. A row that anything is changed of meanwhile is left for the next pass. The plaintext column is of the type that the sealed
    /// values are of: `text` or `varchar`, `bytea`, an integer, `json` or `jsonb`, `uuid`, `timestamptz`, `numeric`, `bool`, `date`.
    /// Plaintext is in no parameter of a statement.
    ///
    /// ```
    /// use pgkeel_crypto::Vault;
    /// use pgkeel_query::rotation::{self, Rotation, SealedColumn};
    /// use pgkeel_query::{Error, Executor, Ident};
    ///
    /// async fn adopt(db: &impl Executor, vault: &Vault, column: &SealedColumn, plaintext: &Ident) -> Result<(), Error> {
    ///     Rotation::adopting(vault, column, plaintext).run(db, |_| {}).await?;
    ///     let left = rotation::adoption(db, column, plaintext).await?;
    ///     println!("{} of {} rows have plaintext alone", left.unsealed, left.plaintext);
    ///     Ok(())
    /// }
    /// ```
    pub fn adopting(vault: &'a Vault, column: &'a SealedColumn, plaintext: &'a Ident) -> Self {
        Self::with(vault, column, Task::Adopt(plaintext))
    }

    /// Sets a plaintext column to NULL, where the sealed one opens to the same value, byte for byte. Documents and decimal numbers are
    /// compared as the server writes them. Rows that have something else sealed are told of as
    /// [`Differs`](super::FailureClass::Differs); rows that have nothing sealed are left for [`adopting`](Self::adopting).
    pub fn clearing(vault: &'a Vault, column: &'a SealedColumn, plaintext: &'a Ident) -> Self {
        Self::with(vault, column, Task::Clear(plaintext))
    }

    fn with(vault: &'a Vault, column: &'a SealedColumn, task: Task<'a>) -> Self {
        Self {
            vault,
            column,
            task,
            owner: format!("process {}", std::process::id()),
            most_rows: 1_000,
            range_rows: 20_000,
            rate: None,
            lock_timeout: Duration::from_millis(50),
            lease: Duration::from_secs(30),
            patience: PATIENCE,
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

    /// Goes through no more than so many rows per second, at least 1; by default as many as it can. This value and those that are cloned of
    /// it share them: a worker that is idle leaves its part to the others. They are to be fewer than these rows.
    pub fn rows_per_second(self, rows: u32) -> Self {
        let rate = NonZeroU32::new(rows).unwrap_or(NonZeroU32::MIN);
        Self { rate: Some(Arc::new(Rate::new(rate))), ..self }
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
    /// key, or of another kind, is under way, or the vault's primary key changes; if too many rows do not open; and with what the executor says, once
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
        let (mut patience, (_, to_key)) = (Patience::new(self.patience), self.current()?);
        let target = patience.until(Step::Inspect, || Target::of(self.column, db)).await?;
        let plan = patience.until(Step::Inspect, || Plan::of(self.task, self.column, &target, db)).await?;
        let published = || publish::number(db, self.column, plan.indexes(), &target);
        let number = patience.until(Step::Published, published).await?;
        let column = (number, self.column.to_string());
        let opening = || Job::open(db, &column, self.task, to_key, &self.owner);
        let job = patience.until(Step::Open, opening).await?;
        let worker = Worker { rotation: self, db, target: &target, plan: &plan, job, observe: &observe };
        let done = worker.work().await;
        if let Err(RotationProblem::UniqueInPlace { .. }) = done {
            // It could never end, and would keep others from the column until somebody cancels it.
            let _ = timeout(CANCELLING, state::cancel(db, job.id)).await;
        }
        done?;
        patience.renew();
        Ok(patience.until(Step::Look, || state::status(db, job.id)).await?)
    }

    /// What is sealed now begins with, and the key that this is about.
    pub(super) fn current(&self) -> Result<([u8; 8], KeyId), RotationProblem> {
        let header = self.vault.prefix_of(&self.column.spec);
        let key = match self.task {
            Task::Reindex(_) => {
                index_key(self.vault).ok_or(RotationProblem::NotSealed(pgkeel_crypto::Error::NoIndexKey))?
            }
            Task::Reseal | Task::Adopt(_) | Task::Clear(_) => {
                key_of(&header).expect("a header names its key")
            }
        };
        Ok((header, key))
    }
}

impl fmt::Debug for Rotation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotation")
            .field("task", &self.task.kind())
            .field("column", self.column)
            .finish_non_exhaustive()
    }
}
