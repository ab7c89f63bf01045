use std::fmt;
use std::marker::PhantomData;

use crate::envelope::{Header, from_text, to_text};
use crate::error::{Difference, Error};
use crate::plain::Plain;
use crate::suite::Suite;
use crate::{KeyId, Malformed};

/// A value of type `T` as it is stored: an envelope. Only a [`Vault`](crate::Vault) opens it.
///
/// Its bytes go into a column of `bytea`, its text into one of `text`. What the driver reads out of a row (feature `postgres`) is
/// taken as it is, so that one broken cell does not take the others with it: that it is no envelope is told when it is opened.
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
    ///
    /// # Errors
    /// [`Malformed`] of what was read out of a row and is no envelope.
    pub fn key(&self) -> Result<KeyId, Malformed> {
        Ok(self.parse()?.0.key)
    }

    /// What it was sealed with.
    ///
    /// # Errors
    /// As [`key`](Self::key).
    pub fn suite(&self) -> Result<Suite, Malformed> {
        Ok(self.parse()?.0.suite)
    }

    /// What is stored, whether it is an envelope or not.
    pub(crate) fn new(envelope: Vec<u8>) -> Self {
        Self { envelope, values: PhantomData }
    }

    pub(crate) fn parse(&self) -> Result<(Header, &[u8]), Malformed> {
        Header::parse(&self.envelope)
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
        let bytes = self.envelope.len();
        match self.parse() {
            Ok((Header { suite, kind, key, .. }, _)) => {
                write!(f, "Sealed({kind}, {suite}, key {key}, {bytes} B)")
            }
            Err(_) => write!(f, "Sealed(no envelope, {bytes} B)"),
        }
    }
}
