//! Transactions and savepoints: handles that close when their level ends.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use pgkeel_connect::{Begin, Executor, ServerError, Transaction, TransactionStatus, TxOptions};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::held::Held;
use crate::{Error, Session};

/// An open transaction or savepoint.
///
/// [`commit`](Transaction::commit) and [`rollback`](Transaction::rollback) end it; dropping it rolls back. A handle
/// that outlives its transaction gives [`Error::TxClosed`].
#[derive(Debug)]
pub struct Tx {
    level: Arc<Level>,
}

/// One level of nesting: the transaction itself, or a savepoint in it.
#[derive(Debug)]
struct Level {
    root: Arc<Root>,
    parent: Option<Arc<Level>>,
    /// The savepoint's name; none for the transaction itself.
    savepoint: Option<String>,
    open: AtomicBool,
    in_flight: AtomicU32,
    /// The first error that the server reported on this level.
    first: Mutex<Option<ServerError>>,
}

/// What all levels share.
#[derive(Debug)]
struct Root {
    /// The session, until the transaction has ended.
    held: Mutex<Option<Arc<Held>>>,
    savepoints: AtomicU32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tx {
    /// Begins a transaction on a session.
    pub(crate) async fn begin(held: Arc<Held>, options: TxOptions) -> Result<Self, Error> {
        let root =
            Arc::new(Root { held: Mutex::new(Some(Arc::clone(&held))), savepoints: AtomicU32::new(0) });
        // Open before BEGIN goes out: if this future is dropped, the level's drop sends ROLLBACK behind it.
        let tx = Self { level: Level::open(root, None, None) };
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

    /// Runs a statement on this level, and remembers the first error.
    async fn run<T>(&self, statement: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let _in_flight = InFlight::of(&self.level.in_flight);
        let done = statement.await;
        if let Err(error) = &done
            && let Some(server) = error.server()
        {
            lock(&self.level.first).get_or_insert_with(|| server.clone());
        }
        done
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

/// Counts a statement while it runs.
struct InFlight<'a>(&'a AtomicU32);

impl<'a> InFlight<'a> {
    fn of(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Level {
    fn open(root: Arc<Root>, parent: Option<Arc<Level>>, savepoint: Option<String>) -> Arc<Self> {
        let (open, in_flight, first) = (AtomicBool::new(true), AtomicU32::new(0), Mutex::new(None));
        Arc::new(Self { root, parent, savepoint, open, in_flight, first })
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire) && self.parent.as_ref().is_none_or(|parent| parent.is_open())
    }

    fn held(&self) -> Result<Arc<Held>, Error> {
        let held = if self.is_open() { lock(&self.root.held).clone() } else { None };
        held.ok_or(Error::TxClosed)
    }

    /// Takes the right to end this level. The session leaves the transaction with its outermost level.
    fn close(&self) -> Result<Arc<Held>, Error> {
        let held = self.held()?;
        if !self.open.swap(false, Ordering::AcqRel) {
            return Err(Error::TxClosed);
        }
        if self.parent.is_none() {
            lock(&self.root.held).take();
        }
        Ok(held)
    }

    fn commit_sql(&self) -> String {
        self.savepoint.as_ref().map_or("COMMIT".into(), |name| format!("RELEASE SAVEPOINT {name}"))
    }

    /// A savepoint is released as well, or it would stay until the end of the transaction.
    fn rollback_sql(&self) -> String {
        let undo = |name| format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}");
        self.savepoint.as_ref().map_or("ROLLBACK".into(), undo)
    }

    /// Sends the rollback without waiting for its answer. Statements that follow queue up behind it.
    fn send_rollback(&self, held: &Held) {
        held.slot().unsettle();
        let _ = held.batch_execute(&self.rollback_sql()).now_or_never();
    }

    async fn commit(&self) -> Result<(), Error> {
        let held = self.close()?;
        if self.in_flight.load(Ordering::Acquire) > 0 {
            self.send_rollback(&held);
            return Err(Error::StatementInFlight);
        }
        let ending = Ending { level: self, held: &held, sends_rollback: true };
        let status = held.slot().settled_status().await?;
        ending.goes_on();
        match status {
            TransactionStatus::Open => self.send_commit(&held).await,
            TransactionStatus::Failed => {
                held.batch_execute(&self.rollback_sql()).await?;
                Err(Error::Aborted { first: lock(&self.first).take() })
            }
            TransactionStatus::Idle => Err(Error::NotInTransaction),
        }
    }

    async fn send_commit(&self, held: &Held) -> Result<(), Error> {
        match held.batch_execute(&self.commit_sql()).await {
            Err(Error::Statement(error)) if error.is_disconnected() && self.savepoint.is_none() => {
                Err(Error::CommitUnknown(error))
            }
            done => done,
        }
    }

    async fn rollback(&self) -> Result<(), Error> {
        let held = self.close()?;
        held.batch_execute(&self.rollback_sql()).await
    }
}

/// The time between taking the right to end a level and sending its end.
struct Ending<'a> {
    level: &'a Level,
    held: &'a Held,
    sends_rollback: bool,
}

impl Ending<'_> {
    fn goes_on(mut self) {
        self.sends_rollback = false;
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if self.sends_rollback {
            self.level.send_rollback(self.held);
        }
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        if let Ok(held) = self.close() {
            self.send_rollback(&held);
        }
    }
}

impl Executor for Tx {
    type Error = Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let held = self.level.held()?;
        self.run(held.query(sql, params)).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let held = self.level.held()?;
        self.run(held.execute(sql, params)).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        let held = self.level.held()?;
        self.run(held.batch_execute(sql)).await
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
        let root = &self.level.root;
        // Names never repeat within a transaction, so that none hides another.
        let name = format!("pgkeel_{}", root.savepoints.fetch_add(1, Ordering::Relaxed) + 1);
        let sql = format!("SAVEPOINT {name}");
        let tx = Tx { level: Level::open(Arc::clone(root), Some(Arc::clone(&self.level)), Some(name)) };
        held.batch_execute(&sql).await?;
        Ok(tx)
    }
}

/// A transaction on a borrowed [`Session`], which is free again when it ends.
#[derive(Debug)]
pub struct SessionTx<'s> {
    tx: Tx,
    session: PhantomData<&'s mut Session>,
}

impl<'s> SessionTx<'s> {
    pub(crate) fn new(tx: Tx, _: &'s mut Session) -> Self {
        Self { tx, session: PhantomData }
    }
}

impl Executor for SessionTx<'_> {
    type Error = Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.tx.query(sql, params).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        self.tx.execute(sql, params).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.tx.batch_execute(sql).await
    }
}

impl Transaction for SessionTx<'_> {
    async fn commit(self) -> Result<(), Error> {
        self.tx.commit().await
    }

    async fn rollback(self) -> Result<(), Error> {
        self.tx.rollback().await
    }
}

impl Begin for &SessionTx<'_> {
    type Tx = Tx;

    async fn begin_with(self, options: TxOptions) -> Result<Tx, Error> {
        (&self.tx).begin_with(options).await
    }
}
