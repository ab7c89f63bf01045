use std::fmt;

use tokio_postgres::Row;

use crate::Error;

/// What one statement of a batch gave. `Debug` leaves the values of its rows out.
#[derive(Default)]
pub struct Answer {
    rows: Vec<Row>,
    affected: u64,
}

impl Answer {
    pub(super) fn new(rows: Vec<Row>, affected: u64) -> Self {
        Self { rows, affected }
    }

    /// Its rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Its rows, to keep.
    #[must_use]
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    /// How many rows it touched or gave.
    #[must_use]
    pub fn rows_affected(&self) -> u64 {
        self.affected
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("rows", &self.rows.len())
            .field("rows_affected", &self.affected)
            .finish()
    }
}

/// What the statements of a batch gave, each by itself, in their order.
#[derive(Debug)]
pub struct Answers(Vec<Result<Answer, Error>>);

impl Answers {
    /// Errors are given the number of their statement.
    pub(super) fn new(results: Vec<Result<Answer, pgkeel_connect::Error>>) -> Self {
        let numbered = results.into_iter().enumerate();
        Self(numbered.map(|(index, result)| result.map_err(|error| numbered_error(index, error))).collect())
    }

    /// All answers.
    ///
    /// # Errors
    /// The first error, as [`Error::InBatch`]. What the other statements gave is thrown away.
    pub fn all(self) -> Result<Vec<Answer>, Error> {
        self.0.into_iter().collect()
    }

    /// Each answer or error, in the order of the statements.
    pub fn iter(&self) -> std::slice::Iter<'_, Result<Answer, Error>> {
        self.0.iter()
    }

    /// As many as there were statements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the batch was empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn numbered_error(index: usize, error: pgkeel_connect::Error) -> Error {
    Error::InBatch { index, source: error }
}

impl IntoIterator for Answers {
    type Item = Result<Answer, Error>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Answers {
    type Item = &'a Result<Answer, Error>;
    type IntoIter = std::slice::Iter<'a, Result<Answer, Error>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
