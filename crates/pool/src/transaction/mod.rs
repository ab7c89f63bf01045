//! Transactions and savepoints: handles that close when their level ends.

mod session;
mod stack;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pgkeel_connect::{Begin, Executor, Transaction, TransactionStatus, TxOptions};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

pub use self::session::SessionTx;
pub(crate) use self::stack::Statement;
use self::stack::{Id, Stack};
use crate::Error;
use crate::held::Held;

/// An open transaction or savepoint.
///
/// [`commit`](Transaction::commit) and [`rollback`](Transaction::rollback) end it; dropping it rolls back. While a
/// savepoint is open in it, only that can be used. A handle that outlives its transaction gives [`Error::TxClosed`].
#[derive(Debug)]
pub struct Tx {
    stack: Arc<Stack>,
    id: Id,
    /// Whether dropping this handle ends the level: not so for the one that a closure is given.
    owner: bool,
    /// Whether some handle to this level has committed it.
    committed: Arc<AtomicBool>,
}

impl Tx {
    /// Begins a transaction on a session.
    pub(crate) async fn begin(held: Arc<Held>, options: TxOptions) -> Result<Self, Error> {
        if held.settled_status().await? != TransactionStatus::Idle {
            return Err(Error::AlreadyInTransaction);
        }
        // Open before BEGIN goes out: if this future is dropped, the handle's drop sends ROLLBACK behind it.
        let tx = Self::owner(Stack::new(Arc::clone(&held)), 0);
        held.control(&options.to_string()).await?;
        Ok(tx)
    }

    fn owner(stack: Arc<Stack>, id: Id) -> Self {
        Self { stack, id, owner: true, committed: Arc::default() }
    }

    /// Begins a statement that ends when what is returned is dropped.
    pub(crate) fn enter(&self) -> Result<Statement<'_>, Error> {
        self.stack.enter(self.id)
    }

    /// A second handle to the same level, which does not end it.
    fn guest(&self) -> Self {
        let Self { stack, id, committed, .. } = self;
        Self { stack: Arc::clone(stack), id: *id, owner: false, committed: Arc::clone(committed) }
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

impl Drop for Tx {
    fn drop(&mut self) {
        if self.owner {
            self.stack.abandon(self.id);
        }
    }
}

/// Runs a closure with a transaction or savepoint and ends it as the closure says.
pub(crate) async fn run_in<T, E, F, Fut>(tx: Tx, run: F) -> Result<T, E>
where
    F: FnOnce(Tx) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<Error>,
{
    let committed = Arc::clone(&tx.committed);
    match run(tx.guest()).await {
        Ok(value) => match tx.commit().await {
            Err(Error::TxClosed) if committed.load(Ordering::Acquire) => Ok(value), // The closure did it itself.
            done => Ok(done.map(|()| value)?),
        },
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
        let statement = self.stack.enter(self.id)?;
        statement.run(statement.held.query(sql, params)).await
    }

    async fn query_opt(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, Error> {
        let statement = self.stack.enter(self.id)?;
        statement.run(statement.held.query_opt(sql, params)).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let statement = self.stack.enter(self.id)?;
        statement.run(statement.held.execute(sql, params)).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        let statement = self.stack.enter(self.id)?;
        statement.run(statement.held.batch_execute(sql)).await
    }
}

impl Transaction for Tx {
    async fn commit(self) -> Result<(), Error> {
        self.stack.commit(self.id).await?;
        self.committed.store(true, Ordering::Release);
        Ok(())
    }

    async fn rollback(self) -> Result<(), Error> {
        self.stack.rollback(self.id).await
    }
}

impl Begin for &Tx {
    type Tx = Tx;

    async fn begin_with(self, options: TxOptions) -> Result<Tx, Error> {
        options.check_savepoint()?;
        let (id, held, sql) = self.stack.savepoint(self.id)?;
        let tx = Tx::owner(Arc::clone(&self.stack), id);
        held.control(&sql).await?;
        Ok(tx)
    }
}
