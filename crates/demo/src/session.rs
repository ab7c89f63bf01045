//! One connection of our own, every statement on it within a bound.

use std::time::Duration;

use pgkeel_connect::{Config, Connection, Executor as _, dial};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, ToSql};

use crate::{Error, Step};

/// Longest wait for what takes milliseconds.
pub(crate) const ANSWER: Duration = Duration::from_secs(30);

/// Longest wait for what writes a lot: creating and dropping a database with a checkpoint, a chunk of rows.
pub(crate) const WORK: Duration = Duration::from_secs(90);

/// Between two looks whether a session has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Keeps the session however long it is idle. Statements that fill a demo stay out of its statistics of statements, if we may
/// say so: they would hide those of the workload.
const SET_UP: &str = "
    select set_config(name, wanted.value, false) from (values
        ('idle_session_timeout', '0'), ('lock_timeout', '5s'), ('statement_timeout', '90s'),
        ('default_transaction_read_only', 'off'), ('jit', 'off')
    ) as wanted (name, value) join pg_catalog.pg_settings using (name)
    union all
    select set_config(name, 'none', false) from pg_catalog.pg_settings
    where name = 'pg_stat_statements.track' and current_setting('is_superuser') = 'on'";

/// Lets the server notice when we have gone. Not every system can do it.
const WATCH_CLIENT: &str = "set client_connection_check_interval = '1s'";

#[derive(Debug)]
pub(crate) struct Session {
    connection: Connection,
}

impl Session {
    /// A connection that says in `pg_stat_activity` which process it belongs to.
    pub(crate) async fn open(config: &Config) -> Result<Self, Error> {
        let name = format!("pgkeel-demo of process {}", std::process::id());
        let connection = dial(&config.clone().with_application_name(name)).await.map_err(Error::Connect)?;
        let session = Self { connection };
        session.query(Step::SetUp, SET_UP, &[]).await?;
        match session.run(Step::SetUp, ANSWER, WATCH_CLIENT).await {
            Err(Error::Database { source, .. }) if !source.is_disconnected() => {}
            watched => watched?,
        }
        Ok(session)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs statements without parameters.
    pub(crate) async fn run(&self, step: Step, bound: Duration, sql: &str) -> Result<(), Error> {
        within(step, bound, self.connection.batch_execute(sql)).await
    }

    pub(crate) async fn execute(
        &self,
        step: Step,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        within(step, WORK, self.connection.execute(sql, params)).await
    }

    pub(crate) async fn query(
        &self,
        step: Step,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        within(step, ANSWER, self.connection.query(sql, params)).await
    }

    /// Waits until another session at the server has ended.
    pub(crate) async fn until_gone(&self, step: Step, pid: i32) -> Result<(), Error> {
        let is_there = "select exists (select from pg_stat_activity where pid = $1)";
        let deadline = Instant::now() + ANSWER;
        while self.scalar(step, is_there, &[&pid]).await? {
            if Instant::now() >= deadline {
                return Err(Error::NoAnswer { step, waited: ANSWER });
            }
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    pub(crate) async fn scalar<T: FromSqlOwned>(
        &self,
        step: Step,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<T, Error> {
        within(step, ANSWER, self.connection.query_scalar(sql, params)).await
    }
}

/// A column of a row that we have asked for ourselves.
pub(crate) fn column<T: FromSqlOwned>(step: Step, row: &Row, column: usize) -> Result<T, Error> {
    let decode = |source| Error::of(step, pgkeel_connect::Error::Decode { column, source });
    row.try_get(column).map_err(decode)
}

async fn within<T>(
    step: Step,
    bound: Duration,
    answer: impl Future<Output = Result<T, pgkeel_connect::Error>>,
) -> Result<T, Error> {
    match timeout(bound, answer).await {
        Ok(answered) => answered.map_err(|source| Error::of(step, source)),
        Err(_) => Err(Error::NoAnswer { step, waited: bound }),
    }
}
