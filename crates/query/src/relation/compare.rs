use super::arithmetic::Alike;
use super::expr::{Expr, Expression};
use super::kind::{Exact, Kind};
use super::piece::Pieces;
use super::scope::Joined;
use crate::bind::Held;
use crate::entity::{Column, Comparable, ValueOf, ValuesOf};
use crate::statement::{Condition, Filter, Operator, Select, Term};

macro_rules! compared_with_values {
    ($($(#[$attribute:meta])* $method:ident $operator:ident;)+) => {$(
        $(#[$attribute])*
        pub fn $method(self, value: impl ValueOf<T> + 'a) -> Filter<'a, E> {
            self.compared(Operator::$operator, Term::Param(Held::of(value)))
        }
    )+};
}

/// Comparisons with values.
impl<'a, E, T, K> Expr<'a, E, T, K> {
    compared_with_values! {
        /// `= $1`
        eq Equal;
        /// `<> $1`. Not true of NULL.
        ne NotEqual;
        /// `< $1`
        lt Less;
        /// `<= $1`
        le LessOrEqual;
        /// `> $1`
        gt Greater;
        /// `>= $1`
        ge GreaterOrEqual;
    }

    /// `between $1 and $2`, both included.
    pub fn between(self, low: impl ValueOf<T> + 'a, high: impl ValueOf<T> + 'a) -> Filter<'a, E> {
        let (low, high) = (Term::Param(Held::of(low)), Term::Param(Held::of(high)));
        self.held(|term| Condition::Between(term, low, high))
    }

    /// `= any($1)`: one of the values, which are sent as one array. Of none, no row.
    pub fn any_of(self, values: impl ValuesOf<T> + 'a) -> Filter<'a, E> {
        self.compared(Operator::EqualAny, Term::Param(Held::of(values)))
    }

    /// `<> all($1)`: none of the values, which are sent as one array. Of none, every row; else not true of NULL.
    pub fn none_of(self, values: impl ValuesOf<T> + 'a) -> Filter<'a, E> {
        self.compared(Operator::NotEqualAll, Term::Param(Held::of(values)))
    }

    /// `is null`. Of an expression whose type has no NULL too: its table may be missing.
    pub fn is_null(self) -> Filter<'a, E> {
        self.held(Condition::IsNull)
    }

    /// `is not null`
    pub fn is_not_null(self) -> Filter<'a, E> {
        !self.is_null()
    }

    fn compared(self, operator: Operator, right: Term<'a>) -> Filter<'a, E> {
        self.held(|term| Condition::Compare(term, operator, right))
    }

    fn held(self, condition: impl FnOnce(Term<'a>) -> Condition<'a>) -> Filter<'a, E> {
        let is_joined = self.pieces.is_joined;
        Filter::of_tables(condition(Term::Expr(self.pieces)), is_joined)
    }
}

/// What is true of it is taken as a filter.
impl<'a, E, K> Expr<'a, E, bool, K> {
    /// Rows of which it is true.
    pub fn holds(self) -> Filter<'a, E> {
        Self::filtered(self.pieces)
    }
}

macro_rules! compared_with_expressions {
    (($($of:tt)*) $self:ty, $a:lifetime, $($(#[$attribute:meta])* $method:ident $between:literal;)+) => {
        /// Comparisons with other columns and expressions, of any table.
        impl<$($of)*> $self {
            $(
                $(#[$attribute])*
                pub fn $method<$a, X: Expression<$a>>(self, other: X) -> Filter<$a, Joined>
                where
                    Self: Expression<$a>,
                    <Self as Expression<$a>>::Value: Alike<X::Value> + Comparable,
                {
                    compared(self.expr().pieces, $between, other.expr().pieces)
                }
            )+

            /// `in (select …)`: one of what the statement gives.
            pub fn in_query<$a, S, U>(self, query: Select<$a, S, (U,)>) -> Filter<$a, Joined>
            where
                Self: Expression<$a>,
                <Self as Expression<$a>>::Value: Alike<U> + Comparable,
            {
                compared(self.expr().pieces, " in (", query.into_piece().inside("", ")"))
            }
        }
    };
}

macro_rules! all_operators {
    ($(($($of:tt)*) $self:ty, $a:lifetime;)+) => {$(
        compared_with_expressions! { ($($of)*) $self, $a,
            /// `=`
            eq_expr " = ";
            /// `<>`. Not true of NULL.
            ne_expr " <> ";
            /// `<`
            lt_expr " < ";
            /// `<=`
            le_expr " <= ";
            /// `>`
            gt_expr " > ";
            /// `>=`
            ge_expr " >= ";
            /// `is distinct from`: what `!=` of Rust is, as NULL is the same as NULL.
            differs_from_expr " is distinct from ";
        }
    )+};
}

all_operators! {
    (E, T) Column<E, T>, 'a;
    ('e, E, T, K: Kind) Expr<'e, E, T, K>, 'a;
}

fn compared<'a>(left: Pieces<'a>, between: &'static str, right: Pieces<'a>) -> Filter<'a, Joined> {
    let mut pieces = left.then(between, right);
    pieces.is_joined = true;
    Expr::<Joined, bool, Exact>::filtered(pieces)
}
