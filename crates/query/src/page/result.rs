/// A page of rows, and where it stands among all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows; none behind the last page.
    pub items: Vec<T>,
    /// Its number, from 1 on.
    pub page: u64,
    /// How many rows a page has; the last may have fewer.
    pub size: u32,
    /// How many rows all pages have together.
    pub total: Total,
    /// Whether there is a row behind this page.
    pub has_next: bool,
    /// Whether there is a page in front of this one.
    pub has_previous: bool,
}

/// How many rows there are, and how well that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Total {
    /// So many, in the snapshot that the rows are of.
    Exact(u64),
    /// About so many, as the planner expects.
    Estimated(u64),
    /// So many, or more.
    AtLeast(u64),
    /// They were not counted.
    Unknown,
}

impl Total {
    /// The number, whatever it says.
    #[must_use]
    pub fn rows(self) -> Option<u64> {
        match self {
            Self::Exact(rows) | Self::Estimated(rows) | Self::AtLeast(rows) => Some(rows),
            Self::Unknown => None,
        }
    }

    /// `exact`, `estimated`, `at_least` or `unknown`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Exact(_) => "exact",
            Self::Estimated(_) => "estimated",
            Self::AtLeast(_) => "at_least",
            Self::Unknown => "unknown",
        }
    }
}

impl<T> Page<T> {
    /// How many pages there are; about as many, of a total that is estimated.
    #[must_use]
    pub fn pages(&self) -> Option<u64> {
        match self.total {
            Total::Exact(rows) | Total::Estimated(rows) => Some(rows.div_ceil(u64::from(self.size).max(1))),
            _ => None,
        }
    }

    /// The same page of what is made of each row.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, page, size, total, has_next, has_previous } = self;
        Page { items: items.into_iter().map(each).collect(), page, size, total, has_next, has_previous }
    }
}

/// An object with `items`, `page`, `size`, `total` and `pages`, which are null where they are not known, `total_is`
/// ([`Total::kind`]), `has_next` and `has_previous`.
#[cfg(feature = "json")]
impl<T: serde::Serialize> serde::Serialize for Page<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut page = serializer.serialize_struct("Page", 8)?;
        page.serialize_field("items", &self.items)?;
        page.serialize_field("page", &self.page)?;
        page.serialize_field("size", &self.size)?;
        page.serialize_field("total", &self.total.rows())?;
        page.serialize_field("total_is", self.total.kind())?;
        page.serialize_field("pages", &self.pages())?;
        page.serialize_field("has_next", &self.has_next)?;
        page.serialize_field("has_previous", &self.has_previous)?;
        page.end()
    }
}
