//! The comment on a database by which its maker is known, so that nobody else's is ever dropped or written to.

/// What the comment on a database says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A demo that is not whole yet.
    Unfinished,
    /// A demo that is whole.
    Whole(Contents),
    /// No demo, or one whose comment somebody changed.
    Foreign,
}

/// What there is in a whole demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    /// How many rows it had at first.
    pub(crate) rows: u64,
    /// The day on which it was filled, by the server's clock in UTC, as in 2025-06-11.
    pub(crate) day: String,
}

/// The comment of a database that is not whole.
pub(crate) const UNFINISHED: &str = "pgkeel demo, not whole: the next `pgkeel serve --demo` drops it";

const WHOLE: &str = "pgkeel demo, whole: ";

/// Between the number of rows and the day.
const ROWS_OF: &str = " rows of ";

impl Contents {
    /// The comment of a database with these contents.
    pub(crate) fn comment(&self) -> String {
        format!("{WHOLE}{}{ROWS_OF}{}", self.rows, self.day)
    }
}

impl Mark {
    /// Reads the comment of a database.
    pub(crate) fn read(comment: &str) -> Self {
        if comment == UNFINISHED {
            return Self::Unfinished;
        }
        let contents = comment.strip_prefix(WHOLE).and_then(|rest| rest.split_once(ROWS_OF));
        let parsed =
            contents.and_then(|(rows, day)| Some(Contents { rows: rows.parse().ok()?, day: day.into() }));
        parsed.map_or(Self::Foreign, Self::Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_all_else_is_foreign() {
        let contents = Contents { rows: 151_432, day: "2025-06-11".into() };
        assert_eq!(contents.comment(), "pgkeel demo, whole: 151432 rows of 2025-06-11");
        assert_eq!(Mark::read(&contents.comment()), Mark::Whole(contents));
        assert_eq!(Mark::read(UNFINISHED), Mark::Unfinished);
        for foreign in ["", "pgkeel demo", "pgkeel demo, whole: many rows of today", "our shop"] {
            assert_eq!(Mark::read(foreign), Mark::Foreign, "{foreign}");
        }
    }
}
