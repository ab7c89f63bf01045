use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, RowStream, Statement};

use crate::dial::Route;
use crate::driver::{CloseReason, Driver, Killer};
use crate::listener::Mailbox;
use crate::wire::{TransactionStatus, Wire};
use crate::{Begin, Canceller, EncodedParams, Error, Executor, Host, TlsInfo, TxOptions, TypedParam};

/// One open connection, its driver task running.
///
/// Dropping it tells the server good-bye and closes the socket; what a statement in flight does is for the server to
/// finish.
#[derive(Debug)]
pub struct Connection {
    driver: Driver, // First, as it is to know before the client is dropped.
    client: Client,
    wire: Wire,
    route: Route,
}

impl Connection {
    pub(crate) fn new(client: Client, wire: Wire, driver: Driver, route: Route) -> Self {
        Self { driver, client, wire, route }
    }

    /// The driver's client, for what [`Executor`] does not offer.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The host that answered.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.route.host
    }

    /// What encrypts the connection. `None` if it is in the clear, as over a Unix socket.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.route.tls.as_ref().map(|(_, info)| info)
    }

    /// The server's process for this session, as `pg_stat_activity` has it. `None` if the server did not say.
    #[must_use]
    pub fn backend_pid(&self) -> Option<i32> {
        self.wire.pid()
    }

    /// What the server reported last for one of these settings; `None` for any other, and if it did not say:
    /// `server_version`, `is_superuser`, and from PostgreSQL 14 on `in_hot_standby` and `default_transaction_read_only`,
    /// both `on` or `off`.
    ///
    /// The server reports a change with its next answer, whatever was asked: so a session that is in use notices that its
    /// standby was promoted.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.wire.parameter(name)
    }

    /// What cancels statements of this session. It holds nothing of the connection and may outlive it.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller::new(self.client.cancel_token(), self.route.clone())
    }

    /// The transaction status in the server's last word. It is exact for every statement that has been awaited to a
    /// successful end; after an error or a dropped future, await [`settle`](Self::settle) first.
    #[must_use]
    pub fn transaction_status(&self) -> TransactionStatus {
        self.wire.status()
    }

    /// How many statements the server has carried out on this connection, as far as it has said by now that it is ready for
    /// the next.
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.wire.completed()
    }

    /// How many those were when it refused something last. If nothing else was under way, and they are more than before the
    /// statement that was refused, that had been carried out: the refusal is of the driver's asking for the types of its
    /// columns ([typed statements](Executor#typed-statements)).
    #[must_use]
    pub fn completed_before_refusal(&self) -> u64 {
        self.wire.completed_before_refusal()
    }

    /// Has the server parse and plan a statement, to be run any number of times. It is closed at the server when its
    /// last copy is dropped.
    ///
    /// # Errors
    /// That the server refused the statement, or that the connection is over.
    ///
    /// # Cancellation
    /// Dropping the future leaves the statement to be closed by the driver.
    pub async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        self.client.prepare(sql).await.map_err(|error| self.explain(error.into()))
    }

    /// Runs a prepared statement and collects its rows, in one round trip.
    ///
    /// # Errors
    /// As [`Executor::query`].
    ///
    /// # Cancellation
    /// As [`Executor`].
    pub async fn query_prepared(
        &self,
        statement: &Statement,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.client.query(statement, params).await.map_err(|error| self.explain(error.into()))
    }

    /// Runs a prepared statement that has at most one row, in one round trip.
    ///
    /// # Errors
    /// As [`Executor::query_opt`].
    ///
    /// # Cancellation
    /// As [`Executor`].
    pub async fn query_opt_prepared(
        &self,
        statement: &Statement,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        match self.client.query_raw(statement, params.iter().copied()).await {
            Ok(rows) => at_most_one(rows).await.map_err(|error| self.explain(error)),
            Err(error) => Err(self.explain(error.into())),
        }
    }

    /// Runs a prepared statement and returns the number of rows that it touched, in one round trip.
    ///
    /// # Errors
    /// As [`Executor::execute`].
    ///
    /// # Cancellation
    /// As [`Executor`].
    pub async fn execute_prepared(
        &self,
        statement: &Statement,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        self.client.execute(statement, params).await.map_err(|error| self.explain(error.into()))
    }

    /// Runs a statement that is not prepared, in one round trip, and collects its rows.
    ///
    /// # Errors
    /// As [`Executor::query_typed`].
    ///
    /// # Cancellation
    /// As [`Executor`].
    pub async fn query_encoded(&self, sql: &str, params: &EncodedParams) -> Result<Vec<Row>, Error> {
        match self.client.query_typed_raw(sql, params.iter()).await {
            Ok(rows) => rows.try_collect().await.map_err(|error| self.explain(error.into())),
            Err(error) => Err(self.explain(error.into())),
        }
    }

    /// Runs a statement that is not prepared and has at most one row, in one round trip.
    ///
    /// # Errors
    /// As [`Executor::query_opt_typed`].
    ///
    /// # Cancellation
    /// As [`Executor`].
    pub async fn query_opt_encoded(&self, sql: &str, params: &EncodedParams) -> Result<Option<Row>, Error> {
        match self.client.query_typed_raw(sql, params.iter()).await {
            Ok(rows) => at_most_one(rows).await.map_err(|error| self.explain(error)),
            Err(error) => Err(self.explain(error.into())),
        }
    }

    /// Runs a statement that is not prepared and returns the number of rows that it touched, in one round trip.
    ///
    /// # Errors
    /// As [`Executor::execute_typed`].
    ///
    /// # Cancellation
    /// As [`Executor`].
    pub async fn execute_encoded(&self, sql: &str, params: &EncodedParams) -> Result<u64, Error> {
        let done = self.client.execute_typed(sql, &params.typed()).await;
        done.map_err(|error| self.explain(error.into()))
    }

    /// Waits until the server has answered everything sent so far: one empty round trip.
    ///
    /// # Errors
    /// [`Error::Closed`] if the connection is over.
    ///
    /// # Cancellation
    /// Dropping the future leaves an empty round trip under way, which harms nothing.
    pub async fn settle(&self) -> Result<(), Error> {
        self.client.check_connection().await.map_err(|error| self.explain(error.into()))
    }

    /// Whether the connection is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Puts the notifications that come there. For good: there is one mailbox a connection.
    pub(crate) fn hand_notifications_to(&self, mailbox: &Arc<Mailbox>) {
        self.driver.hand_notifications_to(mailbox);
    }

    /// Waits until the connection is over. Not to be called again after that.
    pub(crate) async fn ended(&mut self) {
        self.driver.ended().await;
    }

    /// Why the connection is over, if it is.
    #[must_use]
    pub fn close_reason(&self) -> Option<&CloseReason> {
        self.driver.close_reason()
    }

    /// Says good-bye and waits until the server has ended the session and the socket is closed, at most 2 s.
    ///
    /// # Cancellation
    /// Dropping the future goes on with closing, unwaited for.
    pub async fn close(self) {
        let Self { client, driver, .. } = self;
        driver.leave();
        drop(client);
        driver.finish().await;
    }

    /// What closes the socket at once, whoever has the connection.
    #[must_use]
    pub fn killer(&self) -> Killer {
        self.driver.killer()
    }

    /// Adds the reason to an error that only says that the connection is over.
    #[must_use]
    pub fn explain(&self, error: Error) -> Error {
        match error {
            Error::Closed { reason: None } => {
                // The driver closes its side a moment before it says why.
                let last_word = || self.wire.last_word().cloned().map(CloseReason::Server);
                Error::Closed { reason: self.close_reason().cloned().or_else(last_word) }
            }
            other => other,
        }
    }
}

