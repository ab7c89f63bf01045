use std::fmt;
use std::panic::Location;

use pgkeel_connect::{Executor, TypedParam};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, Type};

use super::numbers::highest;
use super::tally::{self, AuditedRuns};
use crate::bind::Bind;
use crate::param::{Param, ParamName};
use crate::row::{FromRow, ReadRows, read_one, read_scalar};
use crate::{Error, repeats};

/// As many as a message of the protocol can count.
const MOST: usize = u16::MAX as usize;

/// A statement whose text is made at run time: the one way for such a text, and it says why it is needed.
///
/// Whoever writes one vouches for its text: that every name in it is an [`Ident`](crate::Ident) or a
/// [`Table`](crate::Table), and that no value is in it. Values are parameters here as well, `$1`, `$2`, … in the order of
/// [`bind`](Self::bind).
///
/// Such texts may be many, so nothing is prepared: it takes one round trip, with parameters of their natural types
/// ([`Bind::sent_as`]). Each run is counted by reason and place ([`AuditedSql::runs`]) and, at level DEBUG under the target
/// `pgkeel_query::audited`, an event of `tracing` with both, without text and values.
///
/// More values than the text has parameters are an error, as the server would leave them aside. Fewer are the server's to
/// refuse: in `create function … return $1` the number is not of the statement.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{AuditedSql, Error, Table};
///
/// async fn rows_since(database: &impl Executor, table: &Table, since: i64) -> Result<i64, Error> {
///     let text = format!("select count(*) from {table} where id > $1");
///     AuditedSql::new("counts rows of any table", text).bind(&since).scalar(database).await
/// }
/// ```
///
/// # Cancellation
/// Dropping a future does as the executor says: see [`Executor`].
#[must_use = "a statement is run by `execute` or one of the `fetch_…`"]
pub struct AuditedSql<'a> {
    reason: &'static str,
    text: String,
    params: Vec<Param<'a>>,
    /// What was said of each; `None` for the natural type.
    told: Vec<Option<Type>>,
}

impl<'a> AuditedSql<'a> {
    /// A text, and why it cannot be a literal.
    pub fn new(reason: &'static str, text: impl Into<String>) -> Self {
        Self { reason, text: text.into(), params: Vec::new(), told: Vec::new() }
    }

    /// How often such statements were run in this process, by reason and place.
    #[must_use]
    pub fn runs() -> Vec<AuditedRuns> {
        tally::all()
    }

    /// The value of the next parameter, sent as its natural type.
    pub fn bind(self, value: &'a dyn Bind) -> Self {
        self.next(value, None)
    }

    /// The value of the next parameter, sent as this type, which it has to fit.
    pub fn bind_as(self, value: &'a dyn Bind, kind: Type) -> Self {
        self.next(value, Some(kind))
    }

    fn next(mut self, value: &'a dyn Bind, told: Option<Type>) -> Self {
        // Should it be too many, they are counted before they are sent.
        let number = u16::try_from(self.params.len() + 1).unwrap_or(u16::MAX);
        self.params.push(Param { number, name: ParamName::None, value });
        self.told.push(told);
        self
    }

    /// Why the text is made at run time.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// All rows, to be read by somebody else, who tells where and counts the call.
    pub(crate) async fn rows(
        &self,
        database: &impl Executor,
        site: &'static Location<'static>,
    ) -> Result<Vec<Row>, Error> {
        let typed = self.typed(site)?;
        Ok(database.called_at(site).query_typed(&self.text, &typed).await?)
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`Sql::fetch_all`](crate::Sql::fetch_all), [`Error::TooManyParameters`] and [`Error::UnusedParameters`].
    #[track_caller]
    pub fn fetch_all<T: FromRow>(
        &self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Vec<T>, Error>> + Send {
        let site = Location::caller();
        async move {
            let typed = self.counted(site)?;
            let rows: ReadRows<T> = database.called_at(site).query_typed_into(&self.text, &typed).await?;
            rows.all()
        }
    }

    /// The only row.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`].
    #[track_caller]
    pub fn fetch_one<T: FromRow>(
        &self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        let site = Location::caller();
        async move {
            let typed = self.counted(site)?;
            read_one(&database.called_at(site).query_one_typed(&self.text, &typed).await?)
        }
    }

    /// The only row, if there is one.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`] of more than one.
    #[track_caller]
    pub fn fetch_opt<T: FromRow>(
        &self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Option<T>, Error>> + Send {
        let site = Location::caller();
        async move {
            let typed = self.counted(site)?;
            let row = database.called_at(site).query_opt_typed(&self.text, &typed).await?;
            row.as_ref().map(read_one).transpose()
        }
    }

    /// The only column of the only row.
    ///
    /// # Errors
    /// As [`fetch_one`](Self::fetch_one).
    #[track_caller]
    pub fn scalar<T: FromSqlOwned>(
        &self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        let site = Location::caller();
        async move {
            let typed = self.counted(site)?;
            read_scalar(&database.called_at(site).query_one_typed(&self.text, &typed).await?)
        }
    }

    /// How many rows the statement touched.
    ///
    /// # Errors
    /// That a value does not fit, [`Error::TooManyParameters`], [`Error::UnusedParameters`], and what the executor says.
    #[track_caller]
    pub fn execute(&self, database: &impl Executor) -> impl Future<Output = Result<u64, Error>> + Send {
        let site = Location::caller();
        async move {
            let typed = self.counted(site)?;
            Ok(database.called_at(site).execute_typed(&self.text, &typed).await?)
        }
    }

    /// As [`typed`](Self::typed), of a call: counts it for who looks for loops.
    fn counted(&self, site: &'static Location<'static>) -> Result<Vec<TypedParam<'_>>, Error> {
        repeats::count_audited(&self.text, self.reason, site)?;
        self.typed(site)
    }

    /// The parameters with their types; counts the run.
    fn typed(&self, site: &'static Location<'static>) -> Result<Vec<TypedParam<'_>>, Error> {
        let found = self.params.len();
        if found > MOST {
            return Err(Error::TooManyParameters { found });
        }
        if let Some(expected) = highest(&self.text).filter(|expected| found > *expected) {
            return Err(Error::UnusedParameters { expected, found });
        }
        let typed = self.params.iter().zip(&self.told).map(|(param, told)| param.typed(told.as_ref()));
        let typed = typed.collect::<Result<_, _>>().map_err(Error::Parameter)?;
        tally::count(self.reason, site);
        tracing::debug!(target: "pgkeel_query::audited", reason = self.reason, at = %site, "a text made at run time");
        Ok(typed)
    }
}

/// Without text and values.
impl fmt::Debug for AuditedSql<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut statement = f.debug_struct("AuditedSql");
        statement.field("reason", &self.reason).field("params", &self.params.len()).finish_non_exhaustive()
    }
}
