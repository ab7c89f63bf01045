//! How callers run them.

use std::panic::Location;

use pgkeel_connect::TxOptions;

use super::{Answer, Answers, Batch};
use crate::held::Held;
use crate::{Error, Pool, Session, SessionTx, Tx, acquire};

impl Pool {
    /// Runs a batch on a session that is held for it: each statement is a transaction of its own, and one that fails
    /// leaves the others be.
    ///
    /// # Errors
    /// Of the whole: no session, [`Error::InBatch`] if a statement cannot be prepared; then none was run. Of each
    /// statement: in the [`Answers`].
    ///
    /// # Cancellation
    /// Dropping the future cancels the statement that is under way. Those sent behind it, at most 255, may be run all the
    /// same.
    #[track_caller]
    pub fn run_batch(&self, batch: &Batch) -> impl Future<Output = Result<Answers, Error>> + Send {
        let site = Some(Location::caller());
        async move { acquire::acquire(&self.core, site).await?.run_batch(batch, site).await }
    }

    /// Runs a batch as one transaction in one round trip, BEGIN and COMMIT included; two, if statements have to be
    /// prepared first. No statement may begin or end a transaction.
    ///
    /// # Errors
    /// [`Error::InBatch`] with the first statement that failed, or an error of COMMIT: nothing was committed.
    /// [`Error::CommitUnknown`] if the connection was lost. [`Error::TransactionControl`], and whatever keeps the pool
    /// from giving a session: nothing was run. [`Error::NotBegun`] if BEGIN alone failed, for which an administrator has
    /// to cancel just that.
    ///
    /// # Cancellation
    /// Dropping the future leaves a transaction that is committed as a whole or not at all.
    #[track_caller]
    pub fn transaction_batch(
        &self,
        batch: &Batch,
    ) -> impl Future<Output = Result<Vec<Answer>, Error>> + Send {
        self.transaction_batch_with(TxOptions::new(), batch)
    }

    /// The same with an isolation level and other options.
    ///
    /// # Errors
    /// As [`transaction_batch`](Self::transaction_batch).
    ///
    /// # Cancellation
    /// As [`transaction_batch`](Self::transaction_batch).
    #[track_caller]
    pub fn transaction_batch_with(
        &self,
        options: TxOptions,
        batch: &Batch,
    ) -> impl Future<Output = Result<Vec<Answer>, Error>> + Send {
        let site = Some(Location::caller());
        async move {
            let held: Held = acquire::acquire(&self.core, site).await?;
            held.run_transaction(options, batch, site).await
        }
    }
}

impl Session {
    /// Runs a batch: each statement is a transaction of its own, and one that fails leaves the others be.
    ///
    /// # Errors
    /// As [`Pool::run_batch`].
    ///
    /// # Cancellation
    /// As [`Pool::run_batch`].
    #[track_caller]
    pub fn run_batch(&self, batch: &Batch) -> impl Future<Output = Result<Answers, Error>> + Send {
        self.held.run_batch(batch, Some(Location::caller()))
    }
}

impl Tx {
    /// Runs a batch in the transaction, which fails with the first statement that does.
    ///
    /// # Errors
    /// As [`Pool::run_batch`].
    ///
    /// # Cancellation
    /// Dropping the future fails the transaction.
    #[track_caller]
    pub fn run_batch(&self, batch: &Batch) -> impl Future<Output = Result<Answers, Error>> + Send {
        let site = Some(Location::caller());
        async move {
            let texts: Vec<&str> = batch.statements.iter().map(|item| &*item.sql).collect();
            let level = self.enter(texts.join("; "))?;
            let answers = level.run_in_parts(level.held.run_batch(batch, site)).await?;
            level.note_first(answers.iter().find_map(|answer| answer.as_ref().err()));
            Ok(answers)
        }
    }
}

impl SessionTx<'_> {
    /// Runs a batch in the transaction, which fails with the first statement that does.
    ///
    /// # Errors
    /// As [`Pool::run_batch`].
    ///
    /// # Cancellation
    /// As [`Tx::run_batch`].
    #[track_caller]
    pub fn run_batch(&self, batch: &Batch) -> impl Future<Output = Result<Answers, Error>> + Send {
        self.tx.run_batch(batch)
    }
}
