//! A level of a transaction: open until it is ended, and then for no handle any more.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use pgkeel_connect::{ServerError, TransactionStatus};

use crate::Error;
use crate::held::Held;

/// One level of nesting: the transaction itself, or a savepoint in it.
#[derive(Debug)]
pub(super) struct Level {
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
    /// The transaction itself.
    pub(super) fn outermost(held: Arc<Held>) -> Arc<Self> {
        let root = Root { held: Mutex::new(Some(held)), savepoints: AtomicU32::new(0) };
        Self::open(Arc::new(root), None, None)
    }

    /// A savepoint in this level, and the statement that makes it.
    pub(super) fn savepoint(self: &Arc<Self>) -> (Arc<Self>, String) {
        // Names never repeat within a transaction, so that none hides another.
        let number = self.root.savepoints.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("pgkeel_{number}");
        let sql = format!("SAVEPOINT {name}");
        (Self::open(Arc::clone(&self.root), Some(Arc::clone(self)), Some(name)), sql)
    }

    fn open(root: Arc<Root>, parent: Option<Arc<Level>>, savepoint: Option<String>) -> Arc<Self> {
        let (open, in_flight, first) = (AtomicBool::new(true), AtomicU32::new(0), Mutex::new(None));
        Arc::new(Self { root, parent, savepoint, open, in_flight, first })
    }

    /// Runs a statement on this level, and remembers the first error.
    pub(super) async fn run<T>(&self, statement: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let _in_flight = InFlight::of(&self.in_flight);
        let done = statement.await;
        if let Err(error) = &done
            && let Some(server) = error.server()
        {
            lock(&self.first).get_or_insert_with(|| server.clone());
        }
        done
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire) && self.parent.as_ref().is_none_or(|parent| parent.is_open())
    }

    pub(super) fn held(&self) -> Result<Arc<Held>, Error> {
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

    pub(super) async fn commit(&self) -> Result<(), Error> {
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

    pub(super) async fn rollback(&self) -> Result<(), Error> {
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
