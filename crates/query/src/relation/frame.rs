use std::sync::Arc;

use super::piece::Piece;

/// Where the rows that a window function sees begin or end, counted from each row: of [`Window::rows`](super::Window::rows) and
/// [`Window::groups`](super::Window::groups).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameEnd {
    /// With the first row of the partition.
    First,
    /// So many rows, or groups of rows that are alike in the order, before it.
    Before(u32),
    /// With the row itself, or the rows that are alike.
    Current,
    /// So many rows, or groups, behind it.
    Behind(u32),
    /// With the last row of the partition.
    Last,
}

impl FrameEnd {
    pub(super) fn put(self, into: &mut Vec<Piece<'_>>) {
        let (rows, words) = match self {
            Self::First => (None, "unbounded preceding"),
            Self::Before(rows) => (Some(rows), "::int8 preceding"),
            Self::Current => (None, "current row"),
            Self::Behind(rows) => (Some(rows), "::int8 following"),
            Self::Last => (None, "unbounded following"),
        };
        into.extend(rows.map(|rows| Piece::Value(Arc::new(i64::from(rows)))));
        into.push(Piece::Sql(words));
    }
}
