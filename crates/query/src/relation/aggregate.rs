use std::sync::Arc;

use super::expr::{Expr, Expression};
use super::kind::Aggregate;
use super::nullable::Nullable;
use super::piece::{Piece, Pieces};
use super::scope::{Anywhere, Blend};
use crate::entity::TextValue;
use crate::statement::Filter;

/// A number whose [`sum`] is known.
///
/// | column | sum |
/// |---|---|
/// | `i16`, `i32` | `i64` |
/// | `i64` | `rust_decimal::Decimal` (feature `decimal`) |
/// | `f32`, `f64`, `rust_decimal::Decimal` | the same |
#[diagnostic::on_unimplemented(
    message = "there is no sum of a column of `{Self}`",
    label = "no number whose sum is known",
    note = "the sum of `i64`s is a `rust_decimal::Decimal` (feature `decimal`); or cast it: `.cast::<…>()`"
)]
pub trait Summed {
    /// The type of the sum, of no rows NULL.
    type Sum;
}

/// A number whose [`avg`] is known.
///
/// | column | average |
/// |---|---|
/// | `i16`, `i32`, `i64`, `rust_decimal::Decimal` | `rust_decimal::Decimal` (feature `decimal`) |
/// | `f32`, `f64` | `f64` |
#[diagnostic::on_unimplemented(
    message = "there is no average of a column of `{Self}`",
    label = "no number whose average is known",
    note = "the average of integers is a `rust_decimal::Decimal` (feature `decimal`); or cast them: `.cast::<f64>()`"
)]
pub trait Averaged {
    /// The type of the average, of no rows NULL.
    type Average;
}

/// A type of which the server knows the smallest and the largest value: neither `bool` nor JSON, uuids or bytes.
#[diagnostic::on_unimplemented(
    message = "the server has no smallest or largest `{Self}`",
    label = "not known to be ordered",
    note = "for a type of your own: `impl pgkeel_query::relation::Ordered for {Self} {{}}`, with an `impl ColumnValue`"
)]
pub trait Ordered {}

macro_rules! numbers {
    ($($kind:ty => $sum:ty, $average:ty;)+) => {$(
        impl Summed for $kind {
            type Sum = $sum;
        }

        impl Averaged for $kind {
            type Average = $average;
        }
    )+};
}

numbers! {
    f32 => f32, f64;
    f64 => f64, f64;
}

#[cfg(feature = "decimal")]
numbers! {
    i16 => i64, rust_decimal::Decimal;
    i32 => i64, rust_decimal::Decimal;
    i64 => rust_decimal::Decimal, rust_decimal::Decimal;
    rust_decimal::Decimal => rust_decimal::Decimal, rust_decimal::Decimal;
}

#[cfg(not(feature = "decimal"))]
impl Summed for i16 {
    type Sum = i64;
}

#[cfg(not(feature = "decimal"))]
impl Summed for i32 {
    type Sum = i64;
}

impl<T: Summed> Summed for Option<T> {
    type Sum = T::Sum;
}

impl<T: Averaged> Averaged for Option<T> {
    type Average = T::Average;
}

macro_rules! ordered {
    ($($kind:ty),+ $(,)?) => {$( #[diagnostic::do_not_recommend] impl Ordered for $kind {} )+};
}

ordered!(i16, i32, i64, u32, f32, f64, String, std::net::IpAddr, std::time::SystemTime);
#[cfg(feature = "chrono")]
ordered!(chrono::NaiveDate, chrono::NaiveTime, chrono::NaiveDateTime, chrono::DateTime<chrono::Utc>);
#[cfg(feature = "decimal")]
ordered!(rust_decimal::Decimal);

#[diagnostic::do_not_recommend]
impl<T: Ordered> Ordered for Option<T> {}

/// `count(*)`: how many rows there are.
pub fn count<'a>() -> Expr<'a, Anywhere, i64, Aggregate> {
    Expr::new(Pieces::of(vec![Piece::Sql("count(*)")]).of_many())
}

/// `count(x)`: in how many rows it is not NULL.
///
/// Of a table that is left joined that is the number of rows that were found: `count_of(t::id)`.
pub fn count_of<'a, X: Expression<'a>>(of: X) -> Expr<'a, X::Of, i64, Aggregate> {
    called("count(", of)
}

/// `count(distinct x)`: how many values there are, without NULL.
pub fn count_distinct<'a, X: Expression<'a>>(of: X) -> Expr<'a, X::Of, i64, Aggregate> {
    called("count(distinct ", of)
}

