//! What is open: the transaction and the savepoints in it, innermost last. One lock orders everything that is sent.
//!
//! A statement is more than one message (prepare, then execute), and a level can end at any moment, from another task
//! even. So a statement is polled, and thereby sent, only under the lock and only while its level is the innermost;
//! and a level is closed under the same lock before its end is sent. Nothing of it can follow that.
//!
//! BEGIN and SAVEPOINT wait for a statement to travel with (`statement.rs`), so a level without any sends nothing.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use pgkeel_connect::Error as Refusal;
use tokio_postgres::error::SqlState;

use super::actions::Actions;
use super::cause;
use super::ending::Ending;
use super::plan::Plan;
use super::sent::Sent;
use super::statement::Statement;
use super::traced::Number;
use crate::Error;
use crate::held::Held;

/// A level's number: 0 for the transaction itself, and one never used before for each savepoint, so that no name hides
/// another.
pub(super) type Id = u32;

pub(super) const OUTERMOST: Id = 0;

/// The levels of one transaction, shared by all handles to them.
#[derive(Debug)]
pub(crate) struct Stack(Mutex<Open>);

#[derive(Debug)]
pub(super) struct Open {
    /// The session, until the outermost level has ended.
    pub(super) held: Option<Arc<Held>>,
    pub(super) plan: Plan,
    pub(super) levels: Vec<Level>,
    /// Savepoints made so far.
    savepoints: u32,
    /// Statements that were begun and have not come to their end.
    pub(super) running: u32,
    /// What was sent with them.
    pub(super) sent: Sent,
    /// Those who wait for the answers.
    pub(super) listeners: Vec<Waker>,
    /// The transaction's number at the server.
    pub(super) number: Number,
    /// How many milliseconds the server was last told to work on one statement, at most.
    pub(super) statement_timeout: Option<u64>,
    pub(super) end: End,
    /// Whether it was to write and had got to a standby.
    misplaced: bool,
    /// What went wrong first, of a transaction that has ended.
    cause: Option<Refusal>,
    /// Why it ended, if it could not be begun.
    pub(super) not_begun: Option<Refusal>,
}

/// How far the end of the whole transaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Whatever happens, it has had no effect.
    NotCommitted,
    /// COMMIT has gone out, and what became of it may never be known.
    InDoubt,
    Committed,
}

#[derive(Debug)]
pub(super) struct Level {
    pub(super) id: Id,
    /// Whether its opening was sent.
    pub(super) opened: bool,
    /// Its end is being sent: it takes no more statements, and the level around it none yet.
    ending: bool,
    /// The first thing that went wrong on it.
    pub(super) first: Option<Refusal>,
    pub(super) actions: Actions,
}

impl Level {
    fn new(id: Id) -> Self {
        Self { id, opened: false, ending: false, first: None, actions: Actions::default() }
    }
}

/// A savepoint is released as well, or it would stay until the end of the transaction.
pub(super) fn rollback_sql(id: Id) -> String {
    match id {
        OUTERMOST => "ROLLBACK".into(),
        id => format!("ROLLBACK TO SAVEPOINT pgkeel_{id}; RELEASE SAVEPOINT pgkeel_{id}"),
    }
}

impl Open {
    fn position(&self, id: Id) -> Option<usize> {
        self.levels.iter().position(|level| level.id == id && !level.ending)
    }

    /// The session, if the level is the innermost: only that can be used.
    pub(super) fn innermost(&self, id: Id) -> Result<&Arc<Held>, Error> {
        let position = self.position(id).ok_or(Error::TxClosed)?;
        let held = self.held.as_ref().ok_or(Error::TxClosed)?;
        if position + 1 < self.levels.len() {
            return Err(Error::SavepointOpen);
        }
        Ok(held)
    }

    /// The same for a statement that is under way: its transaction may have turned out not to have begun.
    pub(super) fn still_innermost(&self, id: Id) -> Result<(), Error> {
        let Err(closed) = self.innermost(id) else { return Ok(()) };
        let refused = self.not_begun.as_ref().and_then(cause::copy);
        Err(refused.map_or(closed, |source| Error::NotBegun { source }))
    }

