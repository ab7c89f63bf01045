use std::sync::Arc;

use super::expr::{Expr, Expression};
use super::kind::{Exact, Kind};
use super::nullable::Nullable;
use super::piece::{Piece, Pieces};
use super::scope::Anywhere;
use crate::bind::BindType;
use crate::entity::Column;

/// A type that the server has a name for: what is [cast](Column::cast) to.
#[diagnostic::on_unimplemented(
    message = "nothing is cast to a `{Self}`",
    label = "not known what the server calls it",
    note = "known are bool, numbers, `String`, and types of the features `uuid`, `chrono`, `json` and `decimal`"
)]
pub trait CastType {
    /// No public interface.
    #[doc(hidden)]
    const CAST: &'static str;
}

/// A value that has a place in a statement by itself: its type is known without a column.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is no value that has a type without a column",
    label = "no literal",
    note = "known are bool, numbers, texts, and types of the features `uuid`, `chrono`, `json` and `decimal`"
)]
pub trait Literal: BindType {
    /// What it is as an expression.
    type Value: CastType;
}

macro_rules! types {
    ($($kind:ty = $name:literal),+ $(,)?) => {$(
        impl CastType for $kind {
            const CAST: &'static str = concat!("::", $name, ")");
        }

        impl Literal for $kind {
            type Value = Self;
        }
    )+};
}

types!(
    bool = "bool",
    i16 = "int2",
    i32 = "int4",
    i64 = "int8",
    f32 = "float4",
    f64 = "float8",
    String = "text"
);
#[cfg(feature = "uuid")]
types!(uuid::Uuid = "uuid");
#[cfg(feature = "decimal")]
types!(rust_decimal::Decimal = "numeric");
#[cfg(feature = "json")]
types!(serde_json::Value = "jsonb");
#[cfg(feature = "chrono")]
types!(
    chrono::NaiveDate = "date",
    chrono::NaiveTime = "time",
    chrono::NaiveDateTime = "timestamp",
    chrono::DateTime<chrono::Utc> = "timestamptz",
);

impl Literal for &str {
    type Value = String;
}

/// A value as an expression: a parameter of its own type.
///
/// ```
/// # use pgkeel_query::Entity;
/// # use pgkeel_query::relation::value;
/// # #[derive(Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { visits: i32 }
/// let statement = User::select((u::visits.plus(value(1)),));
/// assert_eq!(statement.text()?, r#"select ("users"."visits" + ($1::int4)) from "users""#);
/// # Ok::<(), pgkeel_query::Error>(())
/// ```
pub fn value<'a, V: Literal + 'a>(value: V) -> Expr<'a, Anywhere, V::Value, Exact> {
    let list = vec![Piece::Sql("("), Piece::Value(Arc::new(value)), Piece::Sql(V::Value::CAST)];
    Expr::new(Pieces::of(list))
}

impl<'a, E, T: Nullable, K: Kind> Expr<'a, E, T, K> {
    /// As another type, by the server's rules: what does not go into it is an error of the server's.
    pub fn cast<U: CastType>(self) -> Expr<'a, E, T::As<U>, K::Inside> {
        Expr::new(self.pieces.inside("(", U::CAST))
    }
}

impl<E, T: Nullable> Column<E, T> {
    /// As another type, by the server's rules: what does not go into it is an error of the server's.
    pub fn cast<'a, U: CastType>(self) -> Expr<'a, E, T::As<U>> {
        self.expr().cast::<U>()
    }
}
