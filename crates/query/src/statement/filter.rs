use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use super::Condition;
use super::writer::{Writer, describe};

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
    of: PhantomData<fn() -> E>,
}

impl<'a, E> Filter<'a, E> {
    pub(crate) fn new(condition: Condition<'a>) -> Self {
        Self { condition, of: PhantomData }
    }
}

impl<E> BitAnd for Filter<'_, E> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self::new(self.condition.and(other.condition))
    }
}

impl<E> BitOr for Filter<'_, E> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self::new(self.condition.or(other.condition))
    }
}

impl<E> Not for Filter<'_, E> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(Condition::Not(Box::new(self.condition)))
    }
}

impl<E> Clone for Filter<'_, E> {
    fn clone(&self) -> Self {
        Self::new(self.condition.clone())
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
