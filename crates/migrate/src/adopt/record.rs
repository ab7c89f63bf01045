//! Writing rows into history and log without running a file: all of them or none.

use pgkeel_connect::Executor as _;

use crate::run::Lock;
use crate::run::session::Session;
use crate::state::history;
use crate::{Error, Step};

/// Writes, in a transaction in which the lock is proved to be held.
pub(crate) async fn write(session: &Session, lock: Lock, statements: &[String]) -> Result<(), Error> {
    session.step(Step::Begin, session.connection.batch_execute("begin")).await?;
    let done = in_transaction(session, lock, statements).await;
    let end = if done.is_ok() { "commit" } else { "rollback" };
    let ended = session.step(Step::Record, session.connection.batch_execute(end)).await;
    done.and(ended)
}

async fn in_transaction(session: &Session, lock: Lock, statements: &[String]) -> Result<(), Error> {
    let is_held = format!("select {}", lock.is_held());
    // sql: the key of the lock is a number
    if !session.step(Step::Check, session.connection.query_scalar::<bool>(&is_held, &[])).await? {
        return Err(Error::LockLost);
    }
    history::ensure_notes(session).await?;
    // sql: texts in them are quoted as literals
    session.step(Step::Record, session.connection.batch_execute(&statements.join(";\n"))).await
}