/// `sum(x)`, of [another type](Summed) as the server has it; `None` of no rows.
pub fn sum<'a, X>(of: X) -> Expr<'a, X::Of, Option<<X::Value as Summed>::Sum>, Aggregate>
where
    X: Expression<'a, Value: Summed>,
{
    called("sum(", of)
}

/// `avg(x)`, of [another type](Averaged) as the server has it; `None` of no rows.
pub fn avg<'a, X>(of: X) -> Expr<'a, X::Of, Option<<X::Value as Averaged>::Average>, Aggregate>
where
    X: Expression<'a, Value: Averaged>,
{
    called("avg(", of)
}

/// `min(x)`; `None` of no rows.
pub fn min<'a, X>(of: X) -> Expr<'a, X::Of, <X::Value as Nullable>::Out, Aggregate>
where
    X: Expression<'a, Value: Ordered + Nullable>,
{
    called("min(", of)
}

/// `max(x)`; `None` of no rows.
pub fn max<'a, X>(of: X) -> Expr<'a, X::Of, <X::Value as Nullable>::Out, Aggregate>
where
    X: Expression<'a, Value: Ordered + Nullable>,
{
    called("max(", of)
}

/// `array_agg(x)`: all values as an array, in no certain order; `None` of no rows.
///
/// NULLs are in it: what may be one has to be an `Option`, which [`nullable`](Expr::nullable) makes of columns of a table that
/// is left joined. Arrays are not put together.
pub fn array_agg<'a, X>(of: X) -> Expr<'a, X::Of, Option<Vec<X::Value>>, Aggregate>
where
    X: Expression<'a, Value: Nullable>,
{
    called("array_agg(", of)
}

/// `string_agg(x, $1)`: all texts, with this in between, in no certain order; `None` of no rows, or if all are NULL.
pub fn string_agg<'a, X>(of: X, between: impl Into<String>) -> Expr<'a, X::Of, Option<String>, Aggregate>
where
    X: Expression<'a, Value: TextValue>,
{
    let mut pieces = of.expr().pieces.inside("string_agg(", "::text, ");
    pieces.list.extend([Piece::Value(Arc::new(between.into())), Piece::Sql("::text)")]);
    Expr::new(pieces.of_many())
}

/// `bool_and(x)`: whether it is true of all rows, but those of which it is NULL; `None` of no others.
pub fn bool_and<'a, X, T>(of: X) -> Expr<'a, X::Of, Option<bool>, Aggregate>
where
    X: Expression<'a, Value = T>,
    T: Nullable<Inner = bool>,
{
    called("bool_and(", of)
}

/// `bool_or(x)`: whether it is true of a row; `None` if it is NULL of all.
pub fn bool_or<'a, X, T>(of: X) -> Expr<'a, X::Of, Option<bool>, Aggregate>
where
    X: Expression<'a, Value = T>,
    T: Nullable<Inner = bool>,
{
    called("bool_or(", of)
}

fn called<'a, X: Expression<'a>, T>(function: &'static str, of: X) -> Expr<'a, X::Of, T, Aggregate> {
    Expr::new(of.expr().pieces.inside(function, ")").of_many())
}

impl<'a, E, T> Expr<'a, E, T, Aggregate> {
    /// `filter (where …)`: of those rows only for which this holds. One of another table has to be [`joined`](Filter::joined).
    pub fn filter<F>(self, filter: Filter<'a, F>) -> Expr<'a, E::Out, T, Aggregate>
    where
        E: Blend<F>,
    {
        let mut pieces = self.pieces;
        pieces.is_joined |= filter.is_joined;
        let condition = Piece::Condition(Arc::new(filter.condition));
        pieces.list.extend([Piece::Sql(" filter (where "), condition, Piece::Sql(")")]);
        Expr::new(pieces)
    }
}
