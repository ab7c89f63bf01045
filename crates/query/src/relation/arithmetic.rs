use super::expr::{Expr, Expression};
use super::kind::Kind;
use super::scope::Blend;
use crate::entity::{Column, NumberValue};

/// A type that is compared and computed with `U`: the same one, where one or both may be an `Option`.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` does not go with a `{U}`",
    label = "of another type",
    note = "one of them can be cast: `.cast::<…>()`"
)]
pub trait Alike<U> {
    /// The type, an `Option` if one of both is.
    type Either;
}

#[diagnostic::do_not_recommend]
impl<T> Alike<T> for T {
    type Either = T;
}

#[diagnostic::do_not_recommend]
impl<T> Alike<Option<T>> for T {
    type Either = Option<T>;
}

#[diagnostic::do_not_recommend]
impl<T> Alike<T> for Option<T> {
    type Either = Self;
}

/// What two expressions become.
type Computed<'a, L, R> = Expr<
    'a,
    <<L as Expression<'a>>::Of as Blend<<R as Expression<'a>>::Of>>::Out,
    <<L as Expression<'a>>::Value as Alike<<R as Expression<'a>>::Value>>::Either,
    <<L as Expression<'a>>::Kind as Kind>::With<<R as Expression<'a>>::Kind>,
>;

macro_rules! operators {
    (($($of:tt)*) $self:ty, $a:lifetime, $($(#[$attribute:meta])* $method:ident $between:literal;)+) => {
        /// Numbers, computed by the server in their type: what is too large for it is an error of the server's.
        impl<$($of)*> $self {
            $(
                $(#[$attribute])*
                pub fn $method<$a, X: Expression<$a>>(self, other: X) -> Computed<$a, Self, X>
                where
                    Self: Expression<$a>,
                    <Self as Expression<$a>>::Value: Alike<X::Value> + NumberValue,
                    <Self as Expression<$a>>::Of: Blend<X::Of>,
                {
                    Expr::new(self.expr().pieces.then($between, other.expr().pieces).inside("(", ")"))
                }
            )+
        }
    };
}

macro_rules! all_operators {
    ($(($($of:tt)*) $self:ty, $a:lifetime;)+) => {$(
        operators! { ($($of)*) $self, $a,
            /// `+`
            plus " + ";
            /// `-`
            minus " - ";
            /// `*`
            times " * ";
            /// `/`: of integers without the rest. Division by zero is an error of the server's.
            divided_by " / ";
        }
    )+};
}

all_operators! {
    (E, T) Column<E, T>, 'a;
    ('e, E, T, K: Kind) Expr<'e, E, T, K>, 'a;
}
