use super::PageProblem;

/// As many rows as a page has at most, unless said otherwise.
pub(super) const LARGEST: u32 = 1_000;
/// As many rows as the server passes over at most, unless said otherwise.
const DEEPEST: u64 = 100_000;

/// Which page, and how its rows are counted.
///
/// The server reads and throws away what is in front of a page, so the cost grows with its number. Both are bounded, unless
/// said otherwise: [`max_size`](Self::max_size), 1 000 rows, and [`max_depth`](Self::max_depth), 100 000 rows. What lists to
/// any depth is better read by [`keyset`](crate::Select::keyset), whose pages cost the same all along.
///
/// Rows that are inserted or deleted meanwhile move the others: the next page may repeat or leave out a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a request is given to `page`"]
pub struct PageRequest {
    pub(super) page: u64,
    pub(super) size: u32,
    pub(super) count: CountMode,
    largest: u32,
    deepest: u64,
}

/// How it is found out how many rows there are on all pages together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CountMode {
    /// It is not; whether there is another page is known all the same. The cheapest.
    None,
    /// All are counted, which takes as long as reading them.
    Exact,
    /// The planner is asked, which takes no longer with more rows. How near that is depends on how long ago the table was
    /// analyzed, and on the filters.
    Estimated,
    /// They are counted up to this number.
    Capped(u64),
    /// They are counted up to 10 000; of more, the planner is asked. That takes long only where reading does: with a filter that
    /// finds few rows of a large table, and has no index.
    Auto,
}

impl PageRequest {
    /// The page of this number, from 1 on, where each has so many rows. All rows are counted.
    pub const fn offset(page: u64, size: u32) -> Self {
        Self { page, size, count: CountMode::Exact, largest: LARGEST, deepest: DEEPEST }
    }

    /// Counts in this way.
    pub const fn count(mut self, mode: CountMode) -> Self {
        self.count = mode;
        self
    }

    /// A page has at most so many rows; 1 000 unless said.
    pub const fn max_size(mut self, rows: u32) -> Self {
        self.largest = rows;
        self
    }

    /// At most so many rows are in front of a page; 100 000 unless said.
    pub const fn max_depth(mut self, rows: u64) -> Self {
        self.deepest = rows;
        self
    }

    /// How many rows are in front of the page.
    pub(super) fn checked(&self) -> Result<u64, PageProblem> {
        let before = self.page.checked_sub(1).ok_or(PageProblem::Zero)?;
        check_size(self.size, self.largest)?;
        let rows = before.checked_mul(self.size.into()).filter(|rows| *rows <= self.deepest);
        rows.ok_or(PageProblem::TooDeep { most: self.deepest })
    }
}

pub(super) fn check_size(size: u32, largest: u32) -> Result<(), PageProblem> {
    match size {
        0 => Err(PageProblem::Zero),
        size if size > largest => Err(PageProblem::TooLarge { most: largest }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_from_one_and_bounded() {
        let of = |page, size| PageRequest::offset(page, size).checked();
        assert_eq!((of(1, 50), of(3, 50), of(101, 1_000)), (Ok(0), Ok(100), Ok(100_000)));
        assert_eq!((of(0, 50), of(1, 0)), (Err(PageProblem::Zero), Err(PageProblem::Zero)));
        assert_eq!(of(1, 1_001), Err(PageProblem::TooLarge { most: 1_000 }));
        for page in [102, u64::MAX] {
            assert_eq!(of(page, 1_000), Err(PageProblem::TooDeep { most: 100_000 }));
        }
        let deep = PageRequest::offset(1_001, 2_000).max_size(2_000).max_depth(2_000_000);
        assert_eq!(deep.checked(), Ok(2_000_000));
    }
}
