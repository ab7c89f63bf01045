//! Tables as structs: what a derive says of one, its columns with their types, and which values have a place in them.

mod facts;
pub(crate) mod default_name;
mod column;
mod value;
mod selection;

use std::sync::OnceLock;

pub use self::column::Column;
pub use self::facts::{ColumnFacts, EntityFacts, Role};
pub use self::selection::Selection;
pub use self::value::{ColumnValue, Comparable, NumberValue, RowValue, SetTo, TextValue, ValueOf, ValuesOf};

#[doc(hidden)]
pub use crate::statement::Given;

use crate::FromRow;
use crate::relation::Projection;
use crate::repository::{By, Change, Keyed, Repository};
use crate::row::Plan;
use crate::statement::{Delete, Insert, Select, Update};

/// A table as a struct, by `#[derive(Entity)]`: read from rows as [`FromRow`] says, which the derive writes too, and with its
/// columns as constants that know their types.
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
///     #[pgkeel(unique)]
///     email: String,
///     name: Option<String>,
/// }
///
/// async fn found(database: &impl Executor, part: Option<&str>) -> Result<Vec<User>, Error> {
///     let statement = User::query().and_if_some(part, |part| u::name.contains(part)).order_by(u::id.asc()).limit(10);
///     statement.fetch_all(database).await
/// }
/// # let _ = |user: User| (user.id, user.email, user.name);
/// ```
///
/// The columns are constants of a type without values beside the struct, called as the struct is in snake case (`user::id`), or
/// as `columns` says. Each is as visible as its field.
///
/// | word of the struct | meaning |
/// |---|---|
/// | `table = "schema.name"` | the table; without a schema the one that the search path leads to |
/// | `columns = name` | what the columns are in |
/// | `version = "column"` | a count, one more with each update: an `i16`, `i32` or `i64` |
/// | `soft_delete = "column"` | when the row was deleted: an `Option` |
/// | `tenant = "column"` | whose row it is |
/// | `rename_all`, `crate` | as [`FromRow`] has them |
///
/// The columns of `version` and `soft_delete` have no other role; that of `tenant` may be `id` or `unique` besides.
///
/// | word of a field | meaning |
/// |---|---|
/// | `id` | the primary key, or a part of it |
/// | `generated` | the database makes the value |
/// | `created`, `updated` | the time of the first and of the last change |
/// | `unique` | no two rows have the same value |
/// | `default` | the table has no such column: a statement may give one, else the field is `Default::default()` |
/// | `rename`, `json`, `try_from`, `flatten` | as [`FromRow`] has them |
/// | `sealed(…)` | the value is stored as an envelope: see `sealed`, a module of the feature of that name |
///
/// The type of a column is that of its field; with `json` it is `Json` of that, or an `Option` of it; with `try_from` the type
/// that is read. Columns of a flattened field are read, but there are no constants for them.
///
/// A statement of an entity does what it says and no more: it does not leave rows out that are deleted softly or another
/// tenant's. Its [`repo`](Self::repo) leaves out the former, and the database the latter where [`tenant`](crate::tenant) is used.
/// What the words say is known to the compiler besides: [`Keyed`] of `id`, [`Versioned`](crate::repository::Versioned) of `version`,
/// [`SoftDelete`](crate::repository::SoftDelete) and [`Tenanted`](crate::repository::Tenanted).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no entity",
    label = "no struct with `#[derive(Entity)]`"
)]
pub trait Entity: FromRow + 'static {
    /// What the derive says of the struct.
    const FACTS: &'static EntityFacts;

    /// No public interface: what the derive says of its sealed columns.
    #[cfg(feature = "sealed")]
    #[doc(hidden)]
    const SEALED: &'static [&'static crate::sealed::SealedFacts] = &[];

    /// What stands behind `select` for whole rows. No public interface.
    #[doc(hidden)]
    fn listed() -> &'static str;

    /// All rows of the table, until filters say less.
    fn query<'a>() -> Select<'a, Self> {
        Select::all()
    }

    /// Some columns of the table, and what is computed of them, read as a tuple: `User::select((u::id, lower(u::email)))`.
    fn select<'a, X: Projection<'a, Self, At>, At>(items: X) -> Select<'a, Self, X::Row> {
        Self::query().select(items)
    }

    /// A new row.
    fn insert<'a>() -> Insert<'a, Self> {
        Insert::new()
    }

    /// Changes of rows.
    fn update<'a>() -> Update<'a, Self> {
        Update::new()
    }

    /// Its rows by calls of one statement each: found, listed, inserted, deleted, restored.
    #[must_use]
    fn repo() -> Repository<Self> {
        Repository::new()
    }

    /// Its rows by a column that refers to other rows, to be loaded for many of these at once: see
    /// [`load_many`](crate::load_many).
    fn by<'a, T>(column: Column<Self, T>) -> By<'a, Self, T> {
        Self::repo().by(column)
    }

    /// A change of this row, of the columns that are said of it.
    fn change(&self) -> Change<'_, Self>
    where
        Self: Keyed,
    {
        Change::of(self)
    }

    /// Rows that go: from the table, of an entity with `soft_delete` too.
    fn delete<'a>() -> Delete<'a, Self> {
        Delete::new()
    }
}

/// No public interface.
#[doc(hidden)]
pub type Listed = OnceLock<String>;

/// No public interface: the columns that reading a struct takes, as `select` has them.
#[doc(hidden)]
#[must_use]
pub fn list_of<E: Entity>() -> String {
    list(E::FACTS, &Plan::listed::<E>())
}

pub(crate) fn list(facts: &EntityFacts, columns: &[&str]) -> String {
    let column = |column: &&str| format!("{}.\"{}\"", facts.alias, column.replace('"', "\"\""));
    columns.iter().map(column).collect::<Vec<_>>().join(", ")
}
