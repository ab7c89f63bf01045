//! The connection on which migrations run: one, of its own, never a pooled one.

use std::time::Duration;

use pgkeel_connect::{Config, Connection, Executor, dial};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::{Directives, Error, Step};

/// Longest wait for an answer to what is done besides the files. It takes milliseconds.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// As which migrations are seen in `pg_stat_activity`.
const APPLICATION_NAME: &str = "pgkeel-migrate";

/// How long things may take, and how often they are tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For others that apply migrations.
    pub(crate) others: Duration,
    /// For each lock that a statement needs.
    pub(crate) lock: Duration,
    /// For each statement of a file.
    pub(crate) statement: Duration,
    /// How often a file is tried again that did not get a lock.
    pub(crate) retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            others: Duration::from_mins(1),
            lock: Duration::from_secs(5),
            statement: Duration::from_hours(1),
            retries: 5,
        }
    }
}

impl Limits {
    /// Those of a file.
    pub(crate) fn of(self, directives: &Directives) -> Self {
        Self {
            others: self.others,
            lock: directives.lock_timeout.unwrap_or(self.lock),
            statement: directives.statement_timeout.unwrap_or(self.statement),
            retries: directives.retries.unwrap_or(self.retries),
        }
    }

    /// After which the server has to have ended a statement by itself, and said so.
    pub(crate) fn answer(self) -> Duration {
        self.statement.saturating_add(ANSWER_TIMEOUT)
    }
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: Connection,
}

impl Session {
    pub(crate) async fn open(config: &Config) -> Result<Self, Error> {
        Self::open_as(config, APPLICATION_NAME).await
    }

    pub(crate) async fn open_as(config: &Config, name: &str) -> Result<Self, Error> {
        let connection = dial(&config.clone().with_application_name(name)).await.map_err(Error::Connect)?;
        Ok(Self { connection })
    }

    /// Runs one step that is not a file, within its bound.
    pub(crate) async fn step<T>(
        &self,
        step: Step,
        run: impl Future<Output = Result<T, pgkeel_connect::Error>>,
    ) -> Result<T, Error> {
        match timeout(ANSWER_TIMEOUT, run).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(source)) => Err(Error::Database { step, source }),
            Err(_) => Err(Error::NoAnswer { step, waited: ANSWER_TIMEOUT }),
        }
    }

    /// Makes the session as if it were new, whatever the file before left in it, so that a file does the same alone and
    /// after others. The advisory lock stays.
    pub(crate) async fn renew(&self, limits: Limits) -> Result<(), Error> {
        self.forget(limits).await?;
        let watched = self.step(Step::SetUp, self.connection.batch_execute(WATCH_CLIENT)).await;
        match watched {
            // Not every system can do it.
            Err(Error::Database { source, .. }) if !source.is_disconnected() => Ok(()),
            other => other,
        }
    }

    /// As [`renew`](Self::renew), with nothing that may fail inside a transaction.
    pub(crate) async fn forget(&self, limits: Limits) -> Result<(), Error> {
        let forget = "reset session authorization; reset role; reset all; discard temp";
        self.step(Step::SetUp, self.connection.batch_execute(forget)).await?;
        let settings = settings(limits);
        self.step(Step::SetUp, self.query(&settings, &[])).await?;
        Ok(())
    }

    /// Takes on the role that the file asks for.
    pub(crate) async fn take_role(&self, directives: &Directives) -> Result<(), Error> {
        let Some(role) = &directives.role else { return Ok(()) };
        self.step(Step::SetUp, self.connection.batch_execute(&format!("set role {role}"))).await
    }
}

/// Statements without parameters go out in one flight and without a name: so they end on the server session on which they
/// began, also behind a pooler that gives each transaction another one.
impl Executor for Session {
    type Error = pgkeel_connect::Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Self::Error> {
        if !params.is_empty() {
            return self.connection.query(sql, params).await;
        }
        let rows = self.connection.client().query_typed(sql, &[]).await;
        rows.map_err(|error| self.connection.explain(error.into()))
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Self::Error> {
        self.connection.execute(sql, params).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Self::Error> {
        self.connection.batch_execute(sql).await
    }
}

/// Without it a server that is busy with a statement does not notice that its client has gone, and keeps the lock.
const WATCH_CLIENT: &str = "set client_connection_check_interval = '1s'";

/// Sets what this server knows of these; 14 has no `transaction_timeout`.
fn settings(limits: Limits) -> String {
    let millis = |limit: Duration| i32::try_from(limit.as_millis()).unwrap_or(i32::MAX).max(1);
    let (lock, statement) = (millis(limits.lock), millis(limits.statement));
    format!(
        "select set_config(name, wanted.value, false) from (values
            ('lock_timeout', '{lock}'), ('statement_timeout', '{statement}'), ('standard_conforming_strings', 'on'),
            ('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0'),
            ('default_transaction_read_only', 'off'), ('default_transaction_isolation', 'read committed'),
            -- what is reported as applied must outlive a crash of the server
            ('synchronous_commit', coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'))
         ) as wanted (name, value) join pg_catalog.pg_settings using (name)"
    )
}
