//! What is called with a database. Each call writes its statement anew, and lends it to the executor.

use pgkeel_connect::Executor;

use super::list::Ask;
use super::parts::Answer;
use super::scope::Runnable;
use super::writer::Written;
use super::{Delete, Insert, Select, Update};
use crate::entity::Entity;
use crate::relation::Output;
use crate::row::{read_all, read_one, read_scalar};
use crate::{Error, FromRow};

async fn all<R: FromRow>(written: Written<'_>, database: &impl Executor) -> Result<Vec<R>, Error> {
    read_all(&database.query(&written.text, &written.params()).await?)
}

async fn one<R: FromRow>(written: Written<'_>, database: &impl Executor) -> Result<R, Error> {
    read_one(&database.query_one(&written.text, &written.params()).await?)
}

async fn opt<R: FromRow>(written: Written<'_>, database: &impl Executor) -> Result<Option<R>, Error> {
    database.query_opt(&written.text, &written.params()).await?.as_ref().map(read_one).transpose()
}

async fn number(written: Written<'_>, database: &impl Executor) -> Result<u64, Error> {
    Ok(database.execute(&written.text, &written.params()).await?)
}

impl<S, R: Output<S>> Select<'_, S, R> {
    /// All rows.
    ///
    /// # Errors
    /// As [`Sql::fetch_all`](crate::Sql::fetch_all), [`Error::TooManyParameters`], and [`Error::Statement`] of several tables.
    pub async fn fetch_all(self, database: &impl Executor) -> Result<Vec<R::Row>, Error> {
        Ok(R::all(all(self.write(Answer::Rows)?, database).await?))
    }

    /// The only row.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`]: [`is_not_found`](Error::is_not_found) if there is none.
    pub async fn fetch_one(self, database: &impl Executor) -> Result<R::Row, Error> {
        Ok(R::one(one(self.write(Answer::Rows)?, database).await?))
    }

    /// The only row, if there is one.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`] of more than one.
    pub async fn fetch_opt(self, database: &impl Executor) -> Result<Option<R::Row>, Error> {
        Ok(opt(self.write(Answer::Rows)?, database).await?.map(R::one))
    }
}

impl<S, R> Select<'_, S, R> {
    /// How many rows there are; of a statement with a limit, no more than that. Rows are not locked.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn count(self, database: &impl Executor) -> Result<i64, Error> {
        let written = self.write(Answer::Count)?;
        read_scalar(&database.query_one(&written.text, &written.params()).await?)
    }

    /// Whether there is a row. Rows are not locked.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn exists(self, database: &impl Executor) -> Result<bool, Error> {
        let written = self.write(Answer::Exists)?;
        read_scalar(&database.query_one(&written.text, &written.params()).await?)
    }
}

impl<E: Entity, R: FromRow> Insert<'_, E, R> {
    /// Gives back the row.
    ///
    /// # Errors
    /// As [`Sql::fetch_one`](crate::Sql::fetch_one): of an insert that does nothing on a conflict,
    /// [`is_not_found`](Error::is_not_found) if it has done nothing.
    pub async fn fetch_one(self, database: &impl Executor) -> Result<R, Error> {
        one(self.write(Ask::Rows)?, database).await
    }

    /// Gives back the row, if one was inserted or, on a conflict, updated.
    ///
    /// # Errors
    /// As [`Sql::fetch_opt`](crate::Sql::fetch_opt).
    pub async fn fetch_opt(self, database: &impl Executor) -> Result<Option<R>, Error> {
        opt(self.write(Ask::Rows)?, database).await
    }

    /// How many rows were inserted or, on a conflict, updated: 1 or 0.
    ///
    /// # Errors
    /// As [`Sql::execute`](crate::Sql::execute).
    pub async fn execute(self, database: &impl Executor) -> Result<u64, Error> {
        number(self.write(Ask::Number)?, database).await
    }
}

macro_rules! calls_of_many_rows {
    ($statement:ident, $done:literal) => {
        impl<E: Entity, R: FromRow, S> $statement<'_, E, R, S> {
            #[doc = concat!("Gives back the rows that were ", $done, ".")]
            ///
            /// # Errors
            /// As [`Sql::fetch_all`](crate::Sql::fetch_all), and what [`text`](Self::text) says.
            pub async fn fetch_all(self, database: &impl Executor) -> Result<Vec<R>, Error>
            where
                S: Runnable,
            {
                all(self.write(Ask::Rows)?, database).await
            }

            #[doc = concat!("Gives back the only row that was ", $done, ".")]
            ///
            /// # Errors
            /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`]: if that is more than one, the statement was carried
            /// out all the same.
            pub async fn fetch_one(self, database: &impl Executor) -> Result<R, Error>
            where
                S: Runnable,
            {
                one(self.write(Ask::Rows)?, database).await
            }

            #[doc = concat!("Gives back the only row that was ", $done, ", if there was one.")]
            ///
            /// # Errors
            /// As [`fetch_one`](Self::fetch_one), of more than one.
            pub async fn fetch_opt(self, database: &impl Executor) -> Result<Option<R>, Error>
            where
                S: Runnable,
            {
                opt(self.write(Ask::Rows)?, database).await
            }

            #[doc = concat!("How many rows were ", $done, ".")]
            ///
            /// # Errors
            /// As [`Sql::execute`](crate::Sql::execute), and what [`text`](Self::text) says.
            pub async fn execute(self, database: &impl Executor) -> Result<u64, Error>
            where
                S: Runnable,
            {
                number(self.write(Ask::Number)?, database).await
            }
        }
    };
}

calls_of_many_rows!(Update, "updated");
calls_of_many_rows!(Delete, "deleted");
