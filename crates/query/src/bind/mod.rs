//! Values: what a Rust type writes for a type of the server's, and what does not fit.

mod kind;
mod misfit;
mod number;
mod numeric;
mod text;
mod moment;
mod address;
mod pointer;
mod held;
mod array;
mod via_to_sql;
#[cfg(feature = "uuid")]
mod uuid;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "json")]
mod finite;
#[cfg(feature = "decimal")]
mod decimal;
#[cfg(feature = "sealed")]
mod sealed;

use std::borrow::Cow;

use bytes::BytesMut;
/// Whether a value is NULL, as those who [write](BindType::write) values say.
pub use tokio_postgres::types::IsNull;
use tokio_postgres::types::Type;

pub(crate) use self::held::Held;
pub(crate) use self::kind::{base, element_of, short, short_name, written};
pub use self::misfit::{Misfit, MisfitReason};
pub use self::via_to_sql::ViaToSql;
pub use crate::param::{BadParameter, Param, ParamName};

/// A value for a parameter: `&dyn Bind` is one of any type.
///
/// Every [`BindType`] is one, and so are references, boxes and [`Arc`](std::sync::Arc)s of `dyn Bind`.
///
/// ```
/// use pgkeel_query::{Bind, Type};
///
/// let values: [&dyn Bind; 3] = [&7_i64, &Some("seven"), &vec![7.0, 7.5]];
/// let types = values.map(|value| value.sent_as());
/// assert_eq!(types, [Some(Type::INT8), Some(Type::TEXT), Some(Type::FLOAT8_ARRAY)]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value for a parameter",
    label = "has no place in a statement",
    note = "numbers, text, bytes, times, their `Option`s and `Vec`s are; so are types of the features `uuid`, `chrono`, `json` \
            and `decimal`",
    note = "a type that has `ToSql` of the driver becomes one by `ViaToSql(&value)`"
)]
pub trait Bind: Send + Sync {
    /// The Rust type, as errors name it: [`BindType::rust_type`].
    fn type_name(&self) -> Cow<'static, str>;

    /// The type of the server's that is most like the Rust type; for statements whose parameters are sent with their types:
    /// [`BindType::natural_type`]. `None` if there is no such type.
    fn sent_as(&self) -> Option<Type>;

