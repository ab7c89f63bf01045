//! Rows: which column a field is of is settled once a statement.

mod plan;
mod cells;
mod mismatch;
mod reader;
mod rows;
mod exact;
mod tuple;
mod optional;
#[cfg(feature = "json")]
mod json;

pub use self::cells::Cells;
pub use self::mismatch::{CellMismatch, CellReason, ColumnProblem, RowMismatch};
pub use self::plan::{FieldName, Plan};
pub use self::reader::RowReader;
pub(crate) use self::reader::{read_behind, read_one, read_scalar, read_without};
pub(crate) use self::rows::ReadRows;

/// What is read from rows: structs by `#[derive(FromRow)]`, and tuples of up to 16 columns, by position.
///
/// What is read has to be `Send`, as rows are read while others are still on their way.
///
/// Names and types of columns are looked at once a statement ([`resolve`](Self::resolve)), and all that is wrong is told at
/// once. Types are those of the driver's `FromSql`, and strict: an `i64` is read from `int8` and nothing else.
///
/// A flattened `Option` of a struct is the side of an outer join, which may have found nothing: `None` where all of its columns
/// are NULL.
///
/// A value that its Rust type has no place for is an error of its cell ([`CellReason::Inexact`]), where the driver's `FromSql`
/// would make another one of it. Where such values occur, read the column as text (`mask::text`).
///
/// | column | Rust | refused |
/// |---|---|---|
/// | inet | `IpAddr` | an address with a mask that is shorter than it |
/// | numeric | `rust_decimal::Decimal` | more than 28 digits behind the point, or more than 96 bits in all |
/// | time | `chrono::NaiveTime` | `24:00` |
/// | date, timestamp, timestamptz | types of chrono, `SystemTime` | `infinity` and `-infinity` |
///
/// So are they in an `Option`, a `Vec` and the like. A type of your own reads its values itself, also where it holds one of
/// these. `timestamp` is read into a `SystemTime` as if it were in UTC; the numbers of `json` and `jsonb` into a
/// `serde_json::Value` as 64 bits, so of a fraction as the nearest `f64`.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Error, FromRow, sql};
///
/// #[derive(FromRow)]
/// struct User {
///     id: i64,
///     #[pgkeel(rename = "mail")]
///     email: String,
///     name: Option<String>,
///     #[pgkeel(flatten)]
///     address: Address,
///     #[pgkeel(default)]
///     orders: i64,
/// }
///
/// #[derive(FromRow)]
/// struct Address {
///     street: String,
///     #[pgkeel(try_from = "i32")]
///     floor: Floor,
/// }
///
/// struct Floor(u8);
///
/// impl TryFrom<i32> for Floor {
///     type Error = std::num::TryFromIntError;
///
///     fn try_from(floor: i32) -> Result<Self, Self::Error> {
///         floor.try_into().map(Self)
///     }
/// }
///
/// async fn user(database: &impl Executor, id: i64) -> Result<User, Error> {
///     sql!("select id, mail, name, street, floor from users where id = {id}").fetch_one(database).await
/// }
/// # let _ = |user: User| (user.id, user.email, user.name, user.address.street, user.address.floor.0, user.orders);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from rows",
    label = "neither a struct with `#[derive(FromRow)]` nor a tuple of columns",
    note = "for a single column use `scalar`, or the tuple `({Self},)`"
)]
pub trait FromRow: Sized + Send {
    /// Says which column each field is of, in their order.
    fn resolve(plan: &mut Plan<'_>);

    /// Reads the fields of a row, in the same order.
    ///
    /// # Errors
    /// The first value that cannot be read.
    fn from_row(cells: &mut Cells<'_>) -> Result<Self, CellMismatch>;
}
