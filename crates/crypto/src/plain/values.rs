use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::Plain;
use super::closed::Closed;
use super::native::array;
use crate::Kind;

/// A type around another one, which says what the value means and keeps it out of `Debug`.
macro_rules! value {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        #[expect(clippy::exhaustive_structs, reason = "it is its one field")]
        pub struct $name(pub $inner);

        impl Closed for $name {}

        impl Zeroize for $name {
            fn zeroize(&mut self) {
                self.0.zeroize();
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }
    };
}

value!(
    /// A JSON document as text, sealed as it is written. Whether it is JSON is not looked at.
    Json(String)
);
value!(
    /// A UUID: its bytes in the order in which they are written.
    Uuid([u8; 16])
);
value!(
    /// A moment, in microseconds since 1970-01-01 00:00:00 UTC: the resolution of `timestamptz`.
    Timestamp(i64)
);
value!(
    /// A decimal number as text, sealed as it is written: `1.0` and `1.00` stay apart, as in `numeric`. Whether it is a number is
    /// not looked at.
    Decimal(String)
);
value!(
    /// A day, in days since 1970-01-01.
    Date(i32)
);

impl Plain for Json {
    type Borrowed = Self;
    const KIND: Kind = Kind::Json;

    fn lend(&self) -> &Self::Borrowed {
        self
    }

    fn with_bytes<R>(value: &Self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(value.0.as_bytes())
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        String::from_bytes(bytes).map(Self)
    }
}

impl Plain for Uuid {
    type Borrowed = Self;
    const KIND: Kind = Kind::Uuid;

    fn lend(&self) -> &Self::Borrowed {
        self
    }

    fn with_bytes<R>(value: &Self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(&value.0)
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        array(bytes).map(|bytes| Self(*bytes))
    }
}

impl Plain for Timestamp {
    type Borrowed = Self;
    const KIND: Kind = Kind::Timestamp;

    fn lend(&self) -> &Self::Borrowed {
        self
    }

    fn with_bytes<R>(value: &Self, read: impl FnOnce(&[u8]) -> R) -> R {
        i64::with_bytes(&value.0, read)
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        i64::from_bytes(bytes).map(Self)
    }
}

impl Plain for Decimal {
    type Borrowed = Self;
    const KIND: Kind = Kind::Decimal;

    fn lend(&self) -> &Self::Borrowed {
        self
    }

    fn with_bytes<R>(value: &Self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(value.0.as_bytes())
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        String::from_bytes(bytes).map(Self)
    }
}

impl Plain for Date {
    type Borrowed = Self;
    const KIND: Kind = Kind::Date;

    fn lend(&self) -> &Self::Borrowed {
        self
    }

    fn with_bytes<R>(value: &Self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(&*Zeroizing::new(value.0.to_be_bytes()))
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        array(bytes).map(|bytes| Self(i32::from_be_bytes(*bytes)))
    }
}
