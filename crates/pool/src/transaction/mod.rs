//! Transactions and savepoints: handles that close when their level ends.

mod level;
mod session;

use std::sync::Arc;

use pgkeel_connect::{Begin, Executor, Transaction, TxOptions};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use self::level::Level;
pub use self::session::SessionTx;
use crate::Error;
use crate::held::Held;

/// An open transaction or savepoint.
///
/// [`commit`](Transaction::commit) and [`rollback`](Transaction::rollback) end it; dropping it rolls back. A handle
/// that outlives its transaction gives [`Error::TxClosed`].
#[derive(Debug)]
pub struct Tx {
    level: Arc<Level>,
}

impl Tx {
    /// Begins a transaction on a session.
    pub(crate) async fn begin(held: Arc<Held>, options: TxOptions) -> Result<Self, Error> {
        // Open before BEGIN goes out: if this future is dropped, the level's drop sends ROLLBACK behind it.
        let tx = Self { level: Level::outermost(Arc::clone(&held)) };
        held.batch_execute(&options.to_string()).await?;
        Ok(tx)
    }

    /// A second handle to the same level.
    pub(crate) fn twin(&self) -> Self {
        Self { level: Arc::clone(&self.level) }
    }

    /// Runs `run` in a savepoint: `Ok` keeps what it did, `Err` undoes it. To any depth.
    ///
    /// # Errors
    /// What `run` returns, or why the savepoint could not be opened or kept.
    ///
    /// # Cancellation
    /// Dropping the future undoes what was done since the savepoint.
    pub async fn transaction<T, E, F, Fut>(&self, run: F) -> Result<T, E>
    where
        F: FnOnce(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        run_in(self.begin().await?, run).await
    }
}

/// Runs a closure with a transaction or savepoint and ends it as the closure says.
pub(crate) async fn run_in<T, E, F, Fut>(tx: Tx, run: F) -> Result<T, E>
where
    F: FnOnce(Tx) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<Error>,
{
    match run(tx.twin()).await {
        Ok(value) => {
            tx.commit().await?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = tx.rollback().await {
                tracing::debug!(error = %rollback, "a rollback failed; the session is closed instead");
            }
            Err(error)
        }
    }
}

impl Executor for Tx {
    type Error = Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let held = self.level.held()?;
        self.level.run(held.query(sql, params)).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let held = self.level.held()?;
        self.level.run(held.execute(sql, params)).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        let held = self.level.held()?;
        self.level.run(held.batch_execute(sql)).await
    }
}

impl Transaction for Tx {
    async fn commit(self) -> Result<(), Error> {
        self.level.commit().await
    }

    async fn rollback(self) -> Result<(), Error> {
        self.level.rollback().await
    }
}

impl Begin for &Tx {
    type Tx = Tx;

    async fn begin_with(self, options: TxOptions) -> Result<Tx, Error> {
        options.check_savepoint()?;
        let held = self.level.held()?;
        let (level, sql) = self.level.savepoint();
        let tx = Tx { level };
        held.batch_execute(&sql).await?;
        Ok(tx)
    }
}
