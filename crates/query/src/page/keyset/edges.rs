/// Rows with their cursors, in the shape of Relay's connections; serialized (feature `json`) with the names that those have:
/// `edges`, `pageInfo`, `hasNextPage`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub struct Edges<T> {
    /// The rows, in the order of the statement.
    pub edges: Vec<Edge<T>>,
    /// What lies around them.
    pub page_info: PageInfo,
}

/// A row, and the cursor that leads behind it or in front of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Edge<T> {
    /// Opaque, of letters that need no escape in a URL. `None` if it would be too long, which takes a row that is ordered by texts
    /// or bytes of more than 12 000 bytes.
    pub cursor: Option<String>,
    /// The row.
    pub node: T,
}

/// What lies around a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub struct PageInfo {
    /// Of `first`, whether there is a row behind the page. Of `last`, whether there was a `before`, as its row is there.
    pub has_next_page: bool,
    /// Of `last`, whether there is a row in front of the page. Of `first`, whether there was an `after`.
    pub has_previous_page: bool,
    /// The cursor of the first row. `None` of an empty page, or if it would be [too long](Edge::cursor).
    pub start_cursor: Option<String>,
    /// The cursor of the last row. `None` of an empty page, or if it would be [too long](Edge::cursor).
    pub end_cursor: Option<String>,
}

impl<T> Edges<T> {
    pub(super) fn new(edges: Vec<Edge<T>>, has_next_page: bool, has_previous_page: bool) -> Self {
        let start_cursor = edges.first().and_then(|edge| edge.cursor.clone());
        let end_cursor = edges.last().and_then(|edge| edge.cursor.clone());
        Self { edges, page_info: PageInfo { has_next_page, has_previous_page, start_cursor, end_cursor } }
    }

    /// The rows without their cursors.
    pub fn into_nodes(self) -> impl Iterator<Item = T> {
        self.edges.into_iter().map(|edge| edge.node)
    }

    /// The same page of what is made of each row.
    pub fn map<U>(self, mut each: impl FnMut(T) -> U) -> Edges<U> {
        let Self { edges, page_info } = self;
        let edges =
            edges.into_iter().map(|Edge { cursor, node }| Edge { cursor, node: each(node) }).collect();
        Edges { edges, page_info }
    }
}
