//! A migration that is a function: called with the transaction in which it is recorded.

use std::fmt;
use std::time::Duration;

use pgkeel_connect::{Executor, TransactionStatus, TypedParam};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::failure::{Failure, Reason};
use super::job::Job;
use super::session::{Limits, Session};
use crate::{CodeError, Direction, Error, Step};

/// The transaction of a migration that is a function of the program. Statements are run by [`Executor`], each within
/// `statement_timeout`; it is begun and ended for the function, which must not do so.
#[derive(Clone, Copy)]
pub struct MigrationTx<'t> {
    session: &'t Session,
    limit: Duration,
}

impl fmt::Debug for MigrationTx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MigrationTx").finish_non_exhaustive()
    }
}

impl MigrationTx<'_> {
    /// The server ends a statement that takes too long and says which; this is for when it does not.
    async fn bounded<T>(
        &self,
        run: impl Future<Output = Result<T, pgkeel_connect::Error>>,
    ) -> Result<T, pgkeel_connect::Error> {
        let unanswered =
            |_| pgkeel_connect::Error::Unanswered { what: "a statement".to_owned(), waited: self.limit };
        timeout(self.limit, run).await.map_err(unanswered)?
    }
}

impl Executor for MigrationTx<'_> {
    type Error = pgkeel_connect::Error;

    async fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, pgkeel_connect::Error> {
        self.bounded(self.session.connection.query(sql, params)).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, pgkeel_connect::Error> {
        self.bounded(self.session.connection.execute(sql, params)).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), pgkeel_connect::Error> {
        self.bounded(self.session.connection.batch_execute(sql)).await
    }

    async fn query_typed(
        &self,
        sql: &str,
        params: &[TypedParam<'_>],
    ) -> Result<Vec<Row>, pgkeel_connect::Error> {
        self.bounded(self.session.connection.query_typed(sql, params)).await
    }

    async fn execute_typed(
        &self,
        sql: &str,
        params: &[TypedParam<'_>],
    ) -> Result<u64, pgkeel_connect::Error> {
        self.bounded(self.session.connection.execute_typed(sql, params)).await
    }
}

/// Calls the function, if the job is one; says whether it was.
pub(super) async fn call(session: &Session, limits: Limits, job: &Job) -> Result<bool, Failure> {
    let Some(code) = job.migration.code() else { return Ok(false) };
    let function = match job.direction {
        Direction::Up => Some(&code.up),
        Direction::Down => code.down.as_ref(),
    };
    let function = function.expect("a migration without a way back is refused");
    function(MigrationTx { session, limit: limits.answer() }).await.map_err(failure)?;
    // Only the server's last word tells whether all of it went well.
    session.step(Step::Check, session.connection.settle()).await?;
    if session.connection.transaction_status() == TransactionStatus::Failed {
        return Err(Reason::Code("a statement of it failed, and it did not say so".into()).into());
    }
    Ok(true)
}

fn failure(error: CodeError) -> Failure {
    match error.downcast::<pgkeel_connect::Error>().map(|error| *error) {
        Ok(pgkeel_connect::Error::Server(source)) if !source.is_fatal() => Reason::Refused(source).into(),
        Ok(source) if source.is_disconnected() => Error::Database { step: Step::Run, source }.into(),
        Ok(pgkeel_connect::Error::Unanswered { waited, .. }) => Reason::TooSlow { waited }.into(),
        Ok(source) => Reason::Code(source.into()).into(),
        Err(source) => Reason::Code(source).into(),
    }
}
