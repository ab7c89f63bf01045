use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use crate::bind::BindType;
use crate::statement::Given;

/// A value that a column of type `T` is compared with, or is set to.
///
/// That is a `T` itself or a `&T`, where `T` is a [`ColumnValue`]. A column of `Option<T>` takes what one of `T` takes, as
/// nothing equals NULL: there is [`is_null`](crate::Column::is_null) for that. Besides, texts take any other text, and arrays take
/// slices:
///
/// | column | takes |
/// |---|---|
/// | `String` | `String`, `&String`, `&str`, `Cow<str>`, `Box<str>`, `Arc<str>`, `char` |
/// | `Vec<U>` | `Vec<U>`, `&Vec<U>`, `&[U]`, `[U; N]`, `&[U; N]` |
///
/// Integers are those of the column and no smaller ones, so that a literal is of the column's type.
///
/// For a column of a type of your own, more values can be let in:
/// ```
/// # use std::borrow::Cow;
/// # use bytes::BytesMut;
/// # use pgkeel_query::{BindType, Type};
/// # use pgkeel_query::bind::{IsNull, MisfitReason};
/// # use pgkeel_query::entity::{ColumnValue, ValueOf};
/// struct Email(String);
///
/// # impl BindType for Email {
/// #     fn rust_type() -> Cow<'static, str> { "Email".into() }
/// #     fn natural_type() -> Option<Type> { String::natural_type() }
/// #     fn fits(kind: &Type) -> bool { String::fits(kind) }
/// #     fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> { self.0.write(kind, out) }
/// # }
/// impl ColumnValue for Email {} // and an `impl BindType for Email`
/// impl ValueOf<Email> for &str {}
/// ```
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` does not go with a `{Self}`",
    label = "no value of a column of `{T}`",
    note = "what goes with a column is a value of its type or a reference to one; of a nullable column without the `Option`",
    note = "for a value that may be missing there are `and_if_some`, `is_null` and `same_as`",
    note = "a column of `Sealed<T>` is not compared: its blind index finds rows, `sealer.lookup(column, value)`"
)]
pub trait ValueOf<T>: BindType {}

/// Several values for a column of type `T`: a `Vec`, slice or array of what is a [`ValueOf`] it, or a reference to one.
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` does not go with the values of a `{Self}`",
    label = "no list of values of a column of `{T}`",
    note = "a list is a `Vec`, slice or array of values, or a reference to one; there is no NULL in it",
    note = "a column of `Sealed<T>` is not compared: its blind index finds rows, `sealer.lookup(column, value)`"
)]
pub trait ValuesOf<T>: BindType {}

/// A value that a column of type `T` is set to: a [`ValueOf`] it, and of a nullable column an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` is not set to a `{Self}`",
    label = "no value of a column of `{T}`",
    note = "a column is set to a value of its type or a reference to one, a nullable column to an `Option` of one, too",
    note = "a column of `Sealed<T>` is set row by row, as its values are bound to their rows: `row.change().sealed_by(&sealer).set(column, value)`"
)]
pub trait SetTo<T>: BindType {}

#[diagnostic::do_not_recommend]
impl<T, V: ValueOf<T>> SetTo<T> for V {}
#[diagnostic::do_not_recommend]
impl<T, V: ValueOf<Option<T>>> SetTo<Option<T>> for Option<V> {}

/// A value that a column of a row that is known is given, of type `T`: what it is [set to](SetTo), and of a sealed column the plaintext,
/// which is sealed before it is sent.
///
/// A sealed column takes no envelope: what was sealed for one row does not open in another.
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` is not set to a `{Self}`",
    label = "no value of a column of `{T}`",
    note = "a column is set to a value of its type or a reference to one, a nullable column to an `Option` of one, too",
    note = "a column of `Sealed<T>` takes the plaintext: a `T`, `&T`, `Secret<T>`, of text a `&str`; a literal number is an `i64` by `7_i64`"
)]
pub trait RowValue<T> {
    /// No public interface.
    #[doc(hidden)]
    fn hold<'a>(self) -> Given<'a>
    where
        Self: 'a;

    /// No public interface.
    #[doc(hidden)]
    fn lend(&self) -> Given<'_>;
}

#[diagnostic::do_not_recommend]
impl<T, V: SetTo<T>> RowValue<T> for V {
    fn hold<'a>(self) -> Given<'a>
    where
        Self: 'a,
    {
        Given::value(self)
    }

    fn lend(&self) -> Given<'_> {
        Given::value(self)
    }
}

/// What columns hold that are compared with others, and that rows are ordered by: what is a [`ColumnValue`], or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` is not compared, and has no order",
    label = "neither equal to another nor before it",
    note = "envelopes of equal values differ, and their order says nothing: find rows by `sealer.lookup(column, value)`, and order them \
            by another column, or once they are opened",
    note = "for a type of your own: `impl pgkeel_query::entity::ColumnValue for {Self} {{}}`, with an `impl BindType`"
)]
pub trait Comparable {}

