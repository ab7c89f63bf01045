use std::panic::Location;

use futures_util::{FutureExt as _, TryStreamExt as _};
use tokio_postgres::types::{FromSqlOwned, ToSql};
use tokio_postgres::{Client, Row, Transaction};

use crate::{DatabaseError, EncodedParams, Error, TypedParam};

/// Runs single statements: a connection, a session, a pool, a transaction.
///
/// Futures are `Send`, so statements run under `tokio::spawn`. The trait is not meant for `dyn`: take
/// `&impl Executor`.
///
/// Implementations that tell where a statement was run mean the place that calls these methods, unless
/// [`called_at`](Self::called_at) says another.
///
/// # Typed statements
/// [`query`](Self::query) and its like have the server say first which types the parameters are of: a round trip for a text
/// that is new to the connection. Implementations may keep what came of that, for the next time. For a text that is run
/// once, or seldom, [`query_typed`](Self::query_typed) and its like are told the types and do with one round trip; nothing
/// of the statement is kept.
///
/// ```
/// use pgkeel_connect::{Executor, Type};
///
/// async fn rows_of<E: Executor>(database: &E, table: &str, since: i64) -> Result<i64, E::Error> {
///     let sql = format!("select count(*) from {table} where id > $1"); // As many texts as there are tables.
///     database.query_scalar_typed(&sql, &[(&since, Type::INT8)]).await
/// }
/// # let _ = rows_of::<pgkeel_connect::Connection>;
/// ```
///
/// The server converts a parameter from its declared type as it would convert an expression of that type, so a value for
/// a type of one's own is best cast (`$1::text::mood` with [`Type::TEXT`](crate::Type::TEXT)), or declared with the
/// [`Type`](crate::Type) that a column of a row has told. [`Type::UNKNOWN`](crate::Type::UNKNOWN) leaves the type of a text
/// to the server, as quotes do. If a column of the rows has a type that is not built in and new to the connection, it is
/// asked for behind the statement, in further round trips.
///
/// # Cancellation
/// Dropping the future of a statement stops the waiting, not the server. Implementations that share connections keep
/// such a connection from the next user until it is clean.
pub trait Executor: Sync {
    /// What goes wrong.
    type Error: DatabaseError + From<Error>;

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

