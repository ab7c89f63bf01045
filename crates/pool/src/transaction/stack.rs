//! What is open: the transaction and the savepoints in it, innermost last. One lock orders everything that is sent.
//!
//! A statement is more than one message (prepare, then execute), and a level can end at any moment, from another task
//! even. So a statement is polled, and thereby sent, only under the lock and only while its level is the innermost;
//! and a level is closed under the same lock before its end is sent. Nothing of it can follow that.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use pgkeel_connect::{ServerError, TransactionStatus};

use crate::Error;
use crate::held::Held;

/// A level's number: 0 for the transaction itself, and one never used before for each savepoint, so that no name hides
/// another.
pub(super) type Id = u32;

const OUTERMOST: Id = 0;

/// The levels of one transaction, shared by all handles to them.
#[derive(Debug)]
pub(super) struct Stack(Mutex<Open>);

#[derive(Debug)]
struct Open {
    /// The session, until the outermost level has ended.
    held: Option<Arc<Held>>,
    levels: Vec<Level>,
    /// Savepoints made so far.
    savepoints: u32,
    /// Statements that were begun and have not come to their end.
    running: u32,
}

#[derive(Debug)]
struct Level {
    id: Id,
    /// Its end is being sent: it takes no more statements, and the level around it none yet.
    ending: bool,
    /// The first error that the server reported on it.
    first: Option<ServerError>,
}

impl Level {
    fn new(id: Id) -> Self {
        Self { id, ending: false, first: None }
    }
}

fn begin_sql(id: Id) -> String {
    format!("SAVEPOINT pgkeel_{id}")
}

fn commit_sql(id: Id) -> String {
    if id == OUTERMOST { "COMMIT".into() } else { format!("RELEASE SAVEPOINT pgkeel_{id}") }
}

/// A savepoint is released as well, or it would stay until the end of the transaction.
fn rollback_sql(id: Id) -> String {
    match id {
        OUTERMOST => "ROLLBACK".into(),
        id => format!("ROLLBACK TO SAVEPOINT pgkeel_{id}; RELEASE SAVEPOINT pgkeel_{id}"),
    }
}

impl Open {
    fn position(&self, id: Id) -> Option<usize> {
        self.levels.iter().position(|level| level.id == id && !level.ending)
    }

    /// The level, if it is the innermost: only that can be used.
    fn innermost(&mut self, id: Id) -> Result<(&mut Level, Arc<Held>), Error> {
        let position = self.position(id).ok_or(Error::TxClosed)?;
        let held = self.held.clone().ok_or(Error::TxClosed)?;
        if position + 1 < self.levels.len() {
            return Err(Error::SavepointOpen);
        }
        Ok((&mut self.levels[position], held))
    }

    /// Forgets the level and those in it.
    fn remove(&mut self, id: Id) {
        if let Some(position) = self.levels.iter().position(|level| level.id == id) {
            self.levels.truncate(position);
        }
        if self.levels.is_empty() {
            self.held = None;
        }
    }

    /// Ends the level, and those in it, by sending a rollback without waiting for its answer. Whatever is sent later
    /// queues up behind it.
    fn abandon(&mut self, id: Id) {
        if self.position(id).is_some()
            && let Some(held) = self.held.clone()
        {
            held.send(&rollback_sql(id));
            self.remove(id);
        }
    }
}

impl Stack {
    /// A transaction that is about to begin on this session.
    pub(super) fn new(held: Arc<Held>) -> Arc<Self> {
        let levels = vec![Level::new(OUTERMOST)];
        Arc::new(Self(Mutex::new(Open { held: Some(held), levels, savepoints: 0, running: 0 })))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a savepoint in this level.
    pub(super) fn savepoint(&self, parent: Id) -> Result<(Id, Arc<Held>, String), Error> {
        let mut open = self.lock();
        let (_, held) = open.innermost(parent)?;
        if open.running > 0 {
            return Err(Error::StatementRunning);
        }
        open.savepoints += 1;
        let id = open.savepoints;
        open.levels.push(Level::new(id));
        Ok((id, held, begin_sql(id)))
    }

    /// Begins a statement on this level.
    pub(super) fn enter(&self, id: Id) -> Result<Statement<'_>, Error> {
        let mut open = self.lock();
        let (_, held) = open.innermost(id)?;
        open.running += 1;
        Ok(Statement { stack: self, id, held })
    }

