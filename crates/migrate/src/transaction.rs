//! One file in one transaction: BEGIN, the file, the row of the history, COMMIT.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use pgkeel_connect::{Executor as _, TransactionStatus};
use tokio::time::timeout;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::ErrorPosition;

use crate::failure::Failure;
use crate::lock::Lock;
use crate::session::{ANSWER_TIMEOUT, Limits, Session};
use crate::statements::statements;
use crate::{Error, Location, Step};

/// Runs a file and the statement that records it, or leaves nothing of both.
pub(crate) async fn run(
    session: &Session,
    lock: Lock,
    limits: Limits,
    sql: &str,
    record: &str,
) -> Result<(), Failure> {
    session.renew(limits).await?;
    let id = begin(session, lock).await?;
    let done = async {
        run_file(session, limits, sql).await?;
        check(session, lock, &id).await?;
        let record = session.step(Step::Record, session.connection.batch_execute(record));
        Ok::<_, Failure>(record.await?)
    };
    match done.await {
        Ok(()) => commit(session, limits).await,
        Err(failure) => {
            // If nobody answers, the server rolls back when the connection is dropped.
            if !failure.is_without_answer() {
                let rolled_back = session.step(Step::Run, session.connection.batch_execute("rollback")).await;
                tracing::debug!(?rolled_back, "a migration failed");
            }
            Err(failure)
        }
    }
}

/// Begins, and returns what identifies the transaction.
async fn begin(session: &Session, lock: Lock) -> Result<String, Failure> {
    session.step(Step::Begin, session.connection.batch_execute("begin")).await?;
    let (id, is_held) = identify(session, lock, "pg_current_xact_id()").await?;
    if is_held { Ok(id.unwrap_or_default()) } else { Err(Failure::LockLost) }
}

/// The transaction's id, and whether this very session holds the lock. Behind a pooler that gives each transaction
/// another session it would not.
async fn identify(session: &Session, lock: Lock, id: &str) -> Result<(Option<String>, bool), Failure> {
    let sql = format!("select {id}::text, {}", lock.is_held());
    let row = session.step(Step::Check, session.connection.query_one(&sql, &[])).await?;
    let read = || Ok((row.try_get(0)?, row.try_get(1)?));
    let decoded = read().map_err(|source| pgkeel_connect::Error::Decode { column: 0, source });
    Ok(decoded.map_err(|source| Error::Database { step: Step::Check, source })?)
}

/// Sends the whole file at once, so that the server alone decides where statements end.
async fn run_file(session: &Session, limits: Limits, sql: &str) -> Result<(), Failure> {
    // The server ends a statement that takes too long and says which; this is for when it does not.
    let limit = limits.statement.saturating_add(ANSWER_TIMEOUT);
    let mut ended = 0;
    let run = async {
        let mut answers = pin!(session.connection.client().simple_query_raw(sql).await?);
        while let Some(answer) = answers.try_next().await? {
            ended += usize::from(matches!(answer, SimpleQueryMessage::CommandComplete(_)));
        }
        Ok(())
    };
    match timeout(limit, run).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(refused(session, sql, ended, error)),
        Err(_) => Err(Failure::TooSlow { waited: limit }),
    }
}

/// What the server has against the file, and where: at the place that it names, else at the statement that did not end.
fn refused(session: &Session, sql: &str, ended: usize, error: tokio_postgres::Error) -> Failure {
    let at = match error.as_db_error().and_then(|error| error.position()) {
        Some(ErrorPosition::Original(position)) => {
            Some(Location::of_char(sql, (*position as usize).saturating_sub(1)))
        }
        // The place is in another text, such as the body of a function.
        Some(ErrorPosition::Internal { .. }) | None => {
            statements(sql).get(ended).map(|statement| Location::of_byte(sql, statement.start))
        }
    };
    match session.connection.explain(error.into()) {
        pgkeel_connect::Error::Server(source) if !source.is_fatal() => Failure::Statement { at, source },
        source => Error::Database { step: Step::Run, source }.into(),
    }
}

/// The file must not have ended the transaction nor let go of the lock. What it set is not for the row of the history.
async fn check(session: &Session, lock: Lock, id: &str) -> Result<(), Failure> {
    if session.connection.transaction_status() != TransactionStatus::Open {
        return Err(Failure::TransactionEnded);
    }
    let plain = "reset session authorization; reset role; set local search_path = pg_catalog";
    session.step(Step::Check, session.connection.batch_execute(plain)).await?;
    let (now, is_held) = identify(session, lock, "pg_current_xact_id_if_assigned()").await?;
    if now.as_deref() != Some(id) {
        Err(Failure::TransactionEnded)
    } else if is_held {
        Ok(())
    } else {
        Err(Failure::LockLost)
    }
}

/// Constraints that were put off are checked now, so this may take as long as a statement.
async fn commit(session: &Session, limits: Limits) -> Result<(), Failure> {
    let limit = limits.statement.saturating_add(ANSWER_TIMEOUT);
    match timeout(limit, session.connection.batch_execute("commit")).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(pgkeel_connect::Error::Server(source))) if !source.is_fatal() => {
            Err(Failure::Statement { at: None, source })
        }
        Ok(Err(source)) => Err(Failure::OutcomeUnknown { source: Some(source) }),
        Err(_) => Err(Failure::OutcomeUnknown { source: None }),
    }
}
