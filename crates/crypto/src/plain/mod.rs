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

pub(crate) mod closed {
    #[expect(unnameable_types, reason = "so that nobody else implements it")]
    pub trait Closed {}
}
