use std::fmt;
use std::marker::PhantomData;

use crate::envelope::{Header, from_text, to_text};
use crate::error::{Difference, Error};
use crate::plain::Plain;
use crate::suite::Suite;
use crate::{KeyId, Malformed};

/// A value of type `T` as it is stored: an envelope, whose form has been looked at. Only a [`Vault`](crate::Vault) opens it.
///
/// Its bytes go into a column of `bytea`, its text into one of `text`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sealed<T> {
    envelope: Vec<u8>,
    values: PhantomData<fn() -> T>,
}

impl<T: Plain> Sealed<T> {
    /// Takes in what was stored.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is no envelope, such as plaintext; [`Error::WrongContext`] if its value is of another type.
    pub fn from_bytes(envelope: Vec<u8>) -> Result<Self, Error> {
        let (header, _) = Header::parse(&envelope)?;
        if header.kind != T::KIND {
            let difference = Difference::Kind { envelope: header.kind, column: T::KIND };
            return Err(Error::WrongContext(difference));
        }
        Ok(Self::new(envelope))
    }

    /// Takes in what was stored as text: `pgk1.` and base64url without padding.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn from_text(text: &str) -> Result<Self, Error> {
        Self::from_bytes(from_text(text)?)
    }

    /// The key that it was sealed under.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.header().key
    }

    /// What it was sealed with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.header().suite
    }

    /// An envelope of this type that was parsed before.
    pub(crate) fn new(envelope: Vec<u8>) -> Self {
        Self { envelope, values: PhantomData }
    }

    pub(crate) fn parse(&self) -> Result<(Header, &[u8]), Malformed> {
        Header::parse(&self.envelope)
    }

    fn header(&self) -> Header {
        self.parse().expect("it was parsed when it came").0
    }
}

impl<T> Sealed<T> {
    /// The bytes, to be stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.envelope
    }

    /// The bytes, to be stored.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.envelope
    }

    /// As text, to be stored where bytes cannot be: `pgk1.` and base64url without padding.
    #[must_use]
    pub fn to_text(&self) -> String {
        to_text(&self.envelope)
    }
}

impl<T: Plain> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header { suite, kind, key, .. } = self.header();
        write!(f, "Sealed({kind}, {suite}, key {key}, {} B)", self.envelope.len())
    }
}
