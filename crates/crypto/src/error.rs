use crate::{KeyId, Kind, Malformed, Suite};

/// Why a value was not sealed, opened or indexed. Nothing of the value or of a key is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// These bytes are no envelope.
    #[error("not an envelope")]
    Malformed(#[from] Malformed),
    /// No key of this id is in the keyring: load the keyring that it was sealed under, or restore the key from escrow.
    #[error("no key {0} is in the keyring: add it, with state `decrypt`, or `lookup` if it is of indexes")]
    UnknownKey(KeyId),
    /// The key of this id is there, but disabled.
    #[error(
        "key {0} is disabled in the keyring: its state has to be `decrypt` for what is still sealed under it, or `lookup` for indexes"
    )]
    DisabledKey(KeyId),
    /// Sealed with another key than the one that the keyring, the column and the tenant make: for another column or tenant, by
    /// another secret under the same id; or nonce or commitment were changed.
    #[error(
        "sealed with another key than {0} makes for this column and tenant: if the secret is the one that was meant, the value was \
         moved here or changed, so restore it"
    )]
    WrongKey(KeyId),
    /// Not authentic: changed, or put into another row. Without a commitment, what else [`WrongKey`](Self::WrongKey) tells.
    #[error(
        "not authentic under key {0}: it was changed, or sealed for another row, column or tenant, so restore what was here"
    )]
    Tampered(KeyId),
    /// By its own header it is none of this column's.
    #[error("not an envelope of this column: {0}")]
    WrongContext(Difference),
    /// It is authentic, but what is in it is no value of the type that it says: whoever sealed it did so wrongly.
    #[error("authentic, but what was sealed is not of type {0}: seal the value anew")]
    Undecodable(Kind),
    /// What was to be sealed is no value of its column's type, by its bytes.
    #[error("what was to be sealed is no value of type {0}: mend the value, or the type of its column")]
    NotOfKind(Kind),
    /// The place does not go with what the column, or index, says that its values are bound to: a mistake of the program's.
    #[error("not a place of {context}: {mistake}")]
    Misplaced {
        /// The column's or index's name.
        context: Box<str>,
        /// What is wrong.
        mistake: Misplaced,
    },
    /// The value is longer than what PostgreSQL stores in a field once it is sealed, 1 GiB.
    #[error("{bytes} bytes are more than a field of PostgreSQL's can have once they are sealed")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// The operating system gave no random bytes, so there was no nonce.
    #[error("the operating system gives no random bytes: nothing was sealed, try again")]
    NoRandomness(#[source] NoRandomness),
    /// The index is not beside the column whose envelopes it was to be made of: a mistake of the program's.
    #[error("index {index} is not of column {column}")]
    IndexOfOther {
        /// The index's name.
        index: String,
        /// The column's.
        column: String,
    },
    /// The keyring has no key for indexes: give it one, with state `primary`.
    #[error("the keyring has no primary key for indexes: add one, below `index`")]
    NoIndexKey,
    /// One of many; none was sealed.
    #[error("the value at position {position} was not sealed, and so none was")]
    InBatch {
        /// Which, from 0.
        position: usize,
        /// Why.
        #[source]
        source: Box<Error>,
    },
}

impl Error {
    /// Whether a key is missing: the keyring has to be mended, not the data.
    #[must_use]
    pub fn is_key_missing(&self) -> bool {
        matches!(self, Self::UnknownKey(_) | Self::DisabledKey(_) | Self::NoIndexKey)
    }

    /// Whether the stored bytes are not what was stored here: they were changed, moved, or never sealed.
    #[must_use]
    pub fn is_not_authentic(&self) -> bool {
        matches!(self, Self::Malformed(_) | Self::WrongKey(_) | Self::Tampered(_) | Self::WrongContext(_))
    }
}

/// In what a header differs from its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Difference {
    /// Another type.
    #[error("it is of type {envelope}, the column of {column}")]
    Kind {
        /// The envelope's.
        envelope: Kind,
        /// The column's.
        column: Kind,
    },
    /// Another suite, which the column does not open besides.
    #[error("it is of suite {envelope}, the column of {column}")]
    Suite {
        /// The envelope's.
        envelope: Suite,
        /// The column's.
        column: Suite,
    },
    /// One is bound to a row, the other is not.
    #[error("of the two, one is bound to its row")]
    Row,
    /// One is bound to a tenant, the other is not.
    #[error("of the two, one is bound to its tenant")]
    Tenant,
}

/// What is wrong with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misplaced {
    /// Bound to rows, but no row is named.
    #[error("its values are bound to rows, and no row is named")]
    RowMissing,
    /// Not bound to rows, but a row is named: it would protect from nothing.
    #[error("its values are not bound to rows, and a row is named")]
    RowUnexpected,
    /// The key of the row has more than 512 bytes, or more than 255 parts.
    #[error("the key of the row is longer than 512 bytes or has more than 255 parts")]
    RowTooLong,
    /// Bound to tenants, but none is named.
    #[error("its values are bound to tenants, and no tenant is named")]
    TenantMissing,
    /// Not bound to tenants, but one is named.
    #[error("its values are not bound to tenants, and a tenant is named")]
    TenantUnexpected,
    /// The tenant's name is empty or has more than 128 bytes.
    #[error("a tenant has 1 to 128 bytes")]
    TenantLength,
}

/// What the operating system said when it was asked for random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoRandomness(pub(crate) getrandom::Error);
