use std::fmt;
use std::panic::Location;

use pgkeel_connect::Executor;

use super::{IntoNames, IntoTable, Name, Named, NamedOrder};
use crate::few::Few;
use crate::param::ParamName;
use crate::row::Plan;
use crate::statement::calls::{all, one, opt, scalar};
use crate::statement::condition::write_where;
use crate::statement::select::count;
use crate::statement::writer::{Writer, Written, describe};
use crate::statement::{Condition, Filter};
use crate::{Error, FromRow};

/// A `select` of a table that is known by its name alone, for the line that is not worth an [`Entity`](crate::Entity).
///
/// Names are literals of the program or [`Ident`](crate::Ident)s and quoted, values are parameters, so there is no text to be
/// put together; and a `String` is no name.
///
/// ```
/// # use pgkeel_testkit::TestDatabase;
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{col, q};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = TestDatabase::empty().await;
/// # let db = database.connection().await;
/// # db.batch_execute("create table users(id int8, email text); insert into users values (1, 'a@b'), (2, null)").await?;
/// let rows: Vec<(i64, Option<String>)> = q("users").select(("id", "email")).limit(10).fetch_all(&db).await?;
/// assert_eq!(rows.len(), 2);
///
/// let email = "a@b".to_owned();
/// let statement = q("users").select(("id",)).filter(col("email").eq(&email) & col("id").lt(7_i64));
/// let (id,): (i64,) = statement.order_by([col("id").desc()]).fetch_one(&db).await?;
/// assert_eq!(id, 1);
/// # Ok(())
/// # }
/// ```
///
/// What a user gave is no name, and does not compile:
/// ```compile_fail,E0277
/// let table: String = std::env::args().next().unwrap_or_default();
/// let _ = pgkeel_query::q(table);
/// ```
pub fn q<'a>(table: impl IntoTable) -> NamedSelect<'a> {
    let (schema, table) = table.into_table();
    NamedSelect {
        schema,
        table,
        columns: Vec::new(),
        conditions: Few::None,
        order: Vec::new(),
        limit: None,
        offset: None,
    }
}

/// A `select` of a table that is known by its name alone, by [`q`].
///
/// # Cancellation
/// Dropping a future does as the executor says: see [`Executor`].
#[derive(Clone)]
#[must_use = "a statement is run by one of the `fetch_…`, `count` or `exists`"]
pub struct NamedSelect<'a> {
    schema: Option<Name>,
    table: Name,
    columns: Vec<Name>,
    conditions: Few<Condition<'a>>,
    order: Vec<NamedOrder>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// What stands behind `select`.
enum List {
    Names(Vec<&'static str>),
    Said,
    One,
}

impl<'a> NamedSelect<'a> {
    /// These columns, behind those that were said before. Without any, those are selected whose names the fields of a struct have
    /// that rows are read as.
    pub fn select(mut self, columns: impl IntoNames) -> Self {
        self.columns.extend(columns.into_names());
        self
    }

    /// Rows for which this holds, besides all that was said before.
    pub fn filter(mut self, filter: Filter<'a, Named>) -> Self {
        self.conditions.push(filter.condition);
        self
    }

    /// If there is a value, rows for which what is made of it holds.
    pub fn and_if_some<T>(self, value: Option<T>, filter: impl FnOnce(T) -> Filter<'a, Named>) -> Self {
        match value {
            Some(value) => self.filter(filter(value)),
            None => self,
        }
    }

    /// Ordered by these, behind the orders that were said before.
    pub fn order_by(mut self, order: impl IntoIterator<Item = NamedOrder>) -> Self {
        self.order.extend(order);
        self
    }

    /// No more rows than this.
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(count(rows));
        self
    }

