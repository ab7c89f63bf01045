use std::fmt;
use std::marker::PhantomData;

use super::condition::write_where;
use super::list::{Ask, List, write_returning};
use super::scope::{Bounded, Of, Unbounded};
use super::writer::{Writer, Written, describe};
use super::{Condition, Filter};
use crate::Error;
use crate::entity::{Entity, EntityFacts, Selection};
use crate::few::Few;
use crate::relation::{Holds, TableRef, check_conditions};

/// A `delete` of rows of the entity `E`, by [`Entity::delete`]. What it gives back of them is read as `R`.
///
/// It has a [`filter`](Self::filter), or says [`all_rows`](Self::all_rows): without either it cannot be run, which the compiler
/// sees from `S`.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "app.sessions", columns = s)]
/// struct Session {
///     id: i64,
///     user: i64,
/// }
///
/// async fn log_out(database: &impl Executor, user: i64) -> Result<u64, Error> {
///     Session::delete().filter(s::user.eq(user)).execute(database).await
/// }
/// # let _ = |session: Session| (session.id, session.user);
/// ```
///
/// # Cancellation
/// Dropping a future does as the executor says: see [`Executor`](crate::Executor).
#[must_use = "a statement is run by `execute` or one of the `fetch_…`"]
pub struct Delete<'a, E, R = E, S = Unbounded> {
    parts: Parts<'a>,
    of: PhantomData<Of<E, R, S>>,
}

#[derive(Clone)]
struct Parts<'a> {
    table: &'static EntityFacts,
    conditions: Few<Condition<'a>>,
    /// Whether the compiler does not see all tables that are named.
    is_joined: bool,
    returning: List<'static>,
}

impl<E: Entity> Delete<'_, E> {
    pub(crate) fn new() -> Self {
        Self::of(Parts {
            table: E::FACTS,
            conditions: Few::None,
            is_joined: false,
            returning: List::Whole(TableRef::of::<E>()),
        })
    }
}

impl<'a, E: Entity, R, S> Delete<'a, E, R, S> {
    fn of(parts: Parts<'a>) -> Self {
        Self { parts, of: PhantomData }
    }

    /// Rows for which this holds, besides all that was said before.
    pub fn filter<F, At>(mut self, filter: Filter<'a, F>) -> Delete<'a, E, R, Bounded>
    where
        E: Holds<F, At>,
    {
        self.parts.put(filter);
        Delete::of(self.parts)
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
    pub fn all_rows(self) -> Delete<'a, E, R, Bounded> {
        Delete::of(self.parts)
    }

    /// Gives back these columns instead of whole rows.
    pub fn returning<C: Selection<E>>(self, columns: C) -> Delete<'a, E, C::Row, S> {
        let returning = List::Columns(columns.columns());
        Delete { parts: Parts { returning, ..self.parts }, of: PhantomData }
    }

    /// The text as the server gets it where rows are asked for, with `$1`, `$2`, … for the values. `Debug` shows names and types
    /// of these besides.
    ///
    /// # Errors
    /// [`Error::TooManyParameters`].
    pub fn text(&self) -> Result<String, Error> {
        self.write(Ask::Rows)?.text()
    }

    pub(super) fn write(&self, ask: Ask) -> Result<Written<'_>, Error> {
        if self.parts.is_joined {
            check_conditions(self.parts.table.alias, self.parts.conditions.as_slice())?;
        }
        let mut out = Writer::new();
        out.push("delete from ");
        out.push(self.parts.table.sql);
        write_where(self.parts.conditions.as_slice(), &mut out);
        write_returning(ask, &self.parts.returning, self.parts.table, &mut out);
        out.finish()
    }
}

impl<'a> Parts<'a> {
    fn put<F>(&mut self, filter: Filter<'a, F>) {
        self.is_joined |= filter.is_joined;
        self.conditions.push(filter.condition);
    }
}

impl<E, R, S> Clone for Delete<'_, E, R, S> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), of: PhantomData }
    }
}

/// Text, and names and types of parameters, without values.
impl<E: Entity, R, S> fmt::Debug for Delete<'_, E, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.write(Ask::Rows), "Delete", f)
    }
}