    /// Ends the level and those in it by a rollback, if it is open.
    pub(super) fn abandon(&self, id: Id) {
        self.lock().abandon(id);
    }

    /// Ends the level with what was done in it.
    pub(super) async fn commit(&self, id: Id) -> Result<(), Error> {
        let ending = self.end(id, true)?;
        match ending.held.settled_status().await? {
            TransactionStatus::Open => {
                ending.send(&commit_sql(id)).await.map_err(|error| in_doubt(error, id))
            }
            TransactionStatus::Failed => {
                let first = ending.first();
                ending.send(&rollback_sql(id)).await?;
                Err(Error::Aborted { first })
            }
            TransactionStatus::Idle => {
                ending.needs_no_rollback();
                Err(Error::NotInTransaction)
            }
        }
    }

    /// Ends the level, and those in it, without what was done in it.
    pub(super) async fn rollback(&self, id: Id) -> Result<(), Error> {
        self.end(id, false)?.send(&rollback_sql(id)).await
    }

    /// Takes the right to end a level. To keep it, it must be the innermost and have nothing under way.
    fn end(&self, id: Id, keeping: bool) -> Result<Ending<'_>, Error> {
        let mut open = self.lock();
        let position = open.position(id).ok_or(Error::TxClosed)?;
        let held = open.held.clone().ok_or(Error::TxClosed)?;
        let inner = position + 1 < open.levels.len();
        if keeping && (inner || open.running > 0) {
            open.abandon(id);
            return Err(if inner { Error::SavepointOpen } else { Error::StatementInFlight });
        }
        open.levels.truncate(position + 1);
        open.levels[position].ending = true;
        Ok(Ending { stack: self, id, held, unsent: true })
    }
}

/// Of a COMMIT that got no answer it is not known whether it was carried out.
fn in_doubt(error: Error, id: Id) -> Error {
    match error {
        Error::Statement(error) if error.is_disconnected() && id == OUTERMOST => Error::CommitUnknown(error),
        other => other,
    }
}

/// A statement on its way. Counted until it is dropped.
pub(crate) struct Statement<'a> {
    stack: &'a Stack,
    id: Id,
    pub(crate) held: Arc<Held>,
}

impl Statement<'_> {
    /// Runs it, as long as its level is open, and remembers the level's first error.
    pub(crate) async fn run<T>(&self, statement: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut statement = pin!(statement);
        poll_fn(|cx| {
            let mut open = self.stack.lock();
            let (level, _) = match open.innermost(self.id) {
                Ok(level) => level,
                Err(closed) => return Poll::Ready(Err(closed)),
            };
            let polled = statement.as_mut().poll(cx);
            if let Poll::Ready(Err(error)) = &polled
                && let Some(server) = error.server()
            {
                level.first.get_or_insert_with(|| server.clone());
            }
            polled
        })
        .await
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        self.stack.lock().running -= 1;
    }
}

/// A level between the decision to end it and the server's answer.
struct Ending<'a> {
    stack: &'a Stack,
    id: Id,
    held: Arc<Held>,
    /// Until its end was sent, dropping this sends a rollback.
    unsent: bool,
}

impl Ending<'_> {
    fn first(&self) -> Option<ServerError> {
        let mut open = self.stack.lock();
        open.levels.last_mut().and_then(|level| level.first.take())
    }

    fn needs_no_rollback(mut self) {
        self.unsent = false;
    }

    async fn send(mut self, sql: &str) -> Result<(), Error> {
        self.held.clear().await?;
        self.unsent = false; // The next poll sends, and nothing comes between this line and that.
        self.held.control(sql).await
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut open = self.stack.lock();
        if self.unsent {
            self.held.send(&rollback_sql(self.id));
        }
        open.remove(self.id);
    }
}
