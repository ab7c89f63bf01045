use super::{Condition, Filter, Operator, Term};
use crate::bind::Held;
use crate::entity::{Column, Comparable, ValueOf, ValuesOf};
use crate::relation::{Piece, Pieces};

/// Comparisons with values.
impl<E, T> Column<E, T> {
    /// `= $1`
    pub fn eq<'a>(self, value: impl ValueOf<T> + 'a) -> Filter<'a, E> {
        self.compared(Operator::Equal, value)
    }

    /// `<> $1`. Not true of NULL.
    pub fn ne<'a>(self, value: impl ValueOf<T> + 'a) -> Filter<'a, E> {
        self.compared(Operator::NotEqual, value)
    }

    /// `< $1`
    pub fn lt<'a>(self, value: impl ValueOf<T> + 'a) -> Filter<'a, E> {
        self.compared(Operator::Less, value)
    }

    /// `<= $1`
    pub fn le<'a>(self, value: impl ValueOf<T> + 'a) -> Filter<'a, E> {
        self.compared(Operator::LessOrEqual, value)
    }

    /// `> $1`
    pub fn gt<'a>(self, value: impl ValueOf<T> + 'a) -> Filter<'a, E> {
        self.compared(Operator::Greater, value)
    }

    /// `>= $1`
    pub fn ge<'a>(self, value: impl ValueOf<T> + 'a) -> Filter<'a, E> {
        self.compared(Operator::GreaterOrEqual, value)
    }

    /// `between $1 and $2`, both included.
    pub fn between<'a>(self, low: impl ValueOf<T> + 'a, high: impl ValueOf<T> + 'a) -> Filter<'a, E> {
        Filter::new(Condition::Between(self.term(), self.value(low), self.value(high)))
    }

    /// `= any($1)`: one of the values, which are sent as one array. Of none, no row.
    pub fn any_of<'a>(self, values: impl ValuesOf<T> + 'a) -> Filter<'a, E> {
        self.compared_with(Operator::EqualAny, Term::Value(Held::of(values), self.facts))
    }

    /// `<> all($1)`: none of the values, which are sent as one array. Of none, every row; else not true of NULL.
    pub fn none_of<'a>(self, values: impl ValuesOf<T> + 'a) -> Filter<'a, E> {
        self.compared_with(Operator::NotEqualAll, Term::Value(Held::of(values), self.facts))
    }

    /// `=` another column of the same row.
    pub fn eq_column(self, other: Self) -> Filter<'static, E>
    where
        T: Comparable,
    {
        self.compared_with(Operator::Equal, other.term())
    }

    pub(crate) fn term(self) -> Term<'static> {
        match self.table {
            None => Term::Column(self.facts),
            Some(_) => Term::Expr(Pieces::of(vec![Piece::Column(self.facts, self.table)])),
        }
    }

    fn value<'a>(self, value: impl ValueOf<T> + 'a) -> Term<'a> {
        Term::Value(Held::of(value), self.facts)
    }

    fn compared<'a>(self, operator: Operator, value: impl ValueOf<T> + 'a) -> Filter<'a, E> {
        self.compared_with(operator, self.value(value))
    }

    pub(super) fn compared_with(self, operator: Operator, right: Term<'_>) -> Filter<'_, E> {
        Filter::new(Condition::Compare(self.term(), operator, right))
    }
}

/// Columns that may be NULL.
impl<E, T> Column<E, Option<T>> {
    /// `is null`
    pub fn is_null(self) -> Filter<'static, E> {
        Filter::new(Condition::IsNull(self.term()))
    }

    /// `is not null`
    pub fn is_not_null(self) -> Filter<'static, E> {
        !self.is_null()
    }

    /// What `==` of Rust is: equal to the value, or NULL if there is none.
    pub fn same_as<'a, V: ValueOf<Option<T>> + 'a>(self, value: Option<V>) -> Filter<'a, E> {
        value.map_or_else(|| self.is_null(), |value| self.eq(value))
    }

    /// What `!=` of Rust is: unlike with [`ne`](Self::ne), NULL is not the same as a value.
    pub fn differs_from<'a, V: ValueOf<Option<T>> + 'a>(self, value: Option<V>) -> Filter<'a, E> {
        value.map_or_else(|| self.is_not_null(), |value| self.compared(Operator::DistinctFrom, value))
    }
}
