//! The connection on which migrations run: one, of its own, never a pooled one.

use std::pin::pin;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::future::join;
use pgkeel_connect::{Config, Connection, Executor, TypedParam, dial};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, SimpleQueryMessage, SimpleQueryRow};

use crate::state::Home;
use crate::state::log::Literal;
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
    /// Where is read and written what is applied.
    pub(crate) home: Home,
    /// Whether the server's system can tell that a client has gone; not known before it was tried.
    watches: OnceLock<bool>,
}

/// What the server has answered to a message of several statements, as far as it came.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// How many statements have ended well.
    pub(crate) ended: usize,
    /// The first row.
    pub(crate) row: Option<SimpleQueryRow>,
}

impl Session {
    pub(crate) async fn open(config: &Config, home: &Home) -> Result<Self, Error> {
        Self::open_as(config, home, APPLICATION_NAME).await
    }

    pub(crate) async fn open_as(config: &Config, home: &Home, name: &str) -> Result<Self, Error> {
        let connection = dial(&config.clone().with_application_name(name)).await.map_err(Error::Connect)?;
        Ok(Self { connection, home: home.clone(), watches: OnceLock::new() })
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
        if self.watches.get().is_some() {
            return self.forget(limits).await;
        }
        let watch = format!("set {WATCH_CLIENT} = '{WATCHED_EVERY}'");
        let watched = self.step(Step::SetUp, self.connection.batch_execute(&watch));
        // In one flight, in this order.
        let (forgotten, watched) = join(self.forget(limits), watched).await;
        forgotten?;
        let is_possible = match watched {
            Ok(()) => true,
            Err(Error::Database { source, .. }) if !source.is_disconnected() => false,
            Err(error) => return Err(error),
        };
        self.watches.get_or_init(|| is_possible);
        Ok(())
    }

    /// As [`renew`](Self::renew), with nothing that may fail inside a transaction.
    pub(crate) async fn forget(&self, limits: Limits) -> Result<(), Error> {
        let settings = self.settings(limits);
        let set: Vec<String> = settings.iter().map(|(name, value)| set(name, value)).collect();
        let forget = format!("{CLEAN}; {PREPARED}; select pg_catalog.concat({}, {DURABLE})", set.join(", "));
        let mut prepared = None;
        self.step(Step::SetUp, self.first_row(&forget, &mut prepared)).await?;
        match prepared.as_ref().and_then(|row| row.get(0)) {
            None => Ok(()),
            Some(deallocate) => self.step(Step::SetUp, self.connection.batch_execute(deallocate)).await,
        }
    }

    /// What a step may take until the transaction ends, whatever the file has set. It comes first, as it runs under that itself.
    pub(crate) fn in_time(limits: Limits) -> String {
        format!("set local statement_timeout = {}", millis(limits.statement))
    }

    /// What has to be set, until the transaction ends, to write what is read as it was meant, and to stay.
    pub(crate) const READABLE: &str =
        "set local client_encoding = 'UTF8'; set local standard_conforming_strings = on;
         select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'";

    /// What each file finds set, as far as this server knows it.
    pub(crate) fn settings(&self, limits: Limits) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("lock_timeout", millis(limits.lock).to_string()),
            ("statement_timeout", millis(limits.statement).to_string()),
            ("idle_in_transaction_session_timeout", "0".to_owned()),
            // A session of a pooler is reset to what the pooler began with.
            ("client_encoding", "UTF8".to_owned()),
            ("standard_conforming_strings", "on".to_owned()),
            ("default_transaction_read_only", "off".to_owned()),
            ("default_transaction_isolation", "read committed".to_owned()),
        ];
        settings.extend(self.home.search_path().map(|path| ("search_path", path.to_owned())));
        settings.extend((self.major() >= 17).then(|| ("transaction_timeout", "0".to_owned())));
        if self.watches.get() == Some(&true) {
            settings.push((WATCH_CLIENT, WATCHED_EVERY.to_owned()));
        }
        settings
    }

    /// The server's major version; 0 if it does not say.
    fn major(&self) -> u32 {
        let version = self.connection.parameter("server_version").unwrap_or_default();
        let digits = version.split(|character: char| !character.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    /// Runs statements in one message. Of the rows that they return the first is left in `row`, also if what follows fails.
    pub(crate) async fn first_row(
        &self,
        sql: &str,
        row: &mut Option<SimpleQueryRow>,
    ) -> Result<(), pgkeel_connect::Error> {
        let mut answers = Answers::default();
        let read = self.read(sql, &mut answers).await;
        *row = answers.row;
        read.map_err(|error| self.connection.explain(error.into()))
    }

    /// Runs statements in one message, and keeps what is answered, also if one of them fails.
    pub(crate) async fn read(&self, sql: &str, answers: &mut Answers) -> Result<(), tokio_postgres::Error> {
        let mut messages = pin!(self.connection.client().simple_query_raw(sql).await?);
        while let Some(message) = messages.try_next().await? {
            match message {
                SimpleQueryMessage::Row(row) if answers.row.is_none() => answers.row = Some(row),
                SimpleQueryMessage::CommandComplete(_) => answers.ended += 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes on the role that the file asks for.
    pub(crate) async fn take_role(&self, directives: &Directives) -> Result<(), Error> {
        let Some(role) = &directives.role else { return Ok(()) };
        // sql: SET has no parameters; the role's name is quoted
        self.step(Step::SetUp, self.connection.batch_execute(&format!("set role {role}"))).await
    }
}

/// An expression that sets this for the session. For one value of one query, as each column takes the server its time, and so do
/// extensions that look on for each statement.
pub(crate) fn set(name: &str, value: &str) -> String {
    format!("pg_catalog.set_config('{name}', {}, false)", Literal(value))
}

/// Leaves nothing on a session of what files have set, made and opened there, but what they have prepared.
pub(crate) const CLEAN: &str = "reset session authorization; reset role; reset all; discard temp; discard sequences; \
                                close all; unlisten *";

/// Answers with what lets go of the statements that files have prepared, if there are any. DEALLOCATE ALL would take those
/// along by which the driver asks about types, and those of a pooler.
const PREPARED: &str = "select pg_catalog.string_agg(pg_catalog.format('deallocate %I', name), '; ')
    from pg_catalog.pg_prepared_statements where from_sql";

/// As a setting.
fn millis(limit: Duration) -> i32 {
    i32::try_from(limit.as_millis()).unwrap_or(i32::MAX).max(1)
}

/// Statements without parameters go out in one flight and without a name: so they end on the server session on which they
/// began, also behind a pooler that gives each transaction another one.
impl Executor for Session {
    type Error = pgkeel_connect::Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Self::Error> {
        if params.is_empty() {
            self.connection.query_typed(sql, &[]).await
        } else {
            self.connection.query(sql, params).await
        }
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Self::Error> {
        self.connection.execute(sql, params).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Self::Error> {
        self.connection.batch_execute(sql).await
    }

    async fn query_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<Vec<Row>, Self::Error> {
        self.connection.query_typed(sql, params).await
    }

    async fn execute_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<u64, Self::Error> {
        self.connection.execute_typed(sql, params).await
    }
}

/// What is reported as applied must outlive a crash of the server.
const DURABLE: &str =
    "case when pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'
    then pg_catalog.set_config('synchronous_commit', 'on', false) end";

/// Without it a server that is busy with a statement does not notice that its client has gone, and keeps the lock.
const WATCH_CLIENT: &str = "client_connection_check_interval";
const WATCHED_EVERY: &str = "1s";
