use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use pgkeel_connect::{Executor, TypedParam};
use tokio_postgres::types::{FromSqlOwned, Type};

use crate::Error;
use crate::bind::Bind;
use crate::param::{Param, ParamName};
use crate::row::{FromRow, read_all, read_one, read_scalar};

/// As many as a message of the protocol can count.
const MOST: usize = u16::MAX as usize;

/// How often one was run in this process.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// A statement whose text is made at run time: the one way for such a text, and it says why it is needed.
///
/// Whoever writes one vouches for its text: that every name in it is an [`Ident`](crate::Ident) or a
/// [`Table`](crate::Table), and that no value is in it. Values are parameters here as well, `$1`, `$2`, … in the order of
/// [`bind`](Self::bind).
///
/// Such texts may be many, so nothing is prepared: it takes one round trip, with parameters of their natural types
/// ([`Bind::natural_type`]). Each run is counted ([`AuditedSql::runs`]) and, at level DEBUG under the target
/// `pgkeel_query::audited`, an event of `tracing` with the reason and the place of the call, without text and values.
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
    params: Vec<(&'a dyn Bind, Option<Type>)>,
}

impl<'a> AuditedSql<'a> {
    /// A text, and why it cannot be a literal.
    pub fn new(reason: &'static str, text: impl Into<String>) -> Self {
        Self { reason, text: text.into(), params: Vec::new() }
    }

    /// How often such statements were run in this process.
    #[must_use]
    pub fn runs() -> u64 {
        RUNS.load(Ordering::Relaxed)
    }

    /// The value of the next parameter, sent as its natural type.
    pub fn bind(mut self, value: &'a dyn Bind) -> Self {
        self.params.push((value, None));
        self
    }

    /// The value of the next parameter, sent as this type, which it has to fit.
    pub fn bind_as(mut self, value: &'a dyn Bind, kind: Type) -> Self {
        self.params.push((value, Some(kind)));
        self
    }

    /// Why the text is made at run time.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`Sql::fetch_all`](crate::Sql::fetch_all), and [`Error::TooManyParameters`].
    #[track_caller]
    pub fn fetch_all<T: FromRow>(
        &self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Vec<T>, Error>> + Send {
        let site = Location::caller();
        async move {
            let params = self.params()?;
            let typed = self.typed(&params, site)?;
            read_all(&database.query_typed(&self.text, &typed).await?)
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
            let params = self.params()?;
            let typed = self.typed(&params, site)?;
            read_one(&database.query_one_typed(&self.text, &typed).await?)
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
            let params = self.params()?;
            let typed = self.typed(&params, site)?;
            let row = database.query_opt_typed(&self.text, &typed).await?;
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
            let params = self.params()?;
            let typed = self.typed(&params, site)?;
            read_scalar(&database.query_one_typed(&self.text, &typed).await?)
        }
    }

    /// How many rows the statement touched.
    ///
    /// # Errors
    /// That a value does not fit, [`Error::TooManyParameters`], and what the executor says.
    #[track_caller]
    pub fn execute(&self, database: &impl Executor) -> impl Future<Output = Result<u64, Error>> + Send {
        let site = Location::caller();
        async move {
            let params = self.params()?;
            let typed = self.typed(&params, site)?;
            Ok(database.execute_typed(&self.text, &typed).await?)
        }
    }

    fn params(&self) -> Result<Vec<Param<'a>>, Error> {
        if self.params.len() > MOST {
            return Err(Error::TooManyParameters { found: self.params.len() });
        }
        let param = |(number, (value, _)): (u16, &(&'a dyn Bind, Option<Type>))| Param {
            number,
            name: ParamName::None,
            value: *value,
        };
        Ok((1..=u16::MAX).zip(&self.params).map(param).collect())
    }

    /// The parameters with their types; counts the run.
    fn typed<'p>(
        &self,
        params: &'p [Param<'_>],
        site: &'static Location<'static>,
    ) -> Result<Vec<TypedParam<'p>>, Error> {
        let told = self.params.iter().map(|(_, kind)| kind.as_ref());
        let typed = params.iter().zip(told).map(|(param, told)| param.typed(told));
        let typed = typed.collect::<Result<_, _>>().map_err(Error::Parameter)?;
        RUNS.fetch_add(1, Ordering::Relaxed);
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