    /// Writes the binary form of the value for this type of the server's, or nothing for NULL, if it [fits](BindType::fits).
    ///
    /// # Errors
    /// [`Misfit`]; what has been written by then is not to be used. If it panics, [`Param`] makes that one too;
    /// the process' panic hook runs before that and is given what the panic says: see [values and
    /// panics](crate#values-and-panics).
    fn write_checked(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Misfit>;

    /// No public interface: what tells the value from others of its Rust type, whether the server takes it like that or not.
    /// `None` if nothing does.
    #[doc(hidden)]
    fn tell(&self, out: &mut BytesMut) -> Option<IsNull> {
        self.write_checked(&self.sent_as()?, out).ok()
    }
}

/// What a Rust type is to the server, known without a value: of NULL, and of an array without elements.
///
/// | Rust | server | natural |
/// |---|---|---|
/// | `bool` | bool | bool |
/// | `i8`, `i16`, `u8` | int2, int4, int8, float4, float8, numeric | int2 |
/// | `u16` | int4, int8, float4, float8, numeric | int4 |
/// | `i32` | int4, int8, float8, numeric | int4 |
/// | `u32` | int8, float8, numeric, oid | int8 |
/// | `i64` | int8, numeric | int8 |
/// | `u64` | numeric | numeric |
/// | `f32` | float4, float8 | float4 |
/// | `f64` | float8 | float8 |
/// | `char`, `str`, `String` | text, varchar, bpchar, name, citext, enums | text |
/// | `[u8]`, `Vec<u8>`, `bytes::Bytes` | bytea | bytea |
/// | `SystemTime` | timestamptz | timestamptz |
/// | `IpAddr` | inet | inet |
/// | `uuid::Uuid` | uuid | uuid |
/// | `chrono::NaiveDate`, `NaiveTime`, `NaiveDateTime` | date, time, timestamp | the same |
/// | `chrono::DateTime<_>` | timestamptz | timestamptz |
/// | `serde_json::Value`, `Json<T>` | json, jsonb | jsonb |
/// | `rust_decimal::Decimal` | numeric | numeric |
/// | `Option<T>` | as `T` | as `T` |
/// | `Vec<T>`, `[T]`, `[T; N]` | arrays of what `T` fits | array of `T`'s |
///
/// A domain is what it is a domain of. Nothing is converted that would lose something for some value of its type; whether
/// a value happens to be small does not matter. Finer than what the server keeps are the nanoseconds of times, which are
/// cut off to microseconds, downwards. What a column's own length or scale does to a value (`varchar(3)`,
/// `numeric(10, 2)`) is up to the server: parameters do not have these.
///
/// Implement it for a type of your own by way of a type that has it:
/// ```
/// use std::borrow::Cow;
///
/// use bytes::BytesMut;
/// use pgkeel_query::{BindType, Type};
/// use pgkeel_query::bind::{IsNull, MisfitReason};
///
/// struct OrderId(i64);
///
/// impl BindType for OrderId {
///     fn rust_type() -> Cow<'static, str> {
///         "OrderId".into()
///     }
///
///     fn natural_type() -> Option<Type> {
///         i64::natural_type()
///     }
///
///     fn fits(kind: &Type) -> bool {
///         i64::fits(kind)
///     }
///
///     fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
///         self.0.write(kind, out)
///     }
/// }
/// # assert!(Option::<OrderId>::fits(&Type::INT8) && !OrderId::fits(&Type::INT4));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value for a parameter",
    label = "has no place in a statement",
    note = "numbers, text, bytes, times, their `Option`s and `Vec`s are; so are types of the features `uuid`, `chrono`, `json` \
            and `decimal`",
    note = "a type that has `ToSql` of the driver becomes one by `ViaToSql(&value)`"
)]
pub trait BindType: Send + Sync {
    /// As errors name it.
    fn rust_type() -> Cow<'static, str>;

    /// The type of the server's that is most like this one. `None` if there is no such type.
    fn natural_type() -> Option<Type>;

    /// Whether every value of this Rust type has a place in this type of the server's.
    fn fits(kind: &Type) -> bool;

    /// Writes the value for a type that [fits](Self::fits).
    ///
    /// # Errors
    /// What is wrong with this one value: nothing but what its type cannot tell.
    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason>;

    /// The value itself, if it is an `i64` or points to one.
    #[doc(hidden)]
    fn as_i64(&self) -> Option<i64> {
        None
    }

    /// The same of an `i32`.
    #[doc(hidden)]
    fn as_i32(&self) -> Option<i32> {
        None
    }

    /// What slices of this type are: arrays, but of bytes a single value. Leave it as it is.
    #[doc(hidden)]
    #[must_use]
    fn natural_type_of_slice() -> Option<Type> {
        kind::array_of(&Self::natural_type()?)
    }

    #[doc(hidden)]
    fn slice_fits(kind: &Type) -> bool {
        kind::element_of(kind).is_some_and(Self::fits)
    }

    #[doc(hidden)]
    fn write_slice(items: &[Self], kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason>
    where
        Self: Sized,
    {
        array::write(items, kind, out)
    }
}

impl<T: BindType> Bind for T {
    fn type_name(&self) -> Cow<'static, str> {
        T::rust_type()
    }

    fn sent_as(&self) -> Option<Type> {
        T::natural_type()
    }

    fn write_checked(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Misfit> {
        let written = if T::fits(kind) { self.write(kind, out) } else { Err(MisfitReason::OtherType) };
        written.map_err(|reason| Misfit::new(T::rust_type(), T::natural_type(), kind, reason))
    }

    fn tell(&self, out: &mut BytesMut) -> Option<IsNull> {
        self.write(&T::natural_type()?, out).ok()
    }
}
