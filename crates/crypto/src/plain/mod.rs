//! Values as they are before sealing.

mod native;
mod values;

use zeroize::Zeroize;

use crate::Kind;

pub use self::values::{Date, Decimal, Json, Timestamp, Uuid};

/// A type of which values are sealed: [`String`], [`Vec<u8>`], [`i64`], [`bool`], [`Json`], [`Uuid`], [`Timestamp`], [`Decimal`],
/// [`Date`].
///
/// The list is closed, as each has its number in the format. A type of an application's is sealed as one of them.
pub trait Plain: Zeroize + Sized + closed::Closed {
    /// What is lent to be sealed: [`str`] for [`String`], `[u8]` for [`Vec<u8>`], else the type itself.
    type Borrowed: ?Sized;

    /// What envelopes call it.
    const KIND: Kind;

    /// Lends the value to be sealed.
    #[doc(hidden)]
    fn lend(&self) -> &Self::Borrowed;

    /// Lends the bytes that are encrypted.
    #[doc(hidden)]
    fn with_bytes<R>(value: &Self::Borrowed, read: impl FnOnce(&[u8]) -> R) -> R;

    /// The value of these bytes; `None` if they are none of its type. They are overwritten if they do not become the value.
    #[doc(hidden)]
    fn from_bytes(bytes: Vec<u8>) -> Option<Self>;
}

/// Whether these bytes are a value of this kind: what [`Plain::from_bytes`] takes, without taking it.
pub(crate) fn is_of(kind: Kind, bytes: &[u8]) -> bool {
    match kind {
        Kind::Bytes => true,
        Kind::Text | Kind::Json | Kind::Decimal => std::str::from_utf8(bytes).is_ok(),
        Kind::Int | Kind::Timestamp => bytes.len() == 8,
        Kind::Uuid => bytes.len() == 16,
        Kind::Bool => matches!(bytes, [0 | 1]),
        Kind::Date => bytes.len() == 4,
    }
}

pub(crate) mod closed {
    #[expect(unnameable_types, reason = "so that nobody else implements it")]
    pub trait Closed {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees<T: Plain>(bytes: &[u8]) {
        assert_eq!(is_of(T::KIND, bytes), T::from_bytes(bytes.to_vec()).is_some(), "{} {bytes:?}", T::KIND);
    }

    #[test]
    fn what_is_a_value_of_a_kind_is_what_its_type_takes() {
        let of_each_length = (0..=17).map(|len| vec![1; len]);
        for bytes in of_each_length.chain([vec![2], vec![0], b"\xff\xfe".to_vec(), "é".into()]) {
            agrees::<Vec<u8>>(&bytes);
            agrees::<String>(&bytes);
            agrees::<i64>(&bytes);
            agrees::<bool>(&bytes);
            agrees::<Json>(&bytes);
            agrees::<Uuid>(&bytes);
            agrees::<Timestamp>(&bytes);
            agrees::<Decimal>(&bytes);
            agrees::<Date>(&bytes);
        }
    }
}
