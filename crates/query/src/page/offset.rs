use std::fmt;
use std::panic::Location;

use pgkeel_connect::Executor;
use tokio_postgres::Row;

use super::estimate;
use super::request::{CountMode, PageRequest};
use super::{Page, PageProblem, Total};
use crate::Error;
use crate::relation::Output;
use crate::row::{read_behind, read_without};
use crate::statement::{Answer, Select, Site, Slice, Sorts, Writer, Written, describe, rows};

/// As many rows as [`CountMode::Auto`] counts: an index gives them in some milliseconds.
const COUNTED: u64 = 10_000;
/// What stands behind the columns of a row, if rows are counted: its place on the page, and the number of all.
const BEHIND: usize = 2;

/// A page of a statement's rows, by [`Select::page`].
#[must_use = "a page is read by `fetch`"]
pub struct Paged<'a, S, R = S> {
    select: Select<'a, S, R>,
    request: PageRequest,
}

/// The numbers that go with the statement.
struct Cut {
    offset: i64,
    /// One row more than the page has, which tells whether there is another page.
    limit: i64,
    /// Up to where rows are counted. `None` if all are.
    most: Option<i64>,
}

impl<'a, S, R> Select<'a, S, R> {
    /// A page of the rows, and how many there are on all pages.
    ///
    /// ```
    /// use pgkeel_query::connect::Executor;
    /// use pgkeel_query::{CountMode, Entity, Error, Page, PageRequest};
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "app.users", columns = u)]
    /// struct User {
    ///     #[pgkeel(id)]
    ///     id: i64,
    ///     visits: i32,
    /// }
    ///
    /// async fn third(database: &impl Executor) -> Result<Page<User>, Error> {
    ///     let most_visits = User::query().order_by((u::visits.desc(), u::id.asc()));
    ///     most_visits.page(PageRequest::offset(3, 50).count(CountMode::Auto)).fetch(database).await
    /// }
    /// # let _ = |user: User| (user.id, user.visits);
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #     let database = pgkeel_testkit::TestDatabase::empty().await;
    /// #     let connection = database.connection().await;
    /// #     connection.batch_execute(
    /// #         "create schema app; create table app.users as select n as id, 7 as visits from generate_series(1::int8, 120) n"
    /// #     ).await?;
    /// #     let page = third(&connection).await?;
    /// #     assert_eq!((page.items.len(), page.items[0].id, page.pages()), (20, 101, Some(3)));
    /// #     Ok(())
    /// # }
    /// ```
    ///
    /// An order that leaves some rows alike lets them change places between pages: let it end with the id.
    ///
    /// Rows that are locked by others cannot be left out of a number: with [`skip_locked`](Select::skip_locked) the rows are not
    /// counted ([`CountMode::None`]), and what is known at the last page is the number of those that were not locked.
    pub fn page(self, request: PageRequest) -> Paged<'a, S, R> {
        Paged { select: self, request }
    }
}

