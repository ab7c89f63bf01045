use std::net::IpAddr;

use bytes::BytesMut;

use crate::entity::ColumnValue;

/// A value that users may send in to compare a column with: how it is read, and what is said if it cannot be.
///
/// | column | text of a query string | JSON |
/// |---|---|---|
/// | `bool` | `true`, `false` | the same |
/// | `i16`, `i32`, `i64`, `u32` | digits | a whole number, or its digits as a string |
/// | `f32`, `f64` | a number; neither infinite nor NaN | the same, or as a string |
/// | `Decimal` | digits with a point, up to 28 | a string, or a number of up to 15 digits, which JSON keeps exactly |
/// | `String` | any text without a zero byte | a string |
/// | `Uuid` | a UUID | a string |
/// | `DateTime<_>`, `SystemTime` (feature `chrono`) | RFC 3339, with an offset: `2026-11-22T15:00:00Z` | a string |
/// | `NaiveDate`, `NaiveTime`, `NaiveDateTime` | ISO 8601: `2026-11-22`, `15:00:00`, `2026-11-22T15:00:00` | a string |
/// | `IpAddr` | an address | a string |
///
/// For a type of your own, an enum for example:
/// ```
/// # use std::borrow::Cow;
/// # use bytes::BytesMut;
/// # use pgkeel_query::{BindType, Type};
/// # use pgkeel_query::bind::{IsNull, MisfitReason};
/// # use pgkeel_query::entity::ColumnValue;
/// # use pgkeel_query::input::InputValue;
/// enum Mood {
///     Sad,
///     Glad,
/// }
///
/// impl InputValue for Mood {
///     const WANTED: &'static str = "a mood";
///
///     fn from_text(text: &str) -> Option<Self> {
///         match text {
///             "sad" => Some(Self::Sad),
///             "glad" => Some(Self::Glad),
///             _ => None,
///         }
///     }
///
///     fn choices() -> &'static [&'static str] {
///         &["sad", "glad"]
///     }
/// }
/// # impl ColumnValue for Mood {}
/// # impl BindType for Mood {
/// #     fn rust_type() -> Cow<'static, str> { "Mood".into() }
/// #     fn natural_type() -> Option<Type> { str::natural_type() }
/// #     fn fits(kind: &Type) -> bool { str::fits(kind) }
/// #     fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
/// #         match self { Self::Sad => "sad", Self::Glad => "glad" }.write(kind, out)
/// #     }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "users cannot send in a `{Self}`",
    label = "not read from what users send",
    note = "for a type of your own: `impl pgkeel_query::input::InputValue for {Self}`"
)]
pub trait InputValue: ColumnValue + Sized + 'static {
    /// What is wanted, in words that a user understands: `a whole number`. No value is shown beside it.
    const WANTED: &'static str;

    /// The value that the text stands for, if it stands for one.
    fn from_text(text: &str) -> Option<Self>;

    /// The value that the JSON stands for: of a string that of its text, unless said otherwise.
    #[cfg(feature = "json")]
    fn from_json(json: &serde_json::Value) -> Option<Self> {
        json.as_str().and_then(Self::from_text)
    }

    /// All texts that are values, if they are few; users are shown them.
    #[must_use]
    fn choices() -> &'static [&'static str] {
        &[]
    }
}

/// What a column holds that users may compare: an [`InputValue`], or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "users cannot compare a column of `{Self}`",
    label = "not read from what users send",
    note = "for a type of your own: `impl pgkeel_query::input::InputValue for {Self}`; any column that is compared can be sorted by"
)]
pub trait InputOf {
    /// The value, without the `Option`.
    type Value: InputValue;
}

#[diagnostic::do_not_recommend]
impl<T: InputValue> InputOf for T {
    type Value = T;
}

#[diagnostic::do_not_recommend]
impl<T: InputValue> InputOf for Option<T> {
    type Value = T;
}

/// Whether the server's type that is most like it has a place for this value: for a text with a zero byte it has none.
pub(super) fn has_a_place<T: InputValue>(value: &T) -> bool {
    T::natural_type().is_none_or(|kind| value.write(&kind, &mut BytesMut::new()).is_ok())
}

macro_rules! parsed {
    ($($kind:ty: $wanted:literal $(, $json:ident)?;)+) => {$(
        impl InputValue for $kind {
            const WANTED: &'static str = $wanted;

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            $(
                #[cfg(feature = "json")]
                fn from_json(json: &serde_json::Value) -> Option<Self> {
                    $json(json)
                }
            )?
        }
    )+};
}

parsed! {
    i16: "a whole number from -32768 to 32767", number;
    i32: "a whole number from -2147483648 to 2147483647", number;
    i64: "a whole number of 64 bits", number;
    u32: "a whole number from 0 to 4294967295", number;
    IpAddr: "an IP address";
}

#[cfg(feature = "uuid")]
parsed!(uuid::Uuid: "a UUID";);
#[cfg(feature = "chrono")]
parsed! {
    chrono::NaiveDate: "a date, as 2026-11-22";
    chrono::NaiveTime: "a time of day, as 15:00:00";
    chrono::NaiveDateTime: "a date and a time without offset, as 2026-11-22T15:00:00";
}

impl InputValue for String {
    const WANTED: &'static str = "a text without a zero byte";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl InputValue for bool {
    const WANTED: &'static str = "true or false";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    #[cfg(feature = "json")]
    fn from_json(json: &serde_json::Value) -> Option<Self> {
        json.as_bool()
    }

    fn choices() -> &'static [&'static str] {
        &["true", "false"]
    }
}

macro_rules! floats {
    ($($kind:ident)+) => {$(
        impl InputValue for $kind {
            const WANTED: &'static str = "a number";

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok().filter(|number: &Self| number.is_finite())
            }

            #[cfg(feature = "json")]
            fn from_json(json: &serde_json::Value) -> Option<Self> {
                number(json)
            }
        }
    )+};
}

floats!(f32 f64);

#[cfg(feature = "json")]
fn number<T: InputValue>(json: &serde_json::Value) -> Option<T> {
    match json {
        serde_json::Value::Number(number) => T::from_text(&number.to_string()),
        _ => json.as_str().and_then(T::from_text),
    }
}

#[cfg(feature = "decimal")]
impl InputValue for rust_decimal::Decimal {
    const WANTED: &'static str =
        "a decimal number of up to 28 digits; in JSON a string if it has more than 15";

    fn from_text(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        is_plain.then(|| Self::from_str_exact(text).ok()).flatten()
    }

    #[cfg(feature = "json")]
    fn from_json(json: &serde_json::Value) -> Option<Self> {
        /// As many digits as a float of 64 bits keeps for certain (`DBL_DIG` of C).
        const KEPT: usize = 15;
        let serde_json::Value::Number(number) = json else { return json.as_str().and_then(Self::from_text) };
        let text = number.to_string();
        let is_whole = number.is_i64() || number.is_u64();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        (is_whole || digits <= KEPT).then(|| Self::from_text(&text)).flatten()
    }
}

#[cfg(feature = "chrono")]
const RFC_3339: &str = "a time with an offset, as 2026-11-22T15:00:00Z (RFC 3339)";

#[cfg(feature = "chrono")]
macro_rules! moments {
    ($($kind:ty),+) => {$(
        impl InputValue for $kind {
            const WANTED: &'static str = RFC_3339;

            fn from_text(text: &str) -> Option<Self> {
                chrono::DateTime::parse_from_rfc3339(text).ok().map(Into::into)
            }
        }
    )+};
}

#[cfg(feature = "chrono")]
moments!(chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::FixedOffset>, std::time::SystemTime);
