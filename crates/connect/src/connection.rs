use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use crate::driver::{CloseReason, Driver, Killer};
use crate::wire::{TransactionStatus, Wire};
use crate::{Begin, Error, Executor, Host, TxOptions};

/// One open connection, its driver task running.
///
/// Dropping it tells the server good-bye and closes the socket; what a statement in flight does is for the server to
/// finish.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    wire: Wire,
    driver: Driver,
    host: Host,
}

impl Connection {
    pub(crate) fn new(client: Client, wire: Wire, driver: Driver, host: Host) -> Self {
        Self { client, wire, driver, host }
    }

    /// The driver's client, for what [`Executor`] does not offer.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The host that answered.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The transaction status in the server's last word. It is exact for every statement that has been awaited to a
    /// successful end; after an error or a dropped future, await [`settle`](Self::settle) first.
    #[must_use]
    pub fn transaction_status(&self) -> TransactionStatus {
        self.wire.status()
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
        let Self { client, driver, wire: _, host: _ } = self;
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

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        Executor::execute(&self.client, sql, params).await.map_err(|error| self.explain(error))
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        Executor::batch_execute(&self.client, sql).await.map_err(|error| self.explain(error))
    }
}