impl<S, R> Paged<'_, S, R> {
    /// The text as the server gets it.
    ///
    /// # Errors
    /// [`Error::TooManyParameters`], [`Error::Page`], and [`Error::Statement`] of several tables.
    pub fn text(&self) -> Result<String, Error> {
        let cut = self.cut()?;
        self.write(&cut)?.text()
    }

    fn cut(&self) -> Result<Cut, PageProblem> {
        let parts = &self.select.parts;
        if parts.limit.is_some() || parts.offset.is_some() {
            return Err(PageProblem::AlreadyCut);
        }
        if parts.skips_locked() && self.request.count != CountMode::None {
            return Err(PageProblem::SkipsLocked);
        }
        let before = self.request.checked()?;
        let most = match self.request.count {
            CountMode::Capped(most) => Some(most),
            CountMode::Auto => Some(COUNTED),
            _ => None,
        };
        let number = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
        let limit = i64::from(self.request.size) + 1;
        Ok(Cut { offset: number(before), limit, most: most.map(|most| number(most.saturating_add(1))) })
    }

    fn is_counted(&self) -> bool {
        !matches!(self.request.count, CountMode::None | CountMode::Estimated)
    }

    fn write<'t>(&'t self, cut: &'t Cut) -> Result<Written<'t>, Error> {
        let parts = &self.select.parts;
        parts.check()?;
        let mut out = Writer::new();
        let slice = Slice {
            columns: &|_| (),
            bound: None,
            order: Sorts::Said(&parts.order),
            limit: Some(&cut.limit),
            offset: Some(&cut.offset),
        };
        if !self.is_counted() {
            parts.write_slice(&slice, &mut out);
            parts.write_lock(&mut out);
            return out.finish();
        }
        // One statement, so that rows and their number are of one snapshot. The join keeps the number where there is no row.
        out.push(r#"select "page".*, "counted"."count" from ("#);
        parts.write_count(cut.most.as_ref(), &mut out);
        out.push(
            r#") as "counted" left join (select "rows".*, row_number() over () as "pgkeel:place" from ("#,
        );
        parts.write_slice(&slice, &mut out);
        parts.write_lock(&mut out);
        out.push(r#") as "rows") as "page" on true order by "page"."pgkeel:place""#);
        out.finish()
    }

    /// The number of all rows, as far as it was counted, and those of the page, which have so many columns.
    fn counted(rows: Vec<Row>) -> Result<(Vec<Row>, Option<u64>), Error> {
        let Some(first) = rows.first() else { return Err(Error::RowCount { expected: "one row", found: 0 }) };
        let last = first.len().saturating_sub(1);
        let count: i64 = read_behind(first, last)?;
        let has_rows = read_behind::<Option<i64>>(first, last.saturating_sub(1))?.is_some();
        Ok((if has_rows { rows } else { Vec::new() }, u64::try_from(count).ok()))
    }
}

impl<S, R: Output<S>> Paged<'_, S, R> {
    /// Reads the page. Rows and an exact number of all are of one snapshot, as they come from one statement. For an estimate
    /// the planner is asked by a second one, unless the page is the last, which tells the number.
    ///
    /// # Errors
    /// As [`Select::fetch_all`], and [`Error::Page`], of which [`Error::is_bad_request`] tells whether who asked for the page
    /// can mend it.
    ///
    /// # Cancellation
    /// Dropping the future does as the executor says: see [`Executor`].
    #[track_caller]
    pub fn fetch(self, database: &impl Executor) -> impl Future<Output = Result<Page<R::Row>, Error>> + Send {
        let site = Location::caller();
        async move { self.fetch_at(site, database).await }
    }

    async fn fetch_at(self, site: Site, database: &impl Executor) -> Result<Page<R::Row>, Error> {
        let cut = self.cut()?;
        let (mut rows, count, behind) = {
            let ready = self.write(&cut)?.ready()?;
            let rows = rows(&ready, database, site).await?;
            if self.is_counted() {
                let (rows, count) = Self::counted(rows)?;
                (rows, count, BEHIND)
            } else {
                (rows, None, 0)
            }
        };
        let PageRequest { page, size, .. } = self.request;
        let has_next = rows.len() > size as usize;
        rows.truncate(size as usize);
        let seen = cut.offset.unsigned_abs() + rows.len() as u64;
        // The last page tells the number; one behind it does not.
        let ends_here = !has_next && (!rows.is_empty() || seen == 0);
        let total =
            self.total(count, ends_here.then_some(seen), seen + u64::from(has_next), site, database).await?;
        let items = R::all(read_without(&rows, behind)?);
        Ok(Page { items, page, size, total, has_next, has_previous: page > 1 })
    }

    async fn total(
        &self,
        count: Option<u64>,
        known: Option<u64>,
        least: u64,
        site: Site,
        database: &impl Executor,
    ) -> Result<Total, Error> {
        let is_beyond = |most: u64| count.is_some_and(|count| count > most);
        let estimated = match self.request.count {
            CountMode::Capped(most) if is_beyond(most) => return Ok(Total::AtLeast(least.max(most + 1))),
            CountMode::Auto => is_beyond(COUNTED),
            mode => mode == CountMode::Estimated,
        };
        if let Some(rows) = known {
            return Ok(Total::Exact(rows));
        }
        if !estimated {
            return Ok(count.map_or(Total::Unknown, Total::Exact));
        }
        let least = if self.request.count == CountMode::Auto { least.max(COUNTED + 1) } else { least };
        Ok(Total::Estimated(estimate::rows(&self.select.parts, &database.called_at(site)).await?.max(least)))
    }
}

impl<S, R> Clone for Paged<'_, S, R> {
    fn clone(&self) -> Self {
        Self { select: self.select.clone(), request: self.request }
    }
}

/// Text, and names and types of parameters, without values.
impl<S, R> fmt::Debug for Paged<'_, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cut() {
            Ok(cut) => describe(self.write(&cut), "Paged", f),
            Err(_) => describe(self.select.write(Answer::Rows), "Paged", f),
        }
    }
}