/// The first row, once all have come. Of more than one the rest is counted, not kept.
async fn at_most_one(rows: RowStream) -> Result<Option<Row>, Error> {
    let mut rows = pin!(rows);
    let (mut first, mut found) = (None, 0);
    while let Some(row) = rows.try_next().await? {
        first.get_or_insert(row);
        found += 1;
    }
    if found > 1 { Err(Error::RowCount { expected: "at most one row", found }) } else { Ok(first) }
}

/// Errors come without the reason of a lost connection; [`Connection::explain`] adds it.
impl<'a> Begin for &'a mut Connection {
    type Tx = tokio_postgres::Transaction<'a>;

    async fn begin_with(self, options: TxOptions) -> Result<Self::Tx, Error> {
        (&mut self.client).begin_with(options).await
    }
}

impl Executor for Connection {
    type Error = Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        Executor::query(&self.client, sql, params).await.map_err(|error| self.explain(error))
    }

    async fn query_into<C: Default + Extend<Row> + Send>(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<C, Error> {
        Executor::query_into(&self.client, sql, params).await.map_err(|error| self.explain(error))
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        Executor::execute(&self.client, sql, params).await.map_err(|error| self.explain(error))
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        Executor::batch_execute(&self.client, sql).await.map_err(|error| self.explain(error))
    }

    async fn query_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<Vec<Row>, Error> {
        self.query_encoded(sql, &EncodedParams::of(params)?).await
    }

    async fn query_typed_into<C: Default + Extend<Row> + Send>(
        &self,
        sql: &str,
        params: &[TypedParam<'_>],
    ) -> Result<C, Error> {
        Executor::query_typed_into(&self.client, sql, params).await.map_err(|error| self.explain(error))
    }

    async fn query_opt_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<Option<Row>, Error> {
        self.query_opt_encoded(sql, &EncodedParams::of(params)?).await
    }

    async fn execute_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<u64, Error> {
        self.execute_encoded(sql, &EncodedParams::of(params)?).await
    }
}
