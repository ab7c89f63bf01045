//! What is called with a database. Each call writes its statement as pieces, finds its text by them, and lends it to the
//! executor, with the place of the program that called.

use std::panic::Location;

use pgkeel_connect::Executor;
use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

use super::list::Ask;
use super::parts::Answer;
use super::scope::Runnable;
use super::writer::Ready;
use super::{Delete, Insert, Select, Update};
use crate::entity::Entity;
use crate::relation::Output;
use crate::row::{ReadRows, read_one, read_scalar};
use crate::{Error, FromRow, repeats};

/// The place of the program that asked for a statement.
pub(crate) type Site = &'static Location<'static>;

pub(crate) async fn rows(ready: &Ready<'_>, database: &impl Executor, site: Site) -> Result<Vec<Row>, Error> {
    repeats::count(&ready.text, site)?;
    Ok(database.called_at(site).query(&ready.text, ready.params().as_slice()).await?)
}

pub(crate) async fn all<R: FromRow>(
    ready: &Ready<'_>,
    database: &impl Executor,
    site: Site,
) -> Result<Vec<R>, Error> {
    repeats::count(&ready.text, site)?;
    let rows: ReadRows<R> =
        database.called_at(site).query_into(&ready.text, ready.params().as_slice()).await?;
    rows.all()
}

async fn row(ready: &Ready<'_>, database: &impl Executor, site: Site) -> Result<Row, Error> {
    repeats::count(&ready.text, site)?;
    Ok(database.called_at(site).query_one(&ready.text, ready.params().as_slice()).await?)
}

pub(crate) async fn one<R: FromRow>(
    ready: &Ready<'_>,
    database: &impl Executor,
    site: Site,
) -> Result<R, Error> {
    read_one(&row(ready, database, site).await?)
}

/// The only row, if there is one.
pub(crate) async fn opt_row(
    ready: &Ready<'_>,
    database: &impl Executor,
    site: Site,
) -> Result<Option<Row>, Error> {
    repeats::count(&ready.text, site)?;
    Ok(database.called_at(site).query_opt(&ready.text, ready.params().as_slice()).await?)
}

pub(crate) async fn opt<R: FromRow>(
    ready: &Ready<'_>,
    database: &impl Executor,
    site: Site,
) -> Result<Option<R>, Error> {
    opt_row(ready, database, site).await?.as_ref().map(read_one).transpose()
}

pub(crate) async fn scalar<T: FromSqlOwned>(
    ready: &Ready<'_>,
    database: &impl Executor,
    site: Site,
) -> Result<T, Error> {
    read_scalar(&row(ready, database, site).await?)
}

/// How many rows were touched.
pub(crate) async fn number(ready: &Ready<'_>, database: &impl Executor, site: Site) -> Result<u64, Error> {
    repeats::count(&ready.text, site)?;
    Ok(database.called_at(site).execute(&ready.text, ready.params().as_slice()).await?)
}

impl<S, R: Output<S>> Select<'_, S, R> {
    /// All rows.
    ///
    /// # Errors
    /// As [`Sql::fetch_all`](crate::Sql::fetch_all), [`Error::TooManyParameters`], and [`Error::Statement`] of several tables.
    #[track_caller]
    pub fn fetch_all(
        self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Vec<R::Row>, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.write(Answer::Rows)?.ready()?;
            Ok(R::all(all(&ready, database, site).await?))
        }
    }

    /// All rows, as they come. What goes on with a call is not counted as another one.
    pub(crate) async fn fetch_rows(
        self,
        database: &impl Executor,
        site: Site,
        is_call: bool,
    ) -> Result<Vec<Row>, Error> {
        let ready = self.write(Answer::Rows)?.ready()?;
        if is_call {
            return rows(&ready, database, site).await;
        }
        Ok(database.called_at(site).query(&ready.text, ready.params().as_slice()).await?)
    }

    /// The only row.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`]: [`is_not_found`](Error::is_not_found) if there is none.
    #[track_caller]
    pub fn fetch_one(self, database: &impl Executor) -> impl Future<Output = Result<R::Row, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.write(Answer::Rows)?.ready()?;
            Ok(R::one(one(&ready, database, site).await?))
        }
    }

    /// The only row, if there is one.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`] of more than one.
    #[track_caller]
    pub fn fetch_opt(
        self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Option<R::Row>, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.write(Answer::Rows)?.ready()?;
            Ok(opt(&ready, database, site).await?.map(R::one))
        }
    }
}