    /// Without so many of the first rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.offset = Some(count(rows));
        self
    }

    /// The text as the server gets it, with `$1`, `$2`, … for the values. `Debug` shows names and types of these besides.
    ///
    /// # Errors
    /// [`Error::Name`]; [`Error::NothingSelected`]; [`Error::TooManyParameters`].
    pub fn text(&self) -> Result<String, Error> {
        self.written(&List::Said)?.text()
    }

    /// To be explained, with its values: see [`explain`](crate::explain).
    ///
    /// # Errors
    /// As [`text`](Self::text).
    #[cfg(feature = "explain")]
    pub fn explain(&self) -> Result<crate::explain::Explain<'_>, Error> {
        self.written(&List::Said)?.explain()
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`Sql::fetch_all`](crate::Sql::fetch_all), and what [`text`](Self::text) says.
    #[track_caller]
    pub fn fetch_all<R: FromRow>(
        self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Vec<R>, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.written(&self.list::<R>())?.ready()?;
            all(&ready, database, site).await
        }
    }

    /// The only row.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`]: [`is_not_found`](Error::is_not_found) if there is none.
    #[track_caller]
    pub fn fetch_one<R: FromRow>(
        self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<R, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.written(&self.list::<R>())?.ready()?;
            one(&ready, database, site).await
        }
    }

    /// The only row, if there is one.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`Error::RowCount`] of more than one.
    #[track_caller]
    pub fn fetch_opt<R: FromRow>(
        self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Option<R>, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.written(&self.list::<R>())?.ready()?;
            opt(&ready, database, site).await
        }
    }

    /// How many rows there are; of a statement with a limit, no more than that.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all).
    #[track_caller]
    pub fn count(self, database: &impl Executor) -> impl Future<Output = Result<i64, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.around("select count(*) from (", ") as counted")?.ready()?;
            scalar(&ready, database, site).await
        }
    }

    /// Whether there is a row.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all).
    #[track_caller]
    pub fn exists(self, database: &impl Executor) -> impl Future<Output = Result<bool, Error>> + Send {
        let site = Location::caller();
        async move {
            let ready = self.around("select exists(", ")")?.ready()?;
            scalar(&ready, database, site).await
        }
    }

    fn list<R: FromRow>(&self) -> List {
        if self.columns.is_empty() { List::Names(Plan::listed::<R>()) } else { List::Said }
    }

    fn written(&self, list: &List) -> Result<Written<'_>, Error> {
        let is_nothing = match list {
            List::Names(names) => names.is_empty(),
            List::Said => self.columns.is_empty(),
            List::One => false,
        };
        if is_nothing {
            return Err(Error::NothingSelected);
        }
        let mut out = Writer::new();
        self.write(list, &mut out);
        out.finish()
    }

    /// Of the rows themselves nothing is asked for.
    fn around(&self, before: &'static str, behind: &'static str) -> Result<Written<'_>, Error> {
        let mut out = Writer::new();
        out.push(before);
        self.write(&List::One, &mut out);
        out.push(behind);
        out.finish()
    }

    fn write<'t>(&'t self, list: &List, out: &mut Writer<'t>) {
        out.push("select ");
        match list {
            List::Names(names) => out.list(", ", names, |out, name| out.name(name)),
            List::Said => out.list(", ", &self.columns, |out, name| name.write(out)),
            List::One => out.push("1"),
        }
        out.push(" from ");
        if let Some(schema) = &self.schema {
            schema.write(out);
            out.push(".");
        }
        self.table.write(out);
        write_where(self.conditions.as_slice(), out);
        if !self.order.is_empty() {
            out.push(" order by ");
            out.list(", ", &self.order, |out, by| by.write(out));
        }
        for (word, rows) in [(" limit ", &self.limit), (" offset ", &self.offset)] {
            if let Some(rows) = rows {
                out.push(word);
                out.value(ParamName::None, rows);
            }
        }
    }
}

/// Text, and names and types of parameters, without values.
impl fmt::Debug for NamedSelect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.written(&List::Said), "NamedSelect", f)
    }
}
