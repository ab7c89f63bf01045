use zeroize::{Zeroize as _, Zeroizing};

use super::Plain;
use super::closed::Closed;
use crate::Kind;

impl Closed for Vec<u8> {}
impl Closed for String {}
impl Closed for i64 {}
impl Closed for bool {}

impl Plain for Vec<u8> {
    type Borrowed = [u8];
    const KIND: Kind = Kind::Bytes;

    fn lend(&self) -> &Self::Borrowed {
        self
    }

    fn with_bytes<R>(value: &[u8], read: impl FnOnce(&[u8]) -> R) -> R {
        read(value)
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        Some(bytes)
    }
}

impl Plain for String {
    type Borrowed = str;
    const KIND: Kind = Kind::Text;

    fn lend(&self) -> &Self::Borrowed {
        self
    }

    fn with_bytes<R>(value: &str, read: impl FnOnce(&[u8]) -> R) -> R {
        read(value.as_bytes())
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        Self::from_utf8(bytes).map_err(|error| error.into_bytes().zeroize()).ok()
    }
}

impl Plain for i64 {
    type Borrowed = Self;
    const KIND: Kind = Kind::Int;

    fn lend(&self) -> &Self::Borrowed {
        self
    }

    fn with_bytes<R>(value: &Self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(&*Zeroizing::new(value.to_be_bytes()))
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        array(bytes).map(|bytes| Self::from_be_bytes(*bytes))
    }
}

impl Plain for bool {
    type Borrowed = Self;
    const KIND: Kind = Kind::Bool;

    fn lend(&self) -> &Self::Borrowed {
        self
    }

    fn with_bytes<R>(value: &Self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(&[u8::from(*value)])
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        match *array::<1>(bytes)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

/// These bytes, if they are so many; what they were in is overwritten.
pub(super) fn array<const N: usize>(bytes: Vec<u8>) -> Option<Zeroizing<[u8; N]>> {
    let bytes = Zeroizing::new(bytes);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}
