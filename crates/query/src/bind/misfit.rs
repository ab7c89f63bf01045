use std::borrow::Cow;
use std::fmt;

use tokio_postgres::types::Type;

use super::{Bind, kind};

/// A value that has no place in a type of the server's. It says nothing of the value itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    rust_type: Cow<'static, str>,
    natural: Option<Type>,
    kind: Option<Type>,
    reason: MisfitReason,
}

/// Why a value does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MisfitReason {
    /// Not every value of the Rust type has a place in the server's type.
    OtherType,
    /// A text, or one in a `jsonb`, has a zero byte in it, which the server has no place for.
    ZeroByte,
    /// The value takes more bytes, or the array has more elements, than a message can count: `i32::MAX`.
    TooLong,
    /// A date or time before or after those that the server knows.
    OutOfRange,
    /// A time of day in a leap second, which the server does not know.
    LeapSecond,
    /// What goes as JSON has a float in it that is NaN or infinite, for which JSON has no number.
    NotFinite,
    /// What its own way of being written made of it was an error.
    Refused,
    /// What its own way of being written made of it was a panic. The panic hook was given what it said, which may be the
    /// value: see [values and panics](crate#values-and-panics).
    Panicked,
    /// The parameter is to be sent with a type, and no type of the server's is the natural one of this Rust type.
    NoNaturalType,
}

impl Misfit {
    pub(super) fn new(
        rust_type: Cow<'static, str>,
        natural: Option<Type>,
        kind: &Type,
        reason: MisfitReason,
    ) -> Self {
        Self { rust_type, natural, kind: Some(kind.clone()), reason }
    }

    pub(crate) fn of(value: &dyn Bind, kind: &Type, reason: MisfitReason) -> Self {
        Self::new(value.type_name(), value.sent_as(), kind, reason)
    }

    pub(crate) fn without_type(rust_type: Cow<'static, str>) -> Self {
        Self { rust_type, natural: None, kind: None, reason: MisfitReason::NoNaturalType }
    }

    /// The Rust type of the value.
    #[must_use]
    pub fn rust_type(&self) -> &str {
        &self.rust_type
    }

    /// The type that the server wants, as it is written in a statement. `None` if no type was found to send the value as.
    #[must_use]
    pub fn server_type(&self) -> Option<String> {
        self.kind.as_ref().map(kind::written)
    }

    /// Why it does not fit.
    #[must_use]
    pub fn reason(&self) -> MisfitReason {
        self.reason
    }

    /// What mends it, in words. `place` is the parameter as it stands in the statement: `$2`, `{since}`.
    #[must_use]
    pub fn remedy(&self, place: &str) -> String {
        let Some(wanted) = &self.kind else {
            return "say which type it is sent as: `bind_as(value, type)`".to_owned();
        };
        match self.reason {
            MisfitReason::OtherType => self.other_type(wanted, place),
            MisfitReason::ZeroByte => "take the zero bytes out, or keep it in a bytea".to_owned(),
            MisfitReason::TooLong => "send it in parts".to_owned(),
            MisfitReason::OutOfRange => {
                "the server's calendar goes from 4714-11-24 BC to 294276-12-31".to_owned()
            }
            MisfitReason::LeapSecond => "take the second before or after it".to_owned(),
            MisfitReason::NotFinite => {
                "make the float an `Option` that is `None` there, or write it as a text".to_owned()
            }
            MisfitReason::Refused | MisfitReason::Panicked => {
                format!("look at how `{}` writes itself", self.rust_type)
            }
            MisfitReason::NoNaturalType => "say which type it is sent as: `bind_as(value, type)`".to_owned(),
        }
    }

    fn other_type(&self, wanted: &Type, place: &str) -> String {
        let converted = self
            .natural
            .as_ref()
            .map(|natural| format!("`{place}::{}::{}`", kind::written(natural), kind::written(wanted)));
        match (kind::takers(wanted), converted) {
            (Some(takers), Some(converted)) => {
                format!("it takes {takers}; or let the server convert it, {converted}")
            }
            (Some(takers), None) => format!("it takes {takers}"),
            (None, Some(converted)) => format!("let the server convert it, {converted}"),
            (None, None) => "the type's `ToSql` does not accept it".to_owned(),
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            MisfitReason::OtherType => " does not fit",
            MisfitReason::ZeroByte => " with a zero byte does not fit",
            MisfitReason::TooLong => " is too long for",
            MisfitReason::OutOfRange => " is out of the range of",
            MisfitReason::LeapSecond => " in a leap second does not fit",
            MisfitReason::NotFinite => " with a float that is NaN or infinite does not fit",
            MisfitReason::Refused => " could not be written as",
            MisfitReason::Panicked => " panicked when it was to be written as",
            MisfitReason::NoNaturalType => " has no type to be sent as",
        };
        write!(f, "`{}`{what}", self.rust_type)?;
        self.server_type().map_or(Ok(()), |kind| write!(f, " `{kind}`"))
    }
}

impl std::error::Error for Misfit {}
