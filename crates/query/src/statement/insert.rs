use std::fmt;
use std::marker::PhantomData;

use super::assignment::{Assignments, NewRow, Values};
use super::conflict::{Conflict, OnConflict};
use super::list::{Ask, List, write_returning};
use super::writer::{Writer, Written, describe};
use crate::Error;
use crate::entity::{Column, ColumnFacts, Entity, EntityFacts, Role, RowValue, Selection};
use crate::relation::TableRef;
#[cfg(feature = "sealed")]
use crate::sealed::Sealer;

/// An `insert` of one row of the entity `E`, by [`Entity::insert`]. What it gives back of the row is read as `R`.
///
/// Columns that nothing is said of are left out, so that they have their defaults; but `created` and `updated` are the server's
/// `now()`.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "app.users", columns = u)]
/// struct User {
///     #[pgkeel(id, generated)]
///     id: i64,
///     email: String,
///     name: Option<String>,
/// }
///
/// async fn register(database: &impl Executor, email: &str) -> Result<i64, Error> {
///     let statement = User::insert().set(u::email, email).set(u::name, Some("new")).returning((u::id,));
///     Ok(statement.fetch_one(database).await?.0)
/// }
/// # let _ = |user: User| (user.id, user.email, user.name);
/// ```
///
/// # Cancellation
/// Dropping a future does as the executor says: see [`Executor`](crate::Executor).
#[must_use = "a statement is run by `execute` or one of the `fetch_…`"]
pub struct Insert<'a, E, R = E> {
    pub(super) parts: Parts<'a>,
    of: PhantomData<fn() -> (E, R)>,
}

#[derive(Clone)]
pub(super) struct Parts<'a> {
    into: &'static EntityFacts,
    pub(super) assignments: Assignments<'a>,
    pub(super) conflict: Option<Conflict>,
    returning: List<'static>,
    #[cfg(feature = "sealed")]
    pub(super) sealer: Option<&'a Sealer>,
    /// Whether the id is one of its sequence, which an identity takes from nobody who does not say so.
    pub(super) has_drawn_id: bool,
}

impl<E: Entity> Insert<'_, E> {
    pub(crate) fn new() -> Self {
        let parts = Parts {
            into: E::FACTS,
            assignments: Assignments::new(),
            conflict: None,
            returning: List::Whole(TableRef::of::<E>()),
            #[cfg(feature = "sealed")]
            sealer: None,
            has_drawn_id: false,
        };
        Self { parts, of: PhantomData }
    }
}

impl<'a, E: Entity, R> Insert<'a, E, R> {
    /// The column has this value; one that is sealed takes the plaintext.
    pub fn set<T>(mut self, column: Column<E, T>, value: impl RowValue<T> + 'a) -> Self {
        self.parts.assignments.give::<E>(column.facts, value.hold());
        self.with_id()
    }

    /// The columns of the struct's fields have its values.
    pub fn values(mut self, row: &'a impl NewRow<E>) -> Self {
        let mut values = Values::new(self.parts.assignments);
        row.put(&mut values);
        self.parts.assignments = values.assignments;
        self.with_id()
    }

    #[cfg(not(feature = "sealed"))]
    fn with_id(self) -> Self {
        self
    }

    /// Says what becomes of it if there is a row with the same values in these columns, which have a unique index. A sealed column stands
    /// for its blind index: the one that is `unique`, or else the first without `bits`, if the unique index is one of several columns.
    pub fn on_conflict(self, columns: impl Selection<E>) -> OnConflict<'a, E, R> {
        OnConflict::new(self, columns.columns())
    }

    /// Gives back these columns instead of the whole row.
    pub fn returning<S: Selection<E>>(self, columns: S) -> Insert<'a, E, S::Row> {
        let returning = List::Columns(columns.columns());
        Insert { parts: Parts { returning, ..self.parts }, of: PhantomData }
    }

    #[cfg(not(feature = "sealed"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(super) fn seal(
        &mut self,
        _: &impl crate::Executor,
        _: super::Site,
    ) -> std::future::Ready<Result<(), Error>> {
        std::future::ready(Ok(()))
    }

    pub(super) fn with_conflict(mut self, conflict: Conflict) -> Self {
        self.parts.conflict = Some(conflict);
        self
    }

    /// The text as the server gets it where rows are asked for, with `$1`, `$2`, … for the values. `Debug` shows names and types
    /// of these besides.
    ///
    /// # Errors
    /// [`Error::TooManyParameters`]; `Error::Sealed` if a conflict would leave a sealed value in another row than it is bound to.
    pub fn text(&self) -> Result<String, Error> {
        self.write(Ask::Rows)?.text()
    }

    pub(super) fn write(&self, ask: Ask) -> Result<Written<'_>, Error> {
        #[cfg(feature = "sealed")]
        self.check_conflict()?;
        let mut out = Writer::new();
        self.parts.write(&mut out);
        match self.parts.alias() {
            Some(alias) if ask == Ask::Rows => self.parts.returning.write_returning_under(alias, &mut out),
            _ => write_returning(ask, &self.parts.returning, self.parts.into, &mut out),
        }
        out.finish()
    }
}

impl Parts<'_> {
    fn write<'t>(&'t self, out: &mut Writer<'t>) {
        out.push("insert into ");
        out.push(self.into.sql);
        if let Some(alias) = self.alias() {
            out.push(" as ");
            out.push(alias);
        }
        let times = || self.into.columns.iter().filter(|column| self.is_time_unsaid(column));
        let said = || self.assignments.iter();
        if self.assignments.is_empty() && times().next().is_none() {
            out.push(" default values");
        } else {
            out.push(" (");
            let columns = said().map(|assignment| assignment.column).chain(times());
            out.list(", ", columns, |out, column| out.push(column.bare));
            out.push(if self.has_drawn_id { ") overriding system value values (" } else { ") values (" });
            let values = said().map(Some).chain(times().map(|_| None));
            out.list(", ", values, |out, value| match value {
                Some(assignment) => assignment.write_value(out),
                None => out.push("now()"),
            });
            out.push(")");
        }
        if let Some(conflict) = &self.conflict {
            conflict.write(self.into, self.alias(), &self.assignments, out);
        }
    }

    /// What the table is called where its own name is that of the row that was to be inserted.
    fn alias(&self) -> Option<&'static str> {
        let is_taken = self.conflict.is_some() && self.into.alias == r#""excluded""#;
        is_taken.then_some(r#""target""#)
    }

    fn is_time_unsaid(&self, column: &ColumnFacts) -> bool {
        (column.is(Role::Created) || column.is(Role::Updated)) && !self.assignments.has(column)
    }
}

impl<E, R> Clone for Insert<'_, E, R> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), of: PhantomData }
    }
}

/// Text, and names and types of parameters, without values.
impl<E: Entity, R> fmt::Debug for Insert<'_, E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.write(Ask::Rows), "Insert", f)
    }
}
