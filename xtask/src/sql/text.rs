//! What is known of a text without running the program.

/// Where a text comes from, the more suspicious the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Text {
    /// From literals and constants alone.
    Constant,
    /// From elsewhere, as it is.
    Given,
    /// From pieces, some of which are no constants.
    Made,
}

impl Text {
    /// One of these, whichever it will be.
    pub(super) fn one_of(choices: impl IntoIterator<Item = Self>) -> Self {
        choices.into_iter().max().unwrap_or(Self::Constant)
    }

    /// All of these in one.
    pub(super) fn of_pieces(pieces: impl IntoIterator<Item = Self>) -> Self {
        if pieces.into_iter().all(|piece| piece == Self::Constant) { Self::Constant } else { Self::Made }
    }

    /// What a method that is not known gives back of it.
    pub(super) fn derived(self) -> Self {
        self.max(Self::Given)
    }
}
