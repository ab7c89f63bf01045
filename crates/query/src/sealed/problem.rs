use pgkeel_crypto::Error as CryptoError;

use crate::error::Failure;
use crate::repository::UniqueViolation;

/// Why a value was not sealed, opened or looked up. Nothing of the value or of a key is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealedProblem {
    /// A value was to be sealed, and nothing was said to seal it with. Nothing was sent.
    #[error(
        "a value of {column} waits to be sealed: say `sealed_by(&sealer)` of the statement, change or repository"
    )]
    NoSealer {
        /// Table and column.
        column: String,
    },
    /// The field is a `Sealed`, by another name, and nothing is said of how its values are sealed.
    #[error("{column} is not said to be sealed: `#[pgkeel(sealed(context = \"…\"))]` of its field says it")]
    Undeclared {
        /// Table and column.
        column: String,
    },
    /// The value could not be sealed, or its index not be made. Nothing was sent, but for ids that were drawn.
    #[error("the value of {column} was not sealed")]
    Seal {
        /// Table and column.
        column: String,
        /// Why.
        #[source]
        source: CryptoError,
    },
    /// The value could not be opened.
    #[error("the value of {column} does not open")]
    Open {
        /// Table and column.
        column: String,
        /// Why.
        #[source]
        source: CryptoError,
    },
    /// What the index has for the value could not be computed.
    #[error("the index of {column} has no value to look for")]
    Lookup {
        /// Table and column.
        column: String,
        /// Why.
        #[source]
        source: CryptoError,
    },
    /// The column has no blind index, or none of this name.
    #[error("{column} has no such blind index: say `sealed(…, index(column = \"…\"))` of its field")]
    NoIndex {
        /// Table and column.
        column: String,
    },
    /// A blind index is to be [kept under a key](super::Sealer::index_kept_under) that the keyring does not have, or has disabled.
    #[error(
        "{index} cannot be kept under a key that is not there: have it in the keyring, below `index` with state `lookup`; or if the \
         column is to be under the primary key, leave `index_kept_under` out"
    )]
    IndexKey {
        /// Table and column of the index.
        index: String,
        /// Which key, and why.
        #[source]
        source: CryptoError,
    },
    /// The values are bound to their row, whose id is not known before it is inserted; or it is counted up by the server (`add`).
    #[error(
        "the id of {table} is to be said: sealed values are bound to it, and no sequence and no client makes it"
    )]
    NoId {
        /// The table.
        table: &'static str,
    },
    /// The id is of a type that no row is known by: it is an integer of at most 64 bits, a UUID, a text or bytes.
    #[error(
        "{column} is NULL or of a type that sealed values cannot be bound to: integers, UUIDs, texts and bytes are those"
    )]
    UnusableId {
        /// Table and column.
        column: String,
    },
    /// The id is generated, but its column owns no sequence: it is said by a trigger, or by a default of its own.
    #[error(
        "{column} has no sequence of its own to draw ids from: say the id, make the column an identity, or say `alter sequence … owned by`"
    )]
    NoSequence {
        /// Table and column of the id.
        column: String,
    },
    /// The role may not draw ids, which a plain insert into an identity column does without.
    #[error(
        "ids of {column} are drawn from its sequence before rows are inserted: `grant usage on` the sequence `to` this role"
    )]
    SequenceNotAllowed {
        /// Table and column of the id.
        column: String,
        /// What the server says of it.
        #[source]
        source: Failure,
    },
    /// A row has the id already that was drawn for another one: the sequence was set back, or ids were said by hand. Nothing was inserted. The
    /// sealer has forgotten the ids of this table that it had drawn besides.
    #[error(
        "a row of {table} has the id that was drawn for a new one: insert again, with an id that is drawn anew; if that fails too, the \
         sequence is behind: `select setval(pg_get_serial_sequence('{table}', '{id}'), (select max({id}) from {table}))`"
    )]
    IdTaken {
        /// The table.
        table: &'static str,
        /// The column of the id.
        id: &'static str,
        /// What the server says of it.
        #[source]
        source: UniqueViolation,
    },
    /// A trigger or the type of a column has changed the id or the tenant of a row that was inserted: what is sealed in it will never open.
    /// The row is there, unless it is of a transaction that is rolled back.
    #[error(
        "a row of {table} was inserted with another id or tenant than its values were sealed for, and they will never open: roll back or \
         delete it, and have no trigger or type (`char(n)`) change what is sent"
    )]
    Elsewhere {
        /// The table.
        table: &'static str,
    },
    /// The values are bound to a tenant, and the statement does not say which; or it is NULL, or of a type that is no name.
    #[error(
        "the tenant of {table} is to be said as a text, an integer or a UUID: sealed values are bound to it"
    )]
    NoTenant {
        /// The table.
        table: &'static str,
    },
    /// On a conflict the value would go into another row than it is bound to.
    #[error(
        "on a conflict {column} would go into another row than its value is bound to: leave it out by `update_only`, or seal the column \
         with `any_row`"
    )]
    OtherRow {
        /// Table and column.
        column: String,
    },
    /// The row would get another id or tenant than the values that it has are bound to.
    #[error(
        "{moved} is set, and the value of {column} is bound to it: open the value, and set it too by a change of the row"
    )]
    Moved {
        /// Table and column of the value.
        column: String,
        /// The column that is set.
        moved: &'static str,
    },
}

impl SealedProblem {
    /// What an executor said, if it was a statement that failed.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::SequenceNotAllowed { source, .. } => Some(source),
            Self::IdTaken { source, .. } => Some(source.failure()),
            _ => None,
        }
    }
}
