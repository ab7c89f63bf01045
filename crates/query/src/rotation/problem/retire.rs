use std::fmt;

use pgkeel_crypto::KeyId;

/// Why a key is not retired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetireProblem {
    /// Cells are still sealed under the key.
    #[error("key {key} is in use: {}; rotate these columns, then retire it", Uses(.uses))]
    KeyInUse {
        /// Which key.
        key: KeyId,
        /// Each column with its cells, those without left out.
        uses: Vec<(String, u64)>,
    },
    /// Cells of published columns name no key, so it is not known which one opens them.
    #[error("it is not known which key opens {}; verify these columns, and mend them", Uses(.cells))]
    UnreadableCells {
        /// Each column with such cells, and how many there are.
        cells: Vec<(String, u64)>,
    },
    /// A rotation to the key is under way.
    #[error("rotation {id} to key {key} is under way: let it finish, or cancel it")]
    RotationToKey {
        /// Its number.
        id: i64,
        /// The key.
        key: KeyId,
    },
    /// No column is published, so nobody knows where the key may be in use.
    #[error("no sealed column is published: publish all, so that it can be seen whether the key is in use")]
    NothingPublished,
    /// The vault's primary key cannot be retired.
    #[error("key {key} is the primary key: make another one primary, and rotate to it")]
    PrimaryKey {
        /// Which.
        key: KeyId,
    },
    /// The key is one of indexes, and values of an index do not tell which key they were made under.
    #[error(
        "key {key} is of indexes, whose values do not tell their key: disable it once a rotation of each index to another key has \
         finished, and the columns of unique ones that stayed under it are dropped"
    )]
    KeyOfIndexes {
        /// Which.
        key: KeyId,
    },
}

struct Uses<'a>(&'a [(String, u64)]);

impl fmt::Display for Uses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (column, cells)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{cells} cells of {column}")?;
        }
        Ok(())
    }
}
