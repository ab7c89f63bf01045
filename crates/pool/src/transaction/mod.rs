//! Transactions and savepoints: handles that close when their level ends.

mod session;
mod request;
mod plan;
mod stack;
mod statement;
mod sent;
mod ending;
mod cause;
mod actions;
mod traced;
mod identity;
mod doubt;

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pgkeel_connect::{Begin, Transaction, TransactionStatus, TxOptions};

pub(crate) use self::identity::Identity;
pub(crate) use self::plan::Plan;
pub use self::request::RequestTx;
pub use self::session::SessionTx;
pub(crate) use self::stack::{End, Stack};
use self::stack::{Id, OUTERMOST};
pub(crate) use self::statement::Statement;
use crate::Error;
use crate::held::Held;
use crate::outcome::Outcome;
use crate::query::Query;

/// An open transaction or savepoint.
///
/// BEGIN, or SAVEPOINT, is sent together with the first statement, so it costs no round trip, and what runs no statement
/// sends nothing. [`commit`](Transaction::commit) and [`rollback`](Transaction::rollback) end it; dropping it rolls back.
/// While a savepoint is open in it, only that can be used. A handle that outlives its transaction gives
/// [`Error::TxClosed`].
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
    /// A transaction on a session, which begins with its first statement.
    pub(crate) async fn begin(held: Arc<Held>, plan: Plan) -> Result<Self, Error> {
        if held.settled_status().await? != TransactionStatus::Idle {
            return Err(Error::AlreadyInTransaction);
        }
        Ok(Self::owner(Stack::new(held, plan), OUTERMOST))
    }

    fn owner(stack: Arc<Stack>, id: Id) -> Self {
        Self { stack, id, owner: true, committed: Arc::default() }
    }

    pub(crate) async fn run<T: Outcome>(&self, query: Query<'_>) -> Result<T, Error> {
        let statement = self.enter(query.sql)?;
        let is_one_message = query.typed.is_some() && statement.held.slot().unnamed.is_none();
        let run = pin!(statement.held.run(query));
        if is_one_message { statement.run(run).await } else { statement.run_prepared(run).await }
    }

    pub(crate) async fn run_text(&self, query: Query<'_>) -> Result<(), Error> {
        let statement = self.enter(query.sql)?;
        statement.run(pin!(statement.held.run_text(query))).await
    }

    /// Begins a statement that ends when what is returned is dropped.
    pub(crate) fn enter<'a>(&'a self, sql: impl Into<Cow<'a, str>>) -> Result<Statement<'a>, Error> {
        self.stack.enter(self.id, sql.into())
    }

    /// A second handle to the same level, which does not end it.
    pub(crate) fn guest(&self) -> Self {
        let Self { stack, id, committed, .. } = self;
        Self { stack: Arc::clone(stack), id: *id, owner: false, committed: Arc::clone(committed) }
    }

    pub(crate) fn stack(&self) -> &Arc<Stack> {
        &self.stack
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

    /// Has `action` run once everything is committed, in the order of asking: to tell others of it, or to forget what a
    /// cache has. What needs to wait may spawn a task.
    ///
    /// Of a savepoint or transaction that is rolled back it is dropped instead. If the answer to COMMIT is lost it runs
    /// only if it is found out that the server did commit ([`TxOptions::resolve_commit`]), never after
    /// [`Error::CommitUnknown`]. It runs before the commit returns; if it panics, so does the commit, which is done by
    /// then, and the actions behind it are not run.
    ///
    /// ```no_run
    /// use pgkeel_pool::{Error, Executor as _, Pool};
    ///
    /// # async fn example(pool: Pool, news: tokio::sync::mpsc::UnboundedSender<i64>) -> Result<(), Error> {
    /// pool.transaction(|tx| async move {
    ///     let id: i64 = tx.query_scalar("insert into orders default values returning id", &[]).await?;
    ///     tx.after_commit(move || drop(news.send(id)))
    /// })
    /// .await
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::TxClosed`].
    pub fn after_commit(&self, action: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        self.stack.after_commit(self.id, action)
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
    let returned = run(tx.guest()).await;
    end_as(tx, returned).await?.map_err(E::from)
}

/// Ends a transaction as its closure says. The closure's error comes outside, the commit's inside.
pub(crate) async fn end_as<T, E>(tx: Tx, returned: Result<T, E>) -> Result<Result<T, Error>, E> {
    let committed = Arc::clone(&tx.committed);
    match returned {
        Ok(value) => match tx.commit().await {
            Err(Error::TxClosed) if committed.load(Ordering::Acquire) => Ok(Ok(value)), // The closure did it itself.
            done => Ok(done.map(|()| value)),
        },
        Err(error) => {
            if let Err(rollback) = tx.rollback().await {
                tracing::debug!(error = %rollback, "a rollback failed; the session is closed instead");
            }
            Err(error)
        }
    }
}

impl Transaction for Tx {
    async fn commit(self) -> Result<(), Error> {
        let actions = self.stack.commit(self.id).await?;
        self.committed.store(true, Ordering::Release);
        actions.run();
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
        Ok(Tx::owner(Arc::clone(&self.stack), self.stack.savepoint(self.id)?))
    }
}
