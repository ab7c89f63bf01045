//! What is called with a database. Each call writes its statement anew, and lends it to the executor.

use std::panic::Location;

use pgkeel_connect::Executor;
use tokio_postgres::Row;

use super::list::Ask;
use super::parts::Answer;
use super::scope::Runnable;
use super::writer::Written;
use super::{Delete, Insert, Select, Update};
use crate::entity::Entity;
use crate::relation::Output;
use crate::row::{read_all, read_one};
use crate::{Error, FromRow, repeats};

/// The call of a statement, in the program.
type Place = &'static Location<'static>;

async fn rows(written: Written<'_>, database: &impl Executor, at: Place) -> Result<Vec<Row>, Error> {
    repeats::count(&written.text, at)?;
    Ok(database.query(&written.text, &written.params()).await?)
}

async fn all<R: FromRow>(written: Written<'_>, database: &impl Executor, at: Place) -> Result<Vec<R>, Error> {
    read_all(&rows(written, database, at).await?)
}

async fn one<R: FromRow>(written: Written<'_>, database: &impl Executor, at: Place) -> Result<R, Error> {
    repeats::count(&written.text, at)?;
    read_one(&database.query_one(&written.text, &written.params()).await?)
}

/// The only row, if there is one.
pub(crate) async fn opt_row(
    written: Written<'_>,
    database: &impl Executor,
    at: Place,
) -> Result<Option<Row>, Error> {
    repeats::count(&written.text, at)?;
    Ok(database.query_opt(&written.text, &written.params()).await?)
}

async fn opt<R: FromRow>(
    written: Written<'_>,
    database: &impl Executor,
    at: Place,
) -> Result<Option<R>, Error> {
    opt_row(written, database, at).await?.as_ref().map(read_one).transpose()
}

/// How many rows were touched.
pub(crate) async fn number(written: Written<'_>, database: &impl Executor, at: Place) -> Result<u64, Error> {
    repeats::count(&written.text, at)?;
    Ok(database.execute(&written.text, &written.params()).await?)
}

impl<S, R: Output<S>> Select<'_, S, R> {
    /// All rows.
    ///
    /// # Errors
    /// As [`Sql::fetch_all`](crate::Sql::fetch_all), [`Error::TooManyParameters`], and [`Error::Statement`] of several tables.
    #[track_caller]
    pub fn fetch_all(self, database: &impl Executor) -> impl Future<Output = Result<Vec<R::Row>, Error>> {
        let at = Location::caller();
        async move { Ok(R::all(all(self.write(Answer::Rows)?, database, at).await?)) }
    }

    /// All rows, as they come; whoever asks for them counts the call.
    pub(crate) async fn fetch_rows(self, database: &impl Executor) -> Result<Vec<Row>, Error> {
        let written = self.write(Answer::Rows)?;
        Ok(database.query(&written.text, &written.params()).await?)
    }

    /// The only row.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`]: [`is_not_found`](Error::is_not_found) if there is none.
    #[track_caller]
    pub fn fetch_one(self, database: &impl Executor) -> impl Future<Output = Result<R::Row, Error>> {
        let at = Location::caller();
        async move { Ok(R::one(one(self.write(Answer::Rows)?, database, at).await?)) }
    }

    /// The only row, if there is one.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`] of more than one.
    #[track_caller]
    pub fn fetch_opt(self, database: &impl Executor) -> impl Future<Output = Result<Option<R::Row>, Error>> {
        let at = Location::caller();
        async move { Ok(opt(self.write(Answer::Rows)?, database, at).await?.map(R::one)) }
    }
}

impl<S, R> Select<'_, S, R> {
    /// How many rows there are; of a statement with a limit, no more than that. Rows are not locked.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all).
    #[track_caller]
    pub fn count(self, database: &impl Executor) -> impl Future<Output = Result<i64, Error>> {
        let at = Location::caller();
        async move {
            let written = self.write(Answer::Count)?;
            one(written, database, at).await.map(|(answer,)| answer)
        }
    }

    /// Whether there is a row. Rows are not locked.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all).
    #[track_caller]
    pub fn exists(self, database: &impl Executor) -> impl Future<Output = Result<bool, Error>> {
        let at = Location::caller();
        async move {
            let written = self.write(Answer::Exists)?;
            one(written, database, at).await.map(|(answer,)| answer)
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
    pub fn fetch_one(self, database: &impl Executor) -> impl Future<Output = Result<R, Error>> {
        let at = Location::caller();
        async move { one(self.write(Ask::Rows)?, database, at).await }
    }

    /// Gives back the row, if one was inserted or, on a conflict, updated.
    ///
    /// # Errors
    /// As [`Sql::fetch_opt`](crate::Sql::fetch_opt).
    #[track_caller]
    pub fn fetch_opt(self, database: &impl Executor) -> impl Future<Output = Result<Option<R>, Error>> {
        let at = Location::caller();
        async move { opt(self.write(Ask::Rows)?, database, at).await }
    }

    /// How many rows were inserted or, on a conflict, updated: 1 or 0.
    ///
    /// # Errors
    /// As [`Sql::execute`](crate::Sql::execute).
    #[track_caller]
    pub fn execute(self, database: &impl Executor) -> impl Future<Output = Result<u64, Error>> {
        let at = Location::caller();
        async move { number(self.write(Ask::Number)?, database, at).await }
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
            pub fn fetch_all(self, database: &impl Executor) -> impl Future<Output = Result<Vec<R>, Error>>
            where
                S: Runnable,
            {
                let at = Location::caller();
                async move { all(self.write(Ask::Rows)?, database, at).await }
            }

            #[doc = concat!("Gives back the only row that was ", $done, ".")]
            ///
            /// # Errors
            /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`]: if that is more than one, the statement was carried
            /// out all the same.
            #[track_caller]
            pub fn fetch_one(self, database: &impl Executor) -> impl Future<Output = Result<R, Error>>
            where
                S: Runnable,
            {
                let at = Location::caller();
                async move { one(self.write(Ask::Rows)?, database, at).await }
            }

            #[doc = concat!("Gives back the only row that was ", $done, ", if there was one.")]
            ///
            /// # Errors
            /// As [`fetch_one`](Self::fetch_one), of more than one.
            #[track_caller]
            pub fn fetch_opt(self, database: &impl Executor) -> impl Future<Output = Result<Option<R>, Error>>
            where
                S: Runnable,
            {
                let at = Location::caller();
                async move { opt(self.write(Ask::Rows)?, database, at).await }
            }

            #[doc = concat!("How many rows were ", $done, ".")]
            ///
            /// # Errors
            /// As [`Sql::execute`](crate::Sql::execute), and what [`text`](Self::text) says.
            #[track_caller]
            pub fn execute(self, database: &impl Executor) -> impl Future<Output = Result<u64, Error>>
            where
                S: Runnable,
            {
                let at = Location::caller();
                async move { number(self.write(Ask::Number)?, database, at).await }
            }
        }
    };
}

calls_of_many_rows!(Update, "updated");
calls_of_many_rows!(Delete, "deleted");
