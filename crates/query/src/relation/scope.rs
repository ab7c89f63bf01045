use std::fmt;
use std::marker::PhantomData;

use crate::entity::{Column, Entity, EntityFacts};
use crate::row::Plan;
use crate::statement::{List, Select, Writer};

/// What stands for tables that are joined: what a filter or an expression is of that names columns of several.
///
/// Whether the statement has these tables is looked at when it is written: if not, it is
/// [`Error::Statement`](crate::Error::Statement), and nothing is sent.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Joined;

/// What an expression without columns is of: it has a place in every statement.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Anywhere;

/// A table of a statement: an [`Entity`], or an [`Alias`] of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no table",
    label = "neither a struct with `#[derive(Entity)]` nor an `Alias` of one"
)]
pub trait Source: 'static {
    /// The entity that its rows are.
    type Entity: Entity;

    /// No public interface: what it is called in a statement, quoted, if not by its own name.
    #[doc(hidden)]
    const ALIAS: Option<&'static str>;
}

impl<E: Entity> Source for E {
    type Entity = E;
    const ALIAS: Option<&'static str> = None;
}

/// The entity `E` under another name, to have the same table twice in a statement. `N` tells several of them apart: from 0 to 7.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Alias, Entity, Error};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "people", columns = p)]
/// struct Person {
///     id: i64,
///     name: String,
///     boss: Option<i64>,
/// }
///
/// type Boss = Alias<Person, 0>;
///
/// async fn bosses(database: &impl Executor) -> Result<Vec<(String, Option<String>)>, Error> {
///     let statement = Person::query()
///         .left_join::<Boss>(p::boss.eq_expr(Boss::of(p::id)))
///         .select((p::name, Boss::of(p::name)))
///         .order_by(p::id.asc());
///     statement.fetch_all(database).await
/// }
/// # let _ = |person: Person| (person.id, person.name, person.boss);
/// ```
pub struct Alias<E, const N: usize>(PhantomData<fn() -> E>);

/// Quoted, and names that no table is likely to have: if one has, that is told when the statement is written.
const ALIASES: [&str; 8] = [
    r#""alias_0""#,
    r#""alias_1""#,
    r#""alias_2""#,
    r#""alias_3""#,
    r#""alias_4""#,
    r#""alias_5""#,
    r#""alias_6""#,
    r#""alias_7""#,
];

impl<E: Entity, const N: usize> Source for Alias<E, N> {
    type Entity = E;
    const ALIAS: Option<&'static str> = Some(ALIASES[N]);
}

impl<E: Entity, const N: usize> Alias<E, N> {
    /// A column of the entity, as one of this table.
    #[must_use]
    pub const fn of<T>(column: Column<E, T>) -> Column<Self, T> {
        Column::under(column.facts, Self::ALIAS)
    }

    /// All rows of the table, until filters say less.
    pub fn query<'a>() -> Select<'a, Self, E> {
        Select::from_table::<Self>()
    }
}

impl<E, const N: usize> fmt::Debug for Alias<E, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alias({N})")
    }
}

/// What a statement can be of: one table, or a tuple of those that are joined, in which the outer ones are `Option`s.
pub trait Scope {}

impl<E: Source> Scope for E {}

/// What two expressions together are of: of the same table that, of several [`Joined`].
#[diagnostic::on_unimplemented(
    message = "columns of `{Self}` and of `{F}` are mixed",
    label = "of another table",
    note = "say that the tables are joined, of one of both: `.joined()`"
)]
pub trait Blend<F> {
    /// What both are of.
    type Out;
}

#[diagnostic::do_not_recommend]
impl<E: Source> Blend<E> for E {
    type Out = E;
}

#[diagnostic::do_not_recommend]
impl<E: Source> Blend<Joined> for E {
    type Out = Joined;
}

#[diagnostic::do_not_recommend]
impl<E: Source> Blend<Anywhere> for E {
    type Out = E;
}

#[diagnostic::do_not_recommend]
impl<F> Blend<F> for Joined {
    type Out = Self;
}

#[diagnostic::do_not_recommend]
impl<F> Blend<F> for Anywhere {
    type Out = F;
}

/// A table of a statement, as text.
#[derive(Clone, Copy)]
pub(crate) struct TableRef {
    pub(crate) facts: &'static EntityFacts,
    pub(crate) alias: Option<&'static str>,
    fields: fn() -> Vec<&'static str>,
    whole: fn() -> &'static str,
}

impl TableRef {
    pub(crate) fn of<J: Source>() -> Self {
        Self {
            facts: J::Entity::FACTS,
            alias: J::ALIAS,
            fields: Plan::listed::<J::Entity>,
            whole: J::Entity::listed,
        }
    }

    /// The same table, called so.
    pub(crate) fn under(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    /// What its columns have in front of them.
    pub(crate) fn name(&self) -> &'static str {
        self.alias.unwrap_or(self.facts.alias)
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) {
        out.push(self.facts.sql);
        if let Some(alias) = self.alias {
            out.push(" as ");
            out.push(alias);
        }
    }

    pub(crate) fn write_columns(&self, out: &mut Writer<'_>) {
        let Some(alias) = self.alias else { return out.push((self.whole)()) };
        out.list(", ", (self.fields)(), |out, field| {
            out.push(alias);
            out.push(".");
            out.name(field);
        });
    }

    pub(crate) fn field_names(&self) -> Vec<&'static str> {
        (self.fields)()
    }

    pub(crate) fn list(self) -> List<'static> {
        List::Tables(vec![self])
    }
}
