use std::fmt;

use super::KeyId;

/// What a key is used for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the set is complete")]
pub enum KeyState {
    /// Seals, or indexes what is written; opens, or finds, what it has sealed or indexed. One key of a list is.
    Primary,
    /// Opens what it has sealed (`decrypt`), or finds what it has indexed (`lookup`).
    Reading,
    /// Does nothing, and its secret is not asked for: known, so that what is still sealed under it is told from what is sealed
    /// under a key that nobody has heard of.
    Disabled,
}

/// Which of a keyring's two lists: a key of one is of no use in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the set is complete")]
pub enum KeyList {
    /// Keys that seal and open.
    Seal,
    /// Keys of blind indexes.
    Index,
}

impl KeyList {
    pub(super) const ALL: [Self; 2] = [Self::Seal, Self::Index];

    /// How [`KeyState::Reading`] is written in this list.
    pub(super) fn reading(self) -> &'static str {
        match self {
            Self::Seal => "decrypt",
            Self::Index => "lookup",
        }
    }
}

impl fmt::Display for KeyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seal => "seal",
            Self::Index => "index",
        })
    }
}

/// A key by its list and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct KeyName {
    /// Its list.
    pub list: KeyList,
    /// Its id.
    pub id: KeyId,
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key {}", self.list, self.id)
    }
}
