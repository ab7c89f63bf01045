use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use tokio_postgres::types::Type;

#[cfg(feature = "sealed")]
use super::unsealed::Unsealed;
use super::writer::Writer;
use crate::bind::Bind;
use crate::entity::{Column, ColumnFacts, Entity, EntityFacts, Role, RowValue};
use crate::relation::write_column;
#[cfg(feature = "sealed")]
use crate::sealed::DrawnId;

/// What columns are set to. A column that is set twice is set to what was said last.
#[derive(Clone)]
pub(crate) struct Assignments<'a>(Vec<Assignment<'a>>);

#[derive(Clone)]
pub(crate) struct Assignment<'a> {
    pub(crate) column: &'static ColumnFacts,
    pub(super) to: To<'a>,
}

#[derive(Clone)]
pub(crate) enum To<'a> {
    Value(Arc<dyn Bind + 'a>),
    More(Arc<dyn Bind + 'a>),
    Null,
    /// Becomes a value before the statement is sent.
    #[cfg(feature = "sealed")]
    Unsealed(Unsealed<'a>),
    /// Of the column's own sequence, in place of the one that the server would draw.
    #[cfg(feature = "sealed")]
    Drawn(DrawnId),
}

/// What a column is set to, of whatever type. No public interface.
#[doc(hidden)]
pub struct Given<'a>(pub(crate) To<'a>);

impl<'a> Given<'a> {
    pub(crate) fn value(value: impl Bind + 'a) -> Self {
        Self(To::Value(Arc::new(value)))
    }
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given(…)")
    }
}

impl<'a> Assignments<'a> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn set(&mut self, column: &'static ColumnFacts, value: impl Bind + 'a) {
        self.put(column, To::Value(Arc::new(value)));
    }

    /// Of an entity's column, and of what goes with it.
    #[cfg_attr(
        not(feature = "sealed"),
        expect(clippy::extra_unused_type_parameters, reason = "as with the feature")
    )]
    pub(crate) fn give<E: Entity>(&mut self, column: &'static ColumnFacts, given: Given<'a>) {
        self.put(column, given.0);
        #[cfg(feature = "sealed")]
        self.take_along::<E>(column);
    }

    pub(crate) fn set_null<E: Entity>(&mut self, column: &'static ColumnFacts) {
        self.give::<E>(column, Given(To::Null));
    }

    pub(crate) fn add(&mut self, column: &'static ColumnFacts, value: impl Bind + 'a) {
        self.put(column, To::More(Arc::new(value)));
    }

    pub(super) fn put(&mut self, column: &'static ColumnFacts, to: To<'a>) {
        match self.0.iter_mut().find(|known| known.column.name == column.name) {
            Some(known) => known.to = to,
            None => self.0.push(Assignment { column, to }),
        }
    }

    pub(crate) fn has(&self, column: &ColumnFacts) -> bool {
        self.to(column).is_some()
    }

    pub(super) fn to(&self, column: &ColumnFacts) -> Option<&To<'a>> {
        self.0.iter().find(|known| known.column.name == column.name).map(|known| &known.to)
    }

    /// Whether the column may be JSON to the server: it gets such a value, or none that tells.
    pub(crate) fn may_be_json(&self, column: &ColumnFacts) -> bool {
        match self.to(column) {
            Some(To::Value(value)) => {
                value.sent_as().is_some_and(|kind| kind == Type::JSON || kind == Type::JSONB)
            }
            #[cfg(feature = "sealed")]
            Some(To::Unsealed(_)) => false,
            _ => true,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Assignment<'a>> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Assignment<'_> {
    pub(crate) fn write<'t>(&'t self, out: &mut Writer<'t>) {
        out.push(self.column.bare);
        out.push(" = ");
        self.write_value(out);
    }

    pub(crate) fn write_value<'t>(&'t self, out: &mut Writer<'t>) {
        match &self.to {
            To::Value(value) => out.value_of(self.column, &**value),
            To::More(value) => {
                out.push(self.column.sql);
                out.push(" + ");
                out.value_of(self.column, &**value);
            }
            To::Null => out.push("null"),
            #[cfg(feature = "sealed")]
            To::Unsealed(_) => out.value_of(self.column, &super::unsealed::Awaited),
            #[cfg(feature = "sealed")]
            To::Drawn(id) => out.value_of(self.column, id),
        }
    }
}

/// What each change of a row changes besides, unless something else was said of it: its time, by the clock of the server, and
/// its count. The table is called `table`, if not by its own name. Each has a comma in front, but the first of an empty list.
pub(crate) fn write_managed(
    of: &EntityFacts,
    table: Option<&'static str>,
    is_said: impl Fn(&ColumnFacts) -> bool,
    mut is_empty: bool,
    out: &mut Writer<'_>,
) {
    for column in of.columns.iter().filter(|column| !is_said(column)) {
        let is_time = column.is(Role::Updated);
        if !is_time && !column.is(Role::Version) {
            continue;
        }
        out.push(if std::mem::take(&mut is_empty) { "" } else { ", " });
        out.push(column.bare);
        out.push(" = ");
        if is_time {
            out.push("now()");
        } else {
            write_column(column, table, out);
            out.push(" + 1");
        }
    }
}

/// Whether each change of a row changes something besides.
pub(crate) fn is_managed(of: &EntityFacts) -> bool {
    of.columns.iter().any(|column| column.is(Role::Updated) || column.is(Role::Version))
}

/// A struct that is a new row of the entity `E`, by `#[derive(NewRow)]`: each field is the value of the column that the entity
/// has for its field of that name.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error, NewRow};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "app.users")]
/// struct User {
///     #[pgkeel(id, generated)]
///     id: i64,
///     email: String,
///     name: Option<String>,
/// }
///
/// #[derive(NewRow)]
/// #[pgkeel(entity = User)]
/// struct NewUser<'a> {
///     email: &'a str,
///     name: Option<&'a str>,
/// }
///
/// async fn register(database: &impl Executor, new: &NewUser<'_>) -> Result<User, Error> {
///     User::insert().values(new).fetch_one(database).await
/// }
/// # let _ = |user: User| (user.id, user.email, user.name);
/// ```
///
/// For a field of the entity with `json` it takes a `Json` of the value. A field that the entity has not, or of another type, does
/// not compile. `columns = path` says where the columns are, if not beside the entity under its name in snake case.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no new row of `{E}`",
    label = "no struct with `#[derive(NewRow)]` and `#[pgkeel(entity = {E})]`"
)]
pub trait NewRow<E: Entity> {
    /// Gives the values.
    fn put<'a>(&'a self, values: &mut Values<'a, E>);
}

/// The values of a row of the entity `E`, while they are put together.
pub struct Values<'a, E> {
    pub(crate) assignments: Assignments<'a>,
    of: PhantomData<fn() -> E>,
}

impl<'a, E> Values<'a, E> {
    pub(crate) fn new(assignments: Assignments<'a>) -> Self {
        Self { assignments, of: PhantomData }
    }

    /// The column has this value.
    pub fn set<T, V: RowValue<T>>(&mut self, column: Column<E, T>, value: &'a V)
    where
        E: Entity,
    {
        self.assignments.give::<E>(column.facts, value.lend());
    }
}

/// Without values.
impl<E> fmt::Debug for Values<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.assignments.iter().map(|assignment| assignment.column.path);
        f.debug_list().entries(columns).finish()
    }
}
