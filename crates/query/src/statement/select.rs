use std::fmt;
use std::marker::PhantomData;

use super::list::List;
use super::order::by;
use super::parts::{Answer, Distinct, Parts, SKIP_LOCKED};
use super::sort::Sort;
use super::writer::{Writer, Written, describe};
use super::{Filter, OrderBy};
use crate::entity::{Entity, Selection};
use crate::relation::{Holds, Scope, Source, TableRef};
use crate::row::Plan;
use crate::{Error, FromRow};

/// A `select` of the entity `S` whose rows are read as `R`, by [`Entity::query`] or [`Entity::select`]. Of joined tables `S` is a
/// tuple of their entities, in which those that may be missing are `Option`s.
///
/// What is said of it is put together in any order; filters and orders that are said twice are all meant. Values are parameters,
/// `limit` and `offset` too, and lists are one parameter each, so that the text depends on nothing but the parts that were said:
/// a pool prepares it once.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "app.users", columns = u)]
/// struct User {
///     id: i64,
///     email: String,
/// }
///
/// async fn emails(database: &impl Executor, ids: &[i64], after: Option<&str>) -> Result<Vec<(i64, String)>, Error> {
///     let statement = User::select((u::id, u::email))
///         .filter(u::id.any_of(ids))
///         .and_if_some(after, |after| u::email.gt(after))
///         .order_by((u::email.asc(), u::id.desc()))
///         .limit(50);
///     assert!(statement.text()?.starts_with(r#"select "users"."id", "users"."email" from "app"."users" where "#));
///     statement.fetch_all(database).await
/// }
/// # let _ = |user: User| (user.id, user.email);
/// ```
///
/// # Cancellation
/// Dropping a future does as the executor says: see [`Executor`](crate::Executor).
#[must_use = "a statement is run by one of the `fetch_…`, `count` or `exists`"]
pub struct Select<'a, S, R = S> {
    pub(crate) parts: Parts<'a>,
    of: PhantomData<fn() -> (S, R)>,
}

impl<'a, S, R> Select<'a, S, R> {
    pub(crate) fn new(parts: Parts<'a>) -> Self {
        Self { parts, of: PhantomData }
    }
}

/// Which rows.
impl<'a, S: Scope, R> Select<'a, S, R> {
    /// Rows for which this holds, besides all that was said before.
    pub fn filter<F, At>(mut self, filter: Filter<'a, F>) -> Self
    where
        S: Holds<F, At>,
    {
        self.parts.clauses.is_joined |= filter.is_joined;
        self.parts.conditions.push(filter.condition);
        self
    }

    /// If there is a value, rows for which what is made of it holds.
    pub fn and_if_some<T, F, At>(self, value: Option<T>, filter: impl FnOnce(T) -> Filter<'a, F>) -> Self
    where
        S: Holds<F, At>,
    {
        match value {
            Some(value) => self.filter(filter(value)),
            None => self,
        }
    }

    /// The first row of those that are alike in these columns, which `order_by` begins with.
    pub fn distinct_on<F, At>(mut self, columns: impl Selection<F>) -> Self
    where
        S: Holds<F, At>,
    {
        self.parts.distinct = Distinct::On(columns.columns());
        self
    }
}

impl<'a, S, R> Select<'a, S, R> {
    /// If so, the statement that is made of this one.
    pub fn when(self, is_so: bool, then: impl FnOnce(Self) -> Self) -> Self {
        if is_so { then(self) } else { self }
    }

    /// Ordered by these, behind the orders that were said before.
    pub fn order_by<F, At>(mut self, order: impl OrderBy<F> + 'a) -> Self
    where
        S: Holds<F, At>,
    {
        let known = self.parts.order.len();
        by(order, &mut self.parts.order);
        self.parts.clauses.is_joined |= self.parts.order[known..].iter().any(Sort::is_joined);
        self
    }

    /// No more rows than this.
    pub fn limit(mut self, rows: u64) -> Self {
        self.parts.limit = Some(count(rows));
        self
    }

    /// Without so many of the first rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.parts.offset = Some(count(rows));
        self
    }

    /// Each row once.
    pub fn distinct(mut self) -> Self {
        self.parts.distinct = Distinct::Rows;
        self
    }

    /// Rows are locked as `update` does it, until the transaction ends.
    pub fn for_update(mut self) -> Self {
        self.parts.lock = Some(" for update");
        self
    }

    /// Rows are locked against changes, until the transaction ends.
    pub fn for_share(mut self) -> Self {
        self.parts.lock = Some(" for share");
        self
    }

    /// Of the rows that are locked, those of this table alone; said twice, of both. So rows can be locked that others are
    /// [left joined](Select::left_join) to. Of a statement that locks rows; a table that it does not have is [`Error::Statement`].
    ///
    /// ```
    /// # use pgkeel_query::Entity;
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "jobs", columns = j)]
    /// # struct Job { id: i64, owner: Option<i64> }
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "owners", columns = o)]
    /// # struct Owner { id: i64 }
    /// let jobs = Job::query().left_join::<Owner>(j::owner.eq_expr(o::id)).for_update().lock_only::<Job>().skip_locked();
    /// assert!(jobs.text()?.ends_with(r#" for update of "jobs" skip locked"#));
    /// # Ok::<(), pgkeel_query::Error>(())
    /// ```
    pub fn lock_only<T: Source>(mut self) -> Self {
        self.parts.clauses.is_joined = true;
        self.parts.locked.push(TableRef::of::<T>());
        self
    }

    /// Without rows that others have locked; of a statement that locks rows.
    pub fn skip_locked(mut self) -> Self {
        self.parts.wait = SKIP_LOCKED;
        self
    }

    /// Rows that others have locked are an error, not waited for; of a statement that locks rows.
    pub fn no_wait(mut self) -> Self {
        self.parts.wait = " nowait";
        self
    }

    /// Rows are read as this struct: its columns are selected instead of the entity's.
    ///
    /// For a few columns there is [`Entity::select`].
    pub fn read_as<T: FromRow>(self) -> Select<'a, S, T>
    where
        S: Entity,
    {
        Select::new(Parts { list: List::Fields(Plan::listed::<T>), ..self.parts })
    }

    /// The text as the server gets it, with `$1`, `$2`, … for the values. `Debug` shows names and types of these besides.
    ///
    /// # Errors
    /// [`Error::TooManyParameters`]; [`Error::Statement`] of several tables.
    pub fn text(&self) -> Result<String, Error> {
        self.write(Answer::Rows)?.text()
    }

    pub(crate) fn write(&self, answer: Answer) -> Result<Written<'_>, Error> {
        self.parts.check()?;
        let mut out = Writer::new();
        self.parts.write(answer, &mut out);
        out.finish()
    }
}

impl<E: Entity> Select<'_, E> {
    pub(crate) fn all() -> Self {
        Self::new(Parts::new(E::FACTS, List::Whole(TableRef::of::<E>())))
    }
}

impl<S: Source> Select<'_, S, S::Entity> {
    pub(crate) fn from_table<T: Source>() -> Self {
        let mut parts = Parts::new(T::Entity::FACTS, TableRef::of::<T>().list());
        if let Some(alias) = T::ALIAS {
            parts.clauses.alias = Some(alias);
        }
        Self::new(parts)
    }
}

/// As the server counts rows. More than it can have are as good as all.
pub(super) fn count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

impl<S, R> Clone for Select<'_, S, R> {
    fn clone(&self) -> Self {
        Self::new(self.parts.clone())
    }
}

/// Text, and names and types of parameters, without values.
impl<S, R> fmt::Debug for Select<'_, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.write(Answer::Rows), "Select", f)
    }
}
