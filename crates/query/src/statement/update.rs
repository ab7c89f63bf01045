use std::fmt;
use std::marker::PhantomData;

use super::assignment::{Assignments, is_managed, write_managed};
use super::condition::write_where;
use super::list::{Ask, List, write_returning};
use super::scope::{Bounded, Of, Unbounded};
use super::writer::{Writer, Written, describe};
use super::{Condition, Filter};
use crate::Error;
use crate::entity::{Column, Entity, EntityFacts, NumberValue, Selection, SetTo, ValueOf};
use crate::few::Few;
use crate::relation::{Holds, TableRef, check_conditions};

/// An `update` of rows of the entity `E`, by [`Entity::update`]. What it gives back of them is read as `R`.
///
/// It has a [`filter`](Self::filter), or says [`all_rows`](Self::all_rows): without either it cannot be run, which the compiler
/// sees from `S`. Of what the derive says `updated`, that is `now()`, and the `version` is one more, unless they are set.
/// Of what is said of a column twice, the last counts; two `add`s of one column are not added up.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "app.users", columns = u)]
/// struct User {
///     id: i64,
///     name: Option<String>,
///     visits: i32,
/// }
///
/// async fn visited(database: &impl Executor, id: i64, name: Option<&str>) -> Result<User, Error> {
///     let statement = User::update().add(u::visits, 1).set_if_some(u::name, name).filter(u::id.eq(id));
///     statement.fetch_one(database).await
/// }
/// # let _ = |user: User| (user.id, user.name, user.visits);
/// ```
///
/// ```compile_fail,E0277
/// # use pgkeel_query::connect::Executor;
/// # use pgkeel_query::{Entity, Error};
/// # #[derive(Entity)]
/// # #[pgkeel(table = "app.users", columns = u)]
/// # struct User { id: i64, visits: i32 }
/// async fn forgot_the_filter(database: &impl Executor) -> Result<u64, Error> {
///     User::update().set(u::visits, 0).execute(database).await
/// }
/// ```
///
/// # Cancellation
/// Dropping a future does as the executor says: see [`Executor`](crate::Executor).
#[must_use = "a statement is run by `execute` or one of the `fetch_…`"]
pub struct Update<'a, E, R = E, S = Unbounded> {
    parts: Parts<'a>,
    of: PhantomData<Of<E, R, S>>,
}

#[derive(Clone)]
struct Parts<'a> {
    table: &'static EntityFacts,
    assignments: Assignments<'a>,
    conditions: Few<Condition<'a>>,
    /// Whether the compiler does not see all tables that are named.
    is_joined: bool,
    returning: List<'static>,
}

impl<E: Entity> Update<'_, E> {
    pub(crate) fn new() -> Self {
        Self::of(Parts {
            table: E::FACTS,
            assignments: Assignments::new(),
            conditions: Few::None,
            is_joined: false,
            returning: List::Whole(TableRef::of::<E>()),
        })
    }
}

impl<'a, E: Entity, R, S> Update<'a, E, R, S> {
    fn of(parts: Parts<'a>) -> Self {
        Self { parts, of: PhantomData }
    }

    /// The column gets this value.
    pub fn set<T>(mut self, column: Column<E, T>, value: impl SetTo<T> + 'a) -> Self {
        self.parts.assignments.set(column.facts, value);
        self
    }

    /// The column gets this value, if there is one.
    pub fn set_if_some<T>(self, column: Column<E, T>, value: Option<impl ValueOf<T> + 'a>) -> Self {
        match value {
            Some(value) => self.set(column, value),
            None => self,
        }
    }

    /// The column becomes NULL.
    pub fn set_null<T>(mut self, column: Column<E, Option<T>>) -> Self {
        self.parts.assignments.set_null::<E>(column.facts);
        self
    }

    /// The column becomes so much more, counted by the server; where it is NULL it stays NULL.
    pub fn add<T: NumberValue>(mut self, column: Column<E, T>, value: impl ValueOf<T> + 'a) -> Self {
        self.parts.assignments.add(column.facts, value);
        self
    }

    /// Rows for which this holds, besides all that was said before.
    pub fn filter<F, At>(mut self, filter: Filter<'a, F>) -> Update<'a, E, R, Bounded>
    where
        E: Holds<F, At>,
    {
        self.parts.put(filter);
        Update::of(self.parts)
    }

    /// If there is a value, rows for which what is made of it holds. As there may be none, this alone is no filter.
    pub fn and_if_some<T, F, At>(mut self, value: Option<T>, filter: impl FnOnce(T) -> Filter<'a, F>) -> Self
    where
        E: Holds<F, At>,
    {
        if let Some(value) = value {
            self.parts.put(filter(value));
        }
        self
    }

    /// All rows are meant, if there is no filter.
    pub fn all_rows(self) -> Update<'a, E, R, Bounded> {
        Update::of(self.parts)
    }

    /// Gives back these columns instead of whole rows.
    pub fn returning<C: Selection<E>>(self, columns: C) -> Update<'a, E, C::Row, S> {
        let returning = List::Columns(columns.columns());
        Update { parts: Parts { returning, ..self.parts }, of: PhantomData }
    }

    /// The text as the server gets it where rows are asked for, with `$1`, `$2`, … for the values. `Debug` shows names and types
    /// of these besides.
    ///
    /// # Errors
    /// [`Error::TooManyParameters`]; [`Error::NothingToSet`]; `Error::Sealed` if rows get an id or a tenant that sealed values are
    /// bound to.
    pub fn text(&self) -> Result<String, Error> {
        self.write(Ask::Rows)?.text()
    }

    pub(super) fn write(&self, ask: Ask) -> Result<Written<'_>, Error> {
        if self.parts.assignments.is_empty() && !is_managed(self.parts.table) {
            return Err(Error::NothingToSet);
        }
        #[cfg(feature = "sealed")]
        self.parts.assignments.check_stays::<E>()?;
        if self.parts.is_joined {
            check_conditions(self.parts.table.alias, self.parts.conditions.as_slice())?;
        }
        let mut out = Writer::new();
        self.parts.write(&mut out);
        write_returning(ask, &self.parts.returning, self.parts.table, &mut out);
        out.finish()
    }
}

impl<'a> Parts<'a> {
    fn put<F>(&mut self, filter: Filter<'a, F>) {
        self.is_joined |= filter.is_joined;
        self.conditions.push(filter.condition);
    }

    fn write<'t>(&'t self, out: &mut Writer<'t>) {
        out.push("update ");
        out.push(self.table.sql);
        out.push(" set ");
        out.list(", ", self.assignments.iter(), |out, assignment| assignment.write(out));
        let is_said = |column: &_| self.assignments.has(column);
        write_managed(self.table, None, is_said, self.assignments.is_empty(), out);
        write_where(self.conditions.as_slice(), out);
    }
}

impl<E, R, S> Clone for Update<'_, E, R, S> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), of: PhantomData }
    }
}

/// Text, and names and types of parameters, without values.
impl<E: Entity, R, S> fmt::Debug for Update<'_, E, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.write(Ask::Rows), "Update", f)
    }
}