impl<S, R> Select<'_, S, R> {
    /// How many rows there are; of a statement with a limit, no more than that. Rows are not locked.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all).
    #[track_caller]
    pub fn count(self, database: &impl Executor) -> impl Future<Output = Result<i64, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.write(Answer::Count)?.ready()?;
            scalar(&ready, database, site).await
        }
    }

    /// Whether there is a row. Rows are not locked.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all).
    #[track_caller]
    pub fn exists(self, database: &impl Executor) -> impl Future<Output = Result<bool, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.write(Answer::Exists)?.ready()?;
            scalar(&ready, database, site).await
        }
    }
}

impl<E: Entity, R: FromRow> Insert<'_, E, R> {
    /// Gives back the row.
    ///
    /// # Errors
    /// As [`Sql::fetch_one`](crate::Sql::fetch_one): of an insert that does nothing on a conflict,
    /// [`is_not_found`](Error::is_not_found) if it has done nothing.
    #[track_caller]
    pub fn fetch_one(mut self, database: &impl Executor) -> impl Future<Output = Result<R, Error>> + Send {
        let site = Location::caller();
        async move {
            self.seal(database, site).await?;
            let ready = self.write(Ask::Rows)?.ready()?;
            one(&ready, database, site).await
        }
    }

    /// Gives back the row, if one was inserted or, on a conflict, updated.
    ///
    /// # Errors
    /// As [`Sql::fetch_opt`](crate::Sql::fetch_opt).
    #[track_caller]
    pub fn fetch_opt(
        mut self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Option<R>, Error>> + Send {
        let site = Location::caller();
        async move {
            self.seal(database, site).await?;
            let ready = self.write(Ask::Rows)?.ready()?;
            opt(&ready, database, site).await
        }
    }

    /// How many rows were inserted or, on a conflict, updated: 1 or 0.
    ///
    /// # Errors
    /// As [`Sql::execute`](crate::Sql::execute).
    #[track_caller]
    pub fn execute(mut self, database: &impl Executor) -> impl Future<Output = Result<u64, Error>> + Send {
        let site = Location::caller();
        async move {
            self.seal(database, site).await?;
            let ready = self.write(Ask::Number)?.ready()?;
            number(&ready, database, site).await
        }
    }
}

macro_rules! calls_of_many_rows {
    ($statement:ident, $done:literal) => {
        impl<E: Entity, R: FromRow, S> $statement<'_, E, R, S> {
            #[doc = concat!("Gives back the rows that were ", $done, ".")]
            ///
            /// # Errors
            /// As [`Sql::fetch_all`](crate::Sql::fetch_all), and what [`text`](Self::text) says.
            #[track_caller]
            pub fn fetch_all(
                self,
                database: &impl Executor,
            ) -> impl Future<Output = Result<Vec<R>, Error>> + Send
            where
                S: Runnable,
            {
                let site = Location::caller();
                async move {
                    let ready = self.write(Ask::Rows)?.ready()?;
                    all(&ready, database, site).await
                }
            }

            #[doc = concat!("Gives back the only row that was ", $done, ".")]
            ///
            /// # Errors
            /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`]: if that is more than one, the statement was carried
            /// out all the same.
            #[track_caller]
            pub fn fetch_one(self, database: &impl Executor) -> impl Future<Output = Result<R, Error>> + Send
            where
                S: Runnable,
            {
                let site = Location::caller();
                async move {
                    let ready = self.write(Ask::Rows)?.ready()?;
                    one(&ready, database, site).await
                }
            }

            #[doc = concat!("Gives back the only row that was ", $done, ", if there was one.")]
            ///
            /// # Errors
            /// As [`fetch_one`](Self::fetch_one), of more than one.
            #[track_caller]
            pub fn fetch_opt(
                self,
                database: &impl Executor,
            ) -> impl Future<Output = Result<Option<R>, Error>> + Send
            where
                S: Runnable,
            {
                let site = Location::caller();
                async move {
                    let ready = self.write(Ask::Rows)?.ready()?;
                    opt(&ready, database, site).await
                }
            }

            #[doc = concat!("How many rows were ", $done, ".")]
            ///
            /// # Errors
            /// As [`Sql::execute`](crate::Sql::execute), and what [`text`](Self::text) says.
            #[track_caller]
            pub fn execute(self, database: &impl Executor) -> impl Future<Output = Result<u64, Error>> + Send
            where
                S: Runnable,
            {
                let site = Location::caller();
                async move {
                    let ready = self.write(Ask::Number)?.ready()?;
                    number(&ready, database, site).await
                }
            }
        }
    };
}

calls_of_many_rows!(Update, "updated");
calls_of_many_rows!(Delete, "deleted");
