use super::arithmetic::Alike;
use super::expr::{Expr, Expression};
use super::kind::{Exact, Kind};
use super::nullable::Nullable;
use super::piece::{Piece, Pieces};
use super::scope::{Anywhere, Blend};
use crate::entity::TextValue;

/// What is computed of one expression.
type Of<'a, X, T> = Expr<'a, <X as Expression<'a>>::Of, T, <<X as Expression<'a>>::Kind as Kind>::Inside>;

/// `lower(x)`: in small letters, by the locale of the column.
pub fn lower<'a, X: Expression<'a, Value: TextValue>>(of: X) -> Of<'a, X, X::Value> {
    called("lower(", of)
}

/// `upper(x)`: in capital letters, by the locale of the column.
pub fn upper<'a, X: Expression<'a, Value: TextValue>>(of: X) -> Of<'a, X, X::Value> {
    called("upper(", of)
}

/// `length(x)`: how many characters a text has.
pub fn length<'a, X>(of: X) -> Of<'a, X, <X::Value as Nullable>::As<i32>>
where
    X: Expression<'a, Value: TextValue + Nullable>,
{
    called("length(", of)
}

/// The first or the second, of whichever table.
type Either<'a, X, Y> = Expr<
    'a,
    <<X as Expression<'a>>::Of as Blend<<Y as Expression<'a>>::Of>>::Out,
    <Y as Expression<'a>>::Value,
    <<Y as Expression<'a>>::Kind as Kind>::Inside,
>;

/// `coalesce(x, y)`: the first, or the second where the first is NULL. A value for it comes by [`value`](crate::relation::value).
pub fn coalesce<'a, X, Y>(first: X, second: Y) -> Either<'a, X, Y>
where
    X: Expression<'a, Value: Alike<Y::Value>, Of: Blend<Y::Of>>,
    Y: Expression<'a>,
{
    Expr::new(first.expr().pieces.then(", ", second.expr().pieces).inside("coalesce(", ")"))
}

/// `now()`: when the transaction began, by the clock of the server. Read as a `SystemTime`, or as what `T` is said to be.
pub fn now<'a, T: Moment>() -> Expr<'a, Anywhere, T, Exact> {
    Expr::new(Pieces::of(vec![Piece::Sql(T::NOW)]))
}

/// A date with a time of day: of the server's types `timestamptz` or `timestamp`.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is no date with a time of day",
    label = "neither a `timestamptz` nor a `timestamp`"
)]
pub trait Moment {
    /// No public interface.
    #[doc(hidden)]
    const NOW: &'static str;
}

impl Moment for std::time::SystemTime {
    const NOW: &'static str = "now()";
}

#[cfg(feature = "chrono")]
impl Moment for chrono::DateTime<chrono::Utc> {
    const NOW: &'static str = "now()";
}

#[cfg(feature = "chrono")]
impl Moment for chrono::NaiveDateTime {
    const NOW: &'static str = "localtimestamp";
}

impl<T: Moment> Moment for Option<T> {
    const NOW: &'static str = T::NOW;
}

/// To what [`date_trunc`] cuts a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// A full millisecond.
    Millisecond,
    /// A full second.
    Second,
    /// A full minute.
    Minute,
    /// A full hour.
    Hour,
    /// Midnight.
    Day,
    /// Monday, midnight.
    Week,
    /// The first of the month.
    Month,
    /// The first of January, April, July or October.
    Quarter,
    /// The first of January.
    Year,
}

impl Unit {
    fn call(self) -> &'static str {
        match self {
            Self::Millisecond => "date_trunc('milliseconds', ",
            Self::Second => "date_trunc('second', ",
            Self::Minute => "date_trunc('minute', ",
            Self::Hour => "date_trunc('hour', ",
            Self::Day => "date_trunc('day', ",
            Self::Week => "date_trunc('week', ",
            Self::Month => "date_trunc('month', ",
            Self::Quarter => "date_trunc('quarter', ",
            Self::Year => "date_trunc('year', ",
        }
    }
}

/// `date_trunc('day', x)`: the time, cut off downwards to the unit. Days of a `timestamptz` are those of the session's time zone.
pub fn date_trunc<'a, X: Expression<'a, Value: Moment>>(unit: Unit, of: X) -> Of<'a, X, X::Value> {
    called(unit.call(), of)
}

fn called<'a, X: Expression<'a>, T>(function: &'static str, of: X) -> Of<'a, X, T> {
    Expr::new(of.expr().pieces.inside(function, ")"))
}
