use crate::Suite;

/// What makes bytes no envelope. None of them is repeated: they may be plaintext that stands where none should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Fewer bytes than the header, or than what its suite adds.
    #[error("it is cut off: {bytes} bytes are fewer than the {least} of an empty value")]
    TooShort {
        /// How many there are.
        bytes: usize,
        /// How many there would have to be.
        least: usize,
    },
    /// More bytes than PostgreSQL stores in a field, 1 GiB.
    #[error("it is longer than a field of PostgreSQL's can be")]
    TooLong,
    /// The first byte is not `0xC1`: this is something else, such as plaintext.
    #[error("it does not begin as an envelope does: perhaps it was never sealed")]
    Magic,
    /// A version of the format that this crate does not know.
    #[error("its version is not known to this program: a newer one is needed")]
    Version,
    /// A suite that this crate does not know.
    #[error("its suite is not known to this program: a newer one is needed")]
    Suite,
    /// A suite that this program was built without.
    #[error("it is of suite {0}, which this program was built without: build it with the feature `siv`")]
    NotBuilt(Suite),
    /// A compressed value: the bit is reserved, and compression is not supported, as lengths would tell of contents.
    #[error("it says that its value is compressed, which is not supported")]
    Compressed,
    /// A flag that this crate does not know.
    #[error("it has a flag that is not known to this program: a newer one is needed")]
    Flags,
    /// Bound to a row, but of a suite that is not.
    #[error("it is deterministic and bound to a row, which exclude each other")]
    RowOfDeterministic,
    /// A type that this crate does not know.
    #[error("its type is not known to this program: a newer one is needed")]
    Kind,
    /// Key 0.
    #[error("it names no key")]
    NoKey,
    /// In text: not `pgk1.` and base64url without padding.
    #[error("it is not `pgk1.` with base64url behind it")]
    Text,
}