    /// Remembers the first thing that goes wrong on a level.
    pub(super) fn note(&mut self, id: Id, error: &Error) {
        let (Error::Statement(error)
        | Error::NotBegun { source: error }
        | Error::InBatch { source: error, .. }) = error
        else {
            return;
        };
        if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
            self.leave_standby();
        }
        if let Some(level) = self.levels.iter_mut().find(|level| level.id == id)
            && level.first.is_none()
        {
            level.first = cause::copy(error);
        }
    }

    /// A session that was to write, and whose server turned out to be a standby, is of no use.
    fn leave_standby(&mut self) {
        if let Some(held) = &self.held
            && !self.plan.options.is_read_only()
            && held.connection().parameter("in_hot_standby").as_deref() == Some("on")
        {
            held.invalidate();
            self.misplaced = true;
        }
    }

    /// Forgets the level and those in it. What is to be done after the commit is handed to the level around it, if there
    /// is one, else returned.
    pub(super) fn remove(&mut self, id: Id, kept: bool) -> Actions {
        let Some(position) = self.levels.iter().position(|level| level.id == id) else {
            return Actions::default();
        };
        let mut ended = self.levels.split_off(position);
        if !kept {
            self.statement_timeout = None; // What was told in a savepoint is undone with it.
        }
        let actions = if kept { std::mem::take(&mut ended[0].actions) } else { Actions::default() };
        let Some(around) = self.levels.last_mut() else {
            self.cause = ended.iter_mut().find_map(|level| level.first.take());
            self.held = None;
            self.sent.clear();
            return actions;
        };
        around.actions.append(actions);
        if around.first.is_none() {
            around.first = cause::left_of(&mut ended);
        }
        Actions::default()
    }

    /// Ends the level, and those in it, by sending a rollback without waiting for its answer. Whatever is sent later
    /// queues up behind it.
    pub(super) fn abandon(&mut self, id: Id) {
        let Some(position) = self.position(id) else { return };
        if let Some(held) = self.held.clone() {
            if self.levels[position].opened {
                held.send(&rollback_sql(id));
            }
            self.remove(id, false);
        }
    }
}

impl Stack {
    /// A transaction that is to begin on this session with its first statement.
    pub(super) fn new(held: Arc<Held>, plan: Plan) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Open {
            number: Number::of(held.connection(), plan),
            held: Some(held),
            plan,
            levels: vec![Level::new(OUTERMOST)],
            savepoints: 0,
            running: 0,
            sent: Sent::default(),
            listeners: Vec::new(),
            statement_timeout: None,
            end: End::NotCommitted,
            misplaced: false,
            cause: None,
            not_begun: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a savepoint in this level.
    pub(super) fn savepoint(&self, parent: Id) -> Result<Id, Error> {
        let mut open = self.lock();
        open.innermost(parent)?;
        if open.running > 0 {
            return Err(Error::StatementRunning);
        }
        open.savepoints += 1;
        let id = open.savepoints;
        open.levels.push(Level::new(id));
        Ok(id)
    }

    /// Begins a statement on this level.
    pub(super) fn enter<'a>(&'a self, id: Id, sql: Cow<'a, str>) -> Result<Statement<'a>, Error> {
        let mut open = self.lock();
        let held = Arc::clone(open.innermost(id)?);
        open.running += 1;
        Ok(Statement::new(self, id, held, sql))
    }

    /// Has this done once all is committed.
    pub(super) fn after_commit(&self, id: Id, action: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let mut open = self.lock();
        let position = open.position(id).ok_or(Error::TxClosed)?;
        open.levels[position].actions.push(action);
        Ok(())
    }

    /// Ends the level and those in it by a rollback, if it is open.
    pub(super) fn abandon(&self, id: Id) {
        self.lock().abandon(id);
    }

    /// Ends the level with what was done in it. Returns what is to be done now that all is committed.
    pub(super) async fn commit(&self, id: Id) -> Result<Actions, Error> {
        let ending = self.end(id, true)?;
        let done = ending.commit().await;
        if let Err(error) = &done {
            self.lock().note_end(error);
        }
        done
    }

    /// Ends the level, and those in it, without what was done in it.
    pub(super) async fn rollback(&self, id: Id) -> Result<(), Error> {
        self.end(id, false)?.rollback().await
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
        let level = &mut open.levels[position];
        level.ending = true;
        Ok(Ending::new(self, id, held, level.opened))
    }

    /// How far its end has come.
    pub(crate) fn how_far(&self) -> End {
        self.lock().end
    }

    /// Whether it was to write and had got to a standby: another session may lead to the primary.
    pub(crate) fn is_misplaced(&self) -> bool {
        self.lock().misplaced
    }

    /// What went wrong first in a transaction that had no effect.
    pub(crate) fn cause(&self) -> Option<Refusal> {
        let open = self.lock();
        let first = open.cause.as_ref().or_else(|| open.levels.first()?.first.as_ref());
        first.and_then(cause::copy).filter(|_| open.end == End::NotCommitted)
    }
}

impl Open {
    /// Remembers why a commit failed, unless something had gone wrong before.
    fn note_end(&mut self, error: &Error) {
        let (Error::Statement(error) | Error::NotCommitted { source: error, .. }) = error else { return };
        let first = self.levels.last_mut().map_or(&mut self.cause, |around| &mut around.first);
        if first.is_none() {
            *first = cause::copy(error);
        }
    }
}
