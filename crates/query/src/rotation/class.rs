use std::fmt;

use pgkeel_crypto::Error;
use serde::Serialize;

/// Why a cell does not open, or a row cannot be changed, in a word: nothing of the cell or its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureClass {
    /// It is no envelope: never sealed, or cut off.
    Malformed,
    /// No key of its id is in the keyring: add it, with state `decrypt`, from escrow.
    UnknownKey,
    /// Its key is disabled: set its state to `decrypt`.
    DisabledKey,
    /// Sealed by another secret, or for another column or tenant.
    WrongKey,
    /// Changed, or moved here from another row.
    Tampered,
    /// Its header says that it is another column's.
    WrongContext,
    /// Authentic, but no value of its type.
    Undecodable,
    /// Its row has no tenant, or a key that is too long.
    Misplaced,
    /// What is sealed is longer than a field can be.
    TooLong,
    /// What is sealed is not what the plaintext column has: a program writes one of them alone, or another form of the same.
    Differs,
    /// A unique index has the value already, of another row.
    Duplicate,
    /// The plaintext is no value of the sealed column's type, as infinity is no moment.
    NotOfKind,
    /// Any other.
    Other,
}

impl FailureClass {
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Malformed(_) => Self::Malformed,
            Error::UnknownKey(_) => Self::UnknownKey,
            Error::DisabledKey(_) => Self::DisabledKey,
            Error::WrongKey(_) => Self::WrongKey,
            Error::Tampered(_) => Self::Tampered,
            Error::WrongContext(_) => Self::WrongContext,
            Error::Undecodable(_) => Self::Undecodable,
            Error::Misplaced { .. } => Self::Misplaced,
            Error::TooLong { .. } => Self::TooLong,
            Error::NotOfKind(_) => Self::NotOfKind,
            _ => Self::Other,
        }
    }

    /// As it is stored.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::DisabledKey => "disabled_key",
            Self::WrongKey => "wrong_key",
            Self::Tampered => "tampered",
            Self::WrongContext => "wrong_context",
            Self::Undecodable => "undecodable",
            Self::Misplaced => "misplaced",
            Self::TooLong => "too_long",
            Self::Differs => "differs",
            Self::Duplicate => "duplicate",
            Self::NotOfKind => "not_of_kind",
            Self::Other => "other",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        let all = [
            Self::Malformed,
            Self::UnknownKey,
            Self::DisabledKey,
            Self::WrongKey,
            Self::Tampered,
            Self::WrongContext,
            Self::Undecodable,
            Self::Misplaced,
            Self::TooLong,
            Self::Differs,
            Self::Duplicate,
            Self::NotOfKind,
        ];
        all.into_iter().find(|class| class.name() == name).unwrap_or(Self::Other)
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
