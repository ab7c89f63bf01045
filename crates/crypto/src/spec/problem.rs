use crate::Suite;
use crate::column::MOST_CONTEXT;
use crate::index::MOST_NAME;

/// What is wrong with a description of a column or index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSpec {
    /// The context is empty or too long.
    #[error("a context has 1 to {MOST_CONTEXT} bytes, this one {bytes}")]
    Context {
        /// Its length.
        bytes: usize,
    },
    /// The name of the index is empty or too long.
    #[error("the name of an index has 1 to {MOST_NAME} bytes, this one {bytes}")]
    Name {
        /// Its length.
        bytes: usize,
    },
    /// A suite that this program was built without.
    #[error("this program was built without suite {0}: build it with the feature `siv`")]
    NotBuilt(Suite),
    /// A beacon of too few or too many bits.
    #[error("a beacon has 1 to 64 bits, not {bits}")]
    Bits {
        /// How many were asked for.
        bits: u8,
    },
    /// A normaliser other than `exact`, of values that are no text.
    #[error("only texts are normalised, and the column's values are none: its index has to be exact")]
    NoText,
    /// A word that is none of the format's.
    #[error("{word:?} is no {what}: expected one of {expected}")]
    Word {
        /// What it should be, in words.
        what: &'static str,
        /// The word.
        word: String,
        /// All that there are.
        expected: &'static str,
    },
}