#[diagnostic::do_not_recommend]
impl<T: ColumnValue> Comparable for T {}
#[diagnostic::do_not_recommend]
impl<T: ColumnValue> Comparable for Option<T> {}

/// What a column of numbers holds: it can be counted up and down.
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` is no number",
    label = "cannot be counted up or down"
)]
pub trait NumberValue {}

/// A type of values that columns have, and are compared with: any [`BindType`] but an `Option`, whose NULL equals nothing.
///
/// For a type of your own it takes one line: `impl ColumnValue for OrderId {}`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a column",
    label = "not known to be one",
    note = "for a type of your own: `impl pgkeel_query::entity::ColumnValue for {Self} {{}}`, with an `impl BindType`"
)]
pub trait ColumnValue: BindType {}

/// What a column of text holds: `String`, an `Option` of it, or a type of your own that is stored as text.
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` is no text",
    label = "no text to look for a part in",
    note = "for a type of your own that is stored as text: `impl pgkeel_query::entity::TextValue for {Self} {{}}`"
)]
pub trait TextValue {}

// None of these is listed where a value does not go with a column: what is said of the trait is enough.
#[diagnostic::do_not_recommend]
impl<T: ColumnValue> ValueOf<T> for T {}
#[diagnostic::do_not_recommend]
impl<T: ColumnValue> ValueOf<T> for &T {}
#[diagnostic::do_not_recommend]
impl<T: ColumnValue> ValueOf<Option<T>> for T {}
#[diagnostic::do_not_recommend]
impl<T: ColumnValue> ValueOf<Option<T>> for &T {}

macro_rules! values {
    ($($kind:ty),+ $(,)?) => {$( impl ColumnValue for $kind {} )+};
}

values!(bool, i16, i32, i64, u32, f32, f64, String, IpAddr, SystemTime);

#[cfg(feature = "uuid")]
values!(uuid::Uuid);
#[cfg(feature = "chrono")]
values!(chrono::NaiveDate, chrono::NaiveTime, chrono::NaiveDateTime);
#[cfg(feature = "decimal")]
values!(rust_decimal::Decimal);
#[cfg(feature = "json")]
values!(serde_json::Value);

#[cfg(feature = "chrono")]
impl<Tz: chrono::TimeZone> ColumnValue for chrono::DateTime<Tz> where chrono::DateTime<Tz>: BindType {}
#[cfg(feature = "json")]
impl<T: serde::Serialize + Send + Sync> ColumnValue for tokio_postgres::types::Json<T> {}
impl<T: BindType> ColumnValue for Vec<T> {}
#[cfg(feature = "json")]
#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + Send + Sync> ValueOf<tokio_postgres::types::Json<T>>
    for tokio_postgres::types::Json<&T>
{
}
#[cfg(feature = "json")]
#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + Send + Sync> ValueOf<Option<tokio_postgres::types::Json<T>>>
    for tokio_postgres::types::Json<&T>
{
}

macro_rules! texts {
    ($($text:ty),+) => {$(
        #[diagnostic::do_not_recommend]
        impl ValueOf<String> for $text {}
        #[diagnostic::do_not_recommend]
        impl ValueOf<Option<String>> for $text {}
    )+};
}

texts!(&str, Cow<'_, str>, Box<str>, Arc<str>, char);

macro_rules! lists {
    ($(($($generics:tt)*) $list:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> ValueOf<Vec<T>> for $list {}
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> ValueOf<Option<Vec<T>>> for $list {}
    )+};
}

lists! {
    (T: BindType) &[T];
    (T: BindType, const N: usize) [T; N];
    (T: BindType, const N: usize) &[T; N];
}

#[diagnostic::do_not_recommend]
impl<T, V: ValueOf<T>> ValuesOf<T> for Vec<V> {}
#[diagnostic::do_not_recommend]
impl<T, V: ValueOf<T>> ValuesOf<T> for &Vec<V> {}
#[diagnostic::do_not_recommend]
impl<T, V: ValueOf<T>> ValuesOf<T> for &[V] {}
#[diagnostic::do_not_recommend]
impl<T, V: ValueOf<T>, const N: usize> ValuesOf<T> for [V; N] {}
#[diagnostic::do_not_recommend]
impl<T, V: ValueOf<T>, const N: usize> ValuesOf<T> for &[V; N] {}

macro_rules! numbers {
    ($($kind:ty),+) => {$( #[diagnostic::do_not_recommend] impl NumberValue for $kind {} )+};
}

numbers!(i16, i32, i64, f32, f64);
#[cfg(feature = "decimal")]
numbers!(rust_decimal::Decimal);

impl<T: NumberValue> NumberValue for Option<T> {}
impl TextValue for String {}
impl<T: TextValue> TextValue for Option<T> {}
