use std::fmt;

use crate::page::PageProblem;
use crate::page::request::{LARGEST, check_size};

/// So many rows behind a cursor, or in front of it: the arguments that Relay's connections have.
///
/// | | without a cursor | with one |
/// |---|---|---|
/// | `first` | the first rows | the next behind `after` |
/// | `last` | the last rows | those just in front of `before` |
///
/// Rows come in the order of the statement either way. `first` and `last` at once, and a cursor that does not go with the one
/// that is there, are [`PageProblem::FirstOrLast`]. A page has at most 1 000 rows, unless [`max_size`](Self::max_size) says
/// otherwise; how deep it lies does not matter.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a request is given to `keyset`"]
pub struct KeysetRequest<'c> {
    first: Option<i32>,
    after: Option<&'c str>,
    last: Option<i32>,
    before: Option<&'c str>,
    largest: u32,
    binding: Vec<u8>,
}

/// What was asked for, as far as it goes together.
#[derive(Debug)]
pub(super) struct Asked<'c> {
    pub(super) size: u32,
    pub(super) is_backward: bool,
    pub(super) cursor: Option<&'c str>,
}

impl<'c> KeysetRequest<'c> {
    /// So many rows from the beginning, or [`after`](Self::after) a cursor.
    pub fn first(rows: u32) -> Self {
        Self::relay(Some(i32::try_from(rows).unwrap_or(i32::MAX)), None, None, None)
    }

    /// So many rows from the end, or [`before`](Self::before) a cursor.
    pub fn last(rows: u32) -> Self {
        Self::relay(None, None, Some(i32::try_from(rows).unwrap_or(i32::MAX)), None)
    }

    /// The arguments as GraphQL has them.
    pub fn relay(
        first: Option<i32>,
        after: Option<&'c str>,
        last: Option<i32>,
        before: Option<&'c str>,
    ) -> Self {
        Self { first, after, last, before, largest: LARGEST, binding: Vec::new() }
    }

    /// Behind the row of this cursor, if there is one.
    pub fn after(mut self, cursor: impl Into<Option<&'c str>>) -> Self {
        self.after = cursor.into();
        self
    }

    /// In front of the row of this cursor, if there is one.
    pub fn before(mut self, cursor: impl Into<Option<&'c str>>) -> Self {
        self.before = cursor.into();
        self
    }

    /// A page has at most so many rows; 1 000 unless said.
    pub fn max_size(mut self, rows: u32) -> Self {
        self.largest = rows;
        self
    }

    /// Cursors are good for this alone, besides the statement: a tenant, a user. Those of a page with something else said are
    /// refused.
    pub fn bound_to(mut self, whom: impl AsRef<[u8]>) -> Self {
        self.binding = whom.as_ref().to_vec();
        self
    }

    pub(super) fn binding(&self) -> &[u8] {
        &self.binding
    }

    pub(super) fn asked(&self) -> Result<Asked<'c>, PageProblem> {
        let (size, cursor, is_backward) = match (self.first, self.after, self.last, self.before) {
            (Some(first), after, None, None) => (first, after, false),
            (None, None, Some(last), before) => (last, before, true),
            _ => return Err(PageProblem::FirstOrLast),
        };
        let size = u32::try_from(size).map_err(|_| PageProblem::Zero)?;
        check_size(size, self.largest)?;
        Ok(Asked { size, is_backward, cursor })
    }
}

/// Without the cursors, and without what they are bound to.
impl fmt::Debug for KeysetRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut request = f.debug_struct("KeysetRequest");
        request.field("first", &self.first).field("has_after", &self.after.is_some());
        request.field("last", &self.last).field("has_before", &self.before.is_some());
        request.field("max_size", &self.largest).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_the_first_or_the_last_are_asked_for() {
        let of = |first, after, last, before| KeysetRequest::relay(first, after, last, before).asked();
        let asked = of(Some(5), Some("c"), None, None).unwrap();
        assert_eq!((asked.size, asked.is_backward, asked.cursor), (5, false, Some("c")));
        let asked = of(None, None, Some(5), Some("c")).unwrap();
        assert_eq!((asked.size, asked.is_backward, asked.cursor), (5, true, Some("c")));
        for (first, after, last, before) in [
            (None, None, None, None),
            (Some(5), None, Some(5), None),
            (Some(5), None, None, Some("c")),
            (None, Some("c"), Some(5), None),
            (None, Some("c"), None, None),
        ] {
            assert_eq!(of(first, after, last, before).unwrap_err(), PageProblem::FirstOrLast);
        }
        for size in [0, -1, i32::MIN] {
            assert_eq!(of(Some(size), None, None, None).unwrap_err(), PageProblem::Zero);
        }
        let large = KeysetRequest::first(u32::MAX).asked().unwrap_err();
        assert_eq!(large, PageProblem::TooLarge { most: 1_000 });
    }
}
