use std::fmt;
use std::panic::Location;

use pgkeel_connect::Executor;
use tokio_postgres::types::{FromSqlOwned, ToSql};

use crate::row::{FromRow, ReadRows, read_one, read_scalar};
use crate::{Error, repeats};

/// A statement whose text is a literal of the program, with its values: what [`sql!`](crate::sql!) makes.
///
/// As there are no more texts than places in the program, they run prepared: [`Executor::query`] and its like.
///
/// # Cancellation
/// Dropping a future does as the executor says: see [`Executor`].
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "`sql!` writes it out, so that its values live as long as it does"
)]
#[must_use = "a statement is run by `execute` or one of the `fetch_…`"]
pub struct Sql<'a> {
    /// No public interface: use [`sql!`](crate::sql!).
    #[doc(hidden)]
    pub text: &'static str,
    /// No public interface: use [`sql!`](crate::sql!).
    #[doc(hidden)]
    pub params: &'a [&'a (dyn ToSql + Sync)],
}

impl<'a> Sql<'a> {
    /// The text as the server gets it: `$1`, `$2`, … in place of the names.
    #[must_use]
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// To be explained: see [`explain`](crate::explain).
    #[cfg(feature = "explain")]
    pub fn explain(self) -> crate::explain::Explain<'a> {
        crate::explain::Explain::of_literal(self.text, self.params)
    }

    /// All rows, each read as it comes. From the first on that cannot be read none is kept; the statement comes to its end all the
    /// same, and fails no transaction.
    ///
    /// # Errors
    /// That a value does not fit, that the columns do not, what the executor says, and that a value of a row cannot be
    /// read. The columns are looked at with the first row: a statement without rows does not tell them.
    #[track_caller]
    pub fn fetch_all<T: FromRow>(
        self,
        database: &'a impl Executor,
    ) -> impl Future<Output = Result<Vec<T>, Error>> + Send {
        let (at, rows) = (Location::caller(), database.query_into::<ReadRows<T>>(self.text, self.params));
        async move {
            repeats::count(self.text, at)?;
            rows.await?.all()
        }
    }

    /// The only row.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`]: [`is_not_found`](Error::is_not_found) if there is none.
    #[track_caller]
    pub fn fetch_one<T: FromRow>(
        self,
        database: &'a impl Executor,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        let (at, row) = (Location::caller(), database.query_one(self.text, self.params));
        async move {
            repeats::count(self.text, at)?;
            read_one(&row.await?)
        }
    }

    /// The only row, if there is one.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`] of more than one.
    #[track_caller]
    pub fn fetch_opt<T: FromRow>(
        self,
        database: &'a impl Executor,
    ) -> impl Future<Output = Result<Option<T>, Error>> + Send {
        let (at, row) = (Location::caller(), database.query_opt(self.text, self.params));
        async move {
            repeats::count(self.text, at)?;
            row.await?.as_ref().map(read_one).transpose()
        }
    }

    /// The only column of the only row.
    ///
    /// # Errors
    /// As [`fetch_one`](Self::fetch_one).
    #[track_caller]
    pub fn scalar<T: FromSqlOwned>(
        self,
        database: &'a impl Executor,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        let (at, row) = (Location::caller(), database.query_one(self.text, self.params));
        async move {
            repeats::count(self.text, at)?;
            read_scalar(&row.await?)
        }
    }

    /// How many rows the statement touched.
    ///
    /// # Errors
    /// That a value does not fit, and what the executor says.
    #[track_caller]
    pub fn execute(self, database: &'a impl Executor) -> impl Future<Output = Result<u64, Error>> + Send {
        let (at, touched) = (Location::caller(), database.execute(self.text, self.params));
        async move {
            repeats::count(self.text, at)?;
            Ok(touched.await?)
        }
    }
}

/// Without the values.
impl fmt::Debug for Sql<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sql").field("text", &self.text).field("params", &self.params.len()).finish()
    }
}
