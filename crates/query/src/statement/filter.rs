use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use super::Condition;
use super::writer::{Writer, describe};
use crate::relation::{Anywhere, Blend, Joined, Source};

/// What holds for a row of the entity `E`: comparisons of its columns, put together by `&`, `|` and `!`.
///
/// It is a value like any other, which functions take and give, and `clone` copies. `'a` is how long it borrows what it compares
/// with; `'static` if it has its values itself.
///
/// As in SQL, a comparison with NULL is neither true nor false: where `name` is NULL, neither `u::name.eq("a")` nor
/// `!u::name.eq("a")` finds the row.
///
/// ```
/// use pgkeel_query::{Entity, Filter};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "users", columns = u)]
/// struct User {
///     id: i64,
///     name: Option<String>,
/// }
///
/// fn unnamed_or<'a>(names: &'a [&'a str]) -> Filter<'a, User> {
///     u::name.is_null() | u::name.any_of(names)
/// }
///
/// let statement = User::query().filter(!unnamed_or(&["Ann"]) & u::id.gt(7));
/// assert!(statement.text()?.ends_with(
///     r#"where ((not (("users"."name" is null) or ("users"."name" = any($1)))) and ("users"."id" > $2))"#
/// ));
/// # Ok::<(), pgkeel_query::Error>(())
/// ```
#[must_use = "a filter is given to a statement"]
pub struct Filter<'a, E> {
    pub(crate) condition: Condition<'a>,
    /// Whether the compiler does not see which tables it names.
    pub(crate) is_joined: bool,
    of: PhantomData<fn() -> E>,
}

impl<'a, E> Filter<'a, E> {
    pub(crate) fn new(condition: Condition<'a>) -> Self {
        Self::of_tables(condition, false)
    }

    pub(crate) fn of_tables(condition: Condition<'a>, is_joined: bool) -> Self {
        Self { condition, is_joined, of: PhantomData }
    }

    /// As one of joined tables, to be put together with filters of others: whether the statement has its tables is looked at
    /// when it is written.
    pub fn joined(self) -> Filter<'a, Joined>
    where
        E: Blend<Joined>,
    {
        Filter::of_tables(self.condition, true)
    }
}

impl<'a, E: Source> From<Filter<'a, E>> for Filter<'a, Joined> {
    fn from(filter: Filter<'a, E>) -> Self {
        filter.joined()
    }
}

impl<'a> From<Filter<'a, Anywhere>> for Filter<'a, Joined> {
    fn from(filter: Filter<'a, Anywhere>) -> Self {
        filter.joined()
    }
}

/// Of the same table, or of any that are [`Joined`].
impl<'a, E: Blend<F>, F> BitAnd<Filter<'a, F>> for Filter<'a, E> {
    type Output = Filter<'a, E::Out>;

    fn bitand(self, other: Filter<'a, F>) -> Self::Output {
        let is_joined = self.is_joined || other.is_joined;
        Filter::of_tables(self.condition.and(other.condition), is_joined)
    }
}

/// Of the same table, or of any that are [`Joined`].
impl<'a, E: Blend<F>, F> BitOr<Filter<'a, F>> for Filter<'a, E> {
    type Output = Filter<'a, E::Out>;

    fn bitor(self, other: Filter<'a, F>) -> Self::Output {
        let is_joined = self.is_joined || other.is_joined;
        Filter::of_tables(self.condition.or(other.condition), is_joined)
    }
}

impl<E> Not for Filter<'_, E> {
    type Output = Self;

    fn not(self) -> Self {
        Self::of_tables(Condition::Not(Box::new(self.condition)), self.is_joined)
    }
}

impl<E> Clone for Filter<'_, E> {
    fn clone(&self) -> Self {
        Self::of_tables(self.condition.clone(), self.is_joined)
    }
}

/// Without values.
impl<E> fmt::Debug for Filter<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Writer::new();
        self.condition.write(&mut out);
        describe(out.finish(), "Filter", f)
    }
}
