use futures_util::FutureExt as _;
use tokio_postgres::types::{FromSqlOwned, ToSql};
use tokio_postgres::{Client, Row, Transaction};

use crate::Error;

/// Runs single statements: a connection, a session, a pool, a transaction.
///
/// Futures are `Send`, so statements run under `tokio::spawn`. The trait is not meant for `dyn`: take
/// `&impl Executor`.
///
/// Implementations that tell where a statement was run mean the place that calls these methods.
///
/// # Cancellation
/// Dropping the future of a statement stops the waiting, not the server. Implementations that share connections keep
/// such a connection from the next user until it is clean.
pub trait Executor: Sync {
    /// What goes wrong.
    type Error: std::error::Error + From<Error> + Send + Sync + 'static;

    /// Runs a statement and collects its rows. `$1`, `$2`, … take the parameters.
    ///
    /// # Errors
    /// That the server refused, that a parameter does not fit, or that the connection is over.
    #[track_caller]
    fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<Vec<Row>, Self::Error>> + Send;

    /// Runs a statement and returns the number of rows that it touched.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    #[track_caller]
    fn execute(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Runs statements separated by `;`, without parameters. The server takes them as one transaction unless they say
    /// otherwise.
    ///
    /// # Errors
    /// As [`query`](Self::query), of the first statement that fails.
    #[track_caller]
    fn batch_execute(&self, sql: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Runs a statement that has exactly one row.
    ///
    /// # Errors
    /// As [`query`](Self::query), and [`Error::RowCount`].
    #[track_caller]
    fn query_one(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<Row, Self::Error>> + Send {
        let is_there =
            |row: Option<Row>| row.ok_or_else(|| Error::RowCount { expected: "one row", found: 0 }.into());
        self.query_opt(sql, params).map(move |done| done.and_then(is_there))
    }

    /// Runs a statement that has at most one row.
    ///
    /// # Errors
    /// As [`query`](Self::query), and [`Error::RowCount`].
    #[track_caller]
    fn query_opt(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<Option<Row>, Self::Error>> + Send {
        self.query(sql, params).map(|done| Ok(at_most_one(done?)?))
    }

    /// Runs a statement that has exactly one row and takes its first column.
    ///
    /// # Errors
    /// As [`query_one`](Self::query_one), and [`Error::Decode`].
    #[track_caller]
    fn query_scalar<T: FromSqlOwned>(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<T, Self::Error>> + Send {
        let decoded = |row: Row| row.try_get(0).map_err(|source| Error::Decode { column: 0, source }.into());
        self.query_one(sql, params).map(move |done| done.and_then(decoded))
    }
}

fn at_most_one(mut rows: Vec<Row>) -> Result<Option<Row>, Error> {
    match rows.len() {
        0 | 1 => Ok(rows.pop()),
        found => Err(Error::RowCount { expected: "at most one row", found }),
    }
}

/// The driver's own types, which all have these three methods under these names.
macro_rules! execute_with_methods_of {
    ($($(#[$attribute:meta])* $client:ty),+ $(,)?) => {$(
        $(#[$attribute])*
        impl Executor for $client {
            type Error = Error;

            async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
                Ok(<$client>::query(self, sql, params).await?)
            }

            async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
                Ok(<$client>::execute(self, sql, params).await?)
            }

            async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
                Ok(<$client>::batch_execute(self, sql).await?)
            }
        }
    )+};
}

execute_with_methods_of!(Client, Transaction<'_>);

/// A client of deadpool-postgres is a client of the driver behind two layers of `Deref`.
#[cfg(feature = "deadpool-postgres")]
macro_rules! execute_as {
    ($($client:ty => $inner:ty),+ $(,)?) => {$(
        impl Executor for $client {
            type Error = Error;

            async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
                let inner: &$inner = self;
                Executor::query(inner, sql, params).await
            }

            async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
                let inner: &$inner = self;
                Executor::execute(inner, sql, params).await
            }

            async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
                let inner: &$inner = self;
                Executor::batch_execute(inner, sql).await
            }
        }
    )+};
}

#[cfg(feature = "deadpool-postgres")]
execute_as!(deadpool_postgres::Client => Client, deadpool_postgres::Transaction<'_> => Transaction<'_>);
