use std::future::poll_fn;
use std::sync::Arc;

use pgkeel_connect::{ServerError, TransactionStatus};
use tokio_postgres::error::SqlState;

use super::actions::Actions;
use super::doubt::{Doubt, Fate};
use super::stack::{End, Id, OUTERMOST, Stack, rollback_sql};
use crate::Error;
use crate::held::{CONTROL_TIMEOUT, Held, unanswered};

/// A level between the decision to end it and the server's answer.
pub(super) struct Ending<'a> {
    stack: &'a Stack,
    id: Id,
    held: Arc<Held>,
    /// Until its end was sent, dropping this sends a rollback. Of a level that was never opened there is none to send.
    unsent: bool,
    /// Whether what was done on it stays.
    kept: bool,
}

impl<'a> Ending<'a> {
    pub(super) fn new(stack: &'a Stack, id: Id, held: Arc<Held>, opened: bool) -> Self {
        Self { stack, id, held, unsent: opened, kept: false }
    }

    pub(super) async fn rollback(mut self) -> Result<(), Error> {
        if self.unsent { self.send(&rollback_sql(self.id)).await } else { Ok(()) }
    }

    /// Returns what is to be done now that all is committed.
    pub(super) async fn commit(mut self) -> Result<Actions, Error> {
        if !self.unsent {
            return Ok(self.keep());
        }
        match self.status().await? {
            TransactionStatus::Open if self.id == OUTERMOST => self.commit_all().await,
            TransactionStatus::Open => {
                self.send(&format!("RELEASE SAVEPOINT pgkeel_{}", self.id)).await?;
                Ok(self.keep())
            }
            TransactionStatus::Failed => {
                let first = self.first();
                self.send(&rollback_sql(self.id)).await?;
                Err(Error::Aborted { first })
            }
            TransactionStatus::Idle => {
                self.unsent = false;
                Err(Error::NotInTransaction)
            }
        }
    }

    /// The exact transaction status: every answer that is still to come belongs to something sent before.
    async fn status(&self) -> Result<TransactionStatus, Error> {
        self.held.settled_status().await?;
        self.heard().await?;
        if self.id == OUTERMOST {
            self.number().await?; // Before the last look, as a question that is refused fails the transaction.
        }
        Ok(self.held.connection().transaction_status())
    }

    async fn heard(&self) -> Result<(), Error> {
        if self.stack.lock().sent.is_empty() {
            return Ok(()); // Without a look at the clock, as in most cases.
        }
        let heard = poll_fn(|cx| self.stack.lock().poll_heard(cx));
        let heard = tokio::time::timeout(CONTROL_TIMEOUT, heard).await;
        heard.unwrap_or_else(|_| Err(unanswered("what was sent before COMMIT")))
    }

    fn first(&self) -> Option<ServerError> {
        let open = self.stack.lock();
        open.levels.last().and_then(|level| level.first.as_ref()?.server().cloned())
    }

    async fn send(&mut self, sql: &str) -> Result<(), Error> {
        self.held.clear().await?;
        self.unsent = false; // The next poll sends, and nothing comes between this line and that.
        self.held.control(sql).await
    }

    async fn commit_all(mut self) -> Result<Actions, Error> {
        self.held.clear().await?;
        if let Some(lost) = self.held.closed() {
            return Err(lost); // COMMIT was not sent, so the server rolls back.
        }
        self.stack.lock().end = End::InDoubt;
        let (ended, outcome) = match self.send("COMMIT").await {
            Ok(()) => return Ok(self.committed()),
            Err(Error::Statement(error)) if leaves_doubt(&error) => return self.in_doubt(error).await,
            Err(error) => (End::NotCommitted, Err(error)),
        };
        self.stack.lock().end = ended;
        outcome
    }

    /// Asks for the transaction's number, if it could not be asked for behind the last statements: in the first
    /// transaction of a session, and where no statements are kept.
    async fn number(&self) -> Result<(), Error> {
        let may_be_asked = matches!(self.held.slot().identity.get(), Some(Some(_)));
        if !may_be_asked || !self.stack.lock().number.is_open() {
            return Ok(());
        }
        poll_fn(|cx| {
            self.stack.lock().ask(cx);
            std::task::Poll::Ready(())
        })
        .await;
        self.heard().await
    }

    fn committed(self) -> Actions {
        self.stack.lock().end = End::Committed;
        self.keep()
    }

    /// COMMIT got no answer.
    async fn in_doubt(mut self, source: pgkeel_connect::Error) -> Result<Actions, Error> {
        let stack = self.stack;
        let doubt = Doubt::of(&stack.lock(), &self.held);
        let actions = self.take_actions();
        drop(self); // The session is of no use, and its place may be needed to ask.
        let (xid, fate) = (doubt.xid(), Box::pin(doubt.resolve()).await); // Seldom, and large.
        match fate {
            Fate::Committed => {
                stack.lock().end = End::Committed;
                Ok(actions)
            }
            Fate::NotCommitted => {
                stack.lock().end = End::NotCommitted;
                Err(Error::NotCommitted { xid, source })
            }
            Fate::Unknown => Err(Error::CommitUnknown { xid, source }),
        }
    }

    fn take_actions(&mut self) -> Actions {
        let mut open = self.stack.lock();
        open.levels.last_mut().map(|level| std::mem::take(&mut level.actions)).unwrap_or_default()
    }

    fn keep(mut self) -> Actions {
        self.unsent = false;
        self.kept = true;
        self.end()
    }

    fn end(&mut self) -> Actions {
        let mut open = self.stack.lock();
        if std::mem::take(&mut self.unsent) {
            self.held.send(&rollback_sql(self.id));
        }
        open.remove(self.id, self.kept)
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        drop(self.end());
    }
}

/// Whether the server may have committed though it did not say so. A session that is ended while its COMMIT waits for a
/// standby has committed here already.
fn leaves_doubt(error: &pgkeel_connect::Error) -> bool {
    let in_words = [SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN, SqlState::TRANSACTION_RESOLUTION_UNKNOWN];
    error.is_disconnected() || error.code().is_some_and(|code| in_words.contains(code))
}
