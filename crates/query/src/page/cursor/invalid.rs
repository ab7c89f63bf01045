use std::fmt;

/// A cursor that is none. Nothing was sent to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not valid: {reason}")]
pub struct InvalidCursor {
    reason: CursorReason,
}

/// Why a cursor is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CursorReason {
    /// It does not look like one.
    Malformed,
    /// It was made with another key, or changed.
    Signature,
    /// Its time is over.
    Expired,
    /// It is of another entity, order, filter, value of a filter, or of somebody else.
    OtherStatement,
}

/// A key of too few bytes to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key for cursors has at least 32 bytes that nobody else knows, this one has {bytes}")]
#[non_exhaustive]
pub struct WeakKey {
    /// How many bytes there were.
    pub bytes: usize,
}

impl InvalidCursor {
    pub(crate) fn new(reason: CursorReason) -> Self {
        Self { reason }
    }

    /// Why it is none.
    #[must_use]
    pub fn reason(self) -> CursorReason {
        self.reason
    }
}

impl fmt::Display for CursorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it does not look like one",
            Self::Signature => "it was made with another key, or changed",
            Self::Expired => "its time is over",
            Self::OtherStatement => "it was made for another statement",
        })
    }
}
