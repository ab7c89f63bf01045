use std::fmt;
use std::marker::PhantomData;

use super::ColumnFacts;

/// A column of the entity `E` that holds a `T`: what `#[derive(Entity)]` makes for each field.
///
/// It is compared with a [`ValueOf`](crate::entity::ValueOf) its type; what comes of that is a [`Filter`](crate::Filter):
/// ```
/// # use pgkeel_query::Entity;
/// # #[derive(Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { id: i64, name: Option<String> }
/// let _ = User::query().filter(u::id.gt(7) & (u::name.is_null() | u::name.starts_with("A")));
/// ```
///
/// A value of another type does not compile:
/// ```compile_fail,E0277
/// # use pgkeel_query::Entity;
/// # #[derive(Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { id: i64, name: Option<String> }
/// let _ = u::id.eq("x");
/// ```
pub struct Column<E, T> {
    pub(crate) facts: &'static ColumnFacts,
    /// What its table is called here, if not by its own name.
    pub(crate) table: Option<&'static str>,
    of: PhantomData<fn() -> (E, T)>,
}

impl<E, T> Column<E, T> {
    /// No public interface.
    #[doc(hidden)]
    #[must_use]
    pub const fn of(facts: &'static ColumnFacts) -> Self {
        Self::under(facts, None)
    }

    pub(crate) const fn under(facts: &'static ColumnFacts, table: Option<&'static str>) -> Self {
        Self { facts, table, of: PhantomData }
    }

    /// What the derive says of it.
    #[must_use]
    pub const fn facts(self) -> &'static ColumnFacts {
        self.facts
    }
}

impl<E, T> Clone for Column<E, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T> Copy for Column<E, T> {}

impl<E, T> fmt::Debug for Column<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({})", self.facts.path)
    }
}