    /// Runs a statement and gives its rows to a collection as they come, so that they need not all be there at once. What a
    /// row is made into there takes its time from the statement's.
    ///
    /// A collection has rows of one run of the statement, each once, in their order: a statement that is run again begins with
    /// an empty one. It must not use the executor that fills it, which may be locked while it does.
    ///
    /// ```
    /// use pgkeel_connect::Executor;
    /// use tokio_postgres::Row;
    ///
    /// #[derive(Default)]
    /// struct Letters(usize);
    ///
    /// impl Extend<Row> for Letters {
    ///     fn extend<I: IntoIterator<Item = Row>>(&mut self, rows: I) {
    ///         self.0 += rows.into_iter().map(|row| row.get::<_, &str>(0).len()).sum::<usize>();
    ///     }
    /// }
    ///
    /// async fn letters<E: Executor>(database: &E) -> Result<usize, E::Error> {
    ///     let Letters(letters) = database.query_into("select name from users", &[]).await?;
    ///     Ok(letters)
    /// }
    /// # let _ = letters::<pgkeel_connect::Connection>;
    /// ```
    ///
    /// # Errors
    /// As [`query`](Self::query).
    #[track_caller]
    fn query_into<C: Default + Extend<Row> + Send>(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<C, Self::Error>> + Send {
        self.query(sql, params).map(|done| Ok(collected(done?)))
    }

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

    /// Runs a statement whose parameters come with their types, and collects its rows; see
    /// [typed statements](Self#typed-statements).
    ///
    /// # Errors
    /// That the server refused, or that the connection is over; an error of asking for the types of columns comes when the
    /// statement has been carried out. [`Error::Parameter`] if a value does not fit its type: nothing was sent.
    #[track_caller]
    fn query_typed(
        &self,
        sql: &str,
        params: &[TypedParam<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, Self::Error>> + Send;

    /// Runs a statement whose parameters come with their types, and gives its rows to a collection as they come, as
    /// [`query_into`](Self::query_into) does; see [typed statements](Self#typed-statements).
    ///
    /// # Errors
    /// As [`query_typed`](Self::query_typed).
    #[track_caller]
    fn query_typed_into<C: Default + Extend<Row> + Send>(
        &self,
        sql: &str,
        params: &[TypedParam<'_>],
    ) -> impl Future<Output = Result<C, Self::Error>> + Send {
        self.query_typed(sql, params).map(|done| Ok(collected(done?)))
    }

    /// Runs a statement whose parameters come with their types, and returns the number of rows that it touched; see
    /// [typed statements](Self#typed-statements).
    ///
    /// # Errors
    /// As [`query_typed`](Self::query_typed); nothing is asked for behind the statement.
    #[track_caller]
    fn execute_typed(
        &self,
        sql: &str,
        params: &[TypedParam<'_>],
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;

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
        self.query_opt(sql, params).map(|done| Ok(exactly_one(done?)?))
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
        self.query_one(sql, params).map(|done| Ok(first_column(&done?)?))
    }

    /// Runs a statement that has exactly one row, its parameters with their types.
    ///
    /// # Errors
    /// As [`query_typed`](Self::query_typed), and [`Error::RowCount`].
    #[track_caller]
    fn query_one_typed(
        &self,
        sql: &str,
        params: &[TypedParam<'_>],
    ) -> impl Future<Output = Result<Row, Self::Error>> + Send {
        self.query_opt_typed(sql, params).map(|done| Ok(exactly_one(done?)?))
    }

    /// Runs a statement that has at most one row, its parameters with their types.
    ///
    /// # Errors
    /// As [`query_typed`](Self::query_typed), and [`Error::RowCount`].
    #[track_caller]
    fn query_opt_typed(
        &self,
        sql: &str,
        params: &[TypedParam<'_>],
    ) -> impl Future<Output = Result<Option<Row>, Self::Error>> + Send {
        self.query_typed(sql, params).map(|done| Ok(at_most_one(done?)?))
    }

    /// Runs a statement that has exactly one row, its parameters with their types, and takes the row's first column.
    ///
    /// # Errors
    /// As [`query_one_typed`](Self::query_one_typed), and [`Error::Decode`].
    #[track_caller]
    fn query_scalar_typed<T: FromSqlOwned>(
        &self,
        sql: &str,
        params: &[TypedParam<'_>],
    ) -> impl Future<Output = Result<T, Self::Error>> + Send {
        self.query_one_typed(sql, params).map(|done| Ok(first_column(&done?)?))
    }

    /// The same, for who runs statements on behalf of others: where it is told where a statement was run, that is this place.
    ///
    /// Of an implementation that knows no places it is the implementation itself.
    fn called_at(&self, site: &'static Location<'static>) -> impl Executor<Error = Self::Error> + Send {
        let _ = site;
        self
    }
}

macro_rules! forward {
    ($($method:ident$(<$rows:ident>)?($($name:ident: $kind:ty),*) -> $done:ty;)+) => {$(
        #[track_caller]
        fn $method$(<$rows: Default + Extend<Row> + Send>)?(
            &self,
            $($name: $kind),*
        ) -> impl Future<Output = Result<$done, Self::Error>> + Send {
            E::$method(self, $($name),*)
        }
    )+};
}

/// What it points to.
impl<E: Executor + ?Sized> Executor for &E {
    type Error = E::Error;

    forward! {
        query(sql: &str, params: &[&(dyn ToSql + Sync)]) -> Vec<Row>;
        query_into<C>(sql: &str, params: &[&(dyn ToSql + Sync)]) -> C;
        query_opt(sql: &str, params: &[&(dyn ToSql + Sync)]) -> Option<Row>;
        query_one(sql: &str, params: &[&(dyn ToSql + Sync)]) -> Row;
        execute(sql: &str, params: &[&(dyn ToSql + Sync)]) -> u64;
        batch_execute(sql: &str) -> ();
        query_typed(sql: &str, params: &[TypedParam<'_>]) -> Vec<Row>;
        query_typed_into<C>(sql: &str, params: &[TypedParam<'_>]) -> C;
        query_opt_typed(sql: &str, params: &[TypedParam<'_>]) -> Option<Row>;
        query_one_typed(sql: &str, params: &[TypedParam<'_>]) -> Row;
        execute_typed(sql: &str, params: &[TypedParam<'_>]) -> u64;
    }

    fn called_at(&self, site: &'static Location<'static>) -> impl Executor<Error = Self::Error> + Send {
        E::called_at(self, site)
    }
}

fn collected<C: Default + Extend<Row>>(rows: Vec<Row>) -> C {
    let mut collected = C::default();
    collected.extend(rows);
    collected
}

fn exactly_one(row: Option<Row>) -> Result<Row, Error> {
    row.ok_or(Error::RowCount { expected: "one row", found: 0 })
}

fn first_column<T: FromSqlOwned>(row: &Row) -> Result<T, Error> {
    row.try_get(0).map_err(|source| Error::Decode { column: 0, source })
}

fn at_most_one(mut rows: Vec<Row>) -> Result<Option<Row>, Error> {
    match rows.len() {
        0 | 1 => Ok(rows.pop()),
        found => Err(Error::RowCount { expected: "at most one row", found }),
    }
}

/// The driver's own types, which all have these methods under these names.
macro_rules! execute_with_methods_of {
    ($($(#[$attribute:meta])* $client:ty),+ $(,)?) => {$(
        $(#[$attribute])*
        impl Executor for $client {
            type Error = Error;

            async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
                Ok(<$client>::query(self, sql, params).await?)
            }

            async fn query_into<C: Default + Extend<Row> + Send>(
                &self,
                sql: &str,
                params: &[&(dyn ToSql + Sync)],
            ) -> Result<C, Error> {
                Ok(<$client>::query_raw(self, sql, params.iter().copied()).await?.try_collect().await?)
            }

            async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
                Ok(<$client>::execute(self, sql, params).await?)
            }

            async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
                Ok(<$client>::batch_execute(self, sql).await?)
            }

            async fn query_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<Vec<Row>, Error> {
                Executor::query_typed_into(self, sql, params).await
            }

            async fn query_typed_into<C: Default + Extend<Row> + Send>(
                &self,
                sql: &str,
                params: &[TypedParam<'_>],
            ) -> Result<C, Error> {
                let params = EncodedParams::of(params)?;
                Ok(<$client>::query_typed_raw(self, sql, params.iter()).await?.try_collect().await?)
            }

            async fn execute_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<u64, Error> {
                let params = EncodedParams::of(params)?;
                Ok(<$client>::execute_typed(self, sql, &params.typed()).await?)
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

            async fn query_into<C: Default + Extend<Row> + Send>(
                &self,
                sql: &str,
                params: &[&(dyn ToSql + Sync)],
            ) -> Result<C, Error> {
                let inner: &$inner = self;
                Executor::query_into(inner, sql, params).await
            }

            async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
                let inner: &$inner = self;
                Executor::execute(inner, sql, params).await
            }

            async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
                let inner: &$inner = self;
                Executor::batch_execute(inner, sql).await
            }

            async fn query_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<Vec<Row>, Error> {
                let inner: &$inner = self;
                Executor::query_typed(inner, sql, params).await
            }

            async fn query_typed_into<C: Default + Extend<Row> + Send>(
                &self,
                sql: &str,
                params: &[TypedParam<'_>],
            ) -> Result<C, Error> {
                let inner: &$inner = self;
                Executor::query_typed_into(inner, sql, params).await
            }

            async fn execute_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<u64, Error> {
                let inner: &$inner = self;
                Executor::execute_typed(inner, sql, params).await
            }
        }
    )+};
}

#[cfg(feature = "deadpool-postgres")]
execute_as!(deadpool_postgres::Client => Client, deadpool_postgres::Transaction<'_> => Transaction<'_>);
