use tokio_postgres::Row;

use super::{FromRow, RowReader};
use crate::Error;

/// All rows of a statement, read as they come.
///
/// From the first on that cannot be read nothing is kept. The statement comes to its end all the same: it does not fail, and
/// fails no transaction, as it is only this that cannot be read.
pub(crate) struct ReadRows<T> {
    reader: Option<RowReader<T>>,
    read: Result<Vec<T>, Error>,
}

impl<T> ReadRows<T> {
    /// All of them, once the statement has ended.
    pub(crate) fn all(self) -> Result<Vec<T>, Error> {
        self.read
    }
}

impl<T> Default for ReadRows<T> {
    fn default() -> Self {
        Self { reader: None, read: Ok(Vec::new()) }
    }
}

impl<T: FromRow> Extend<Row> for ReadRows<T> {
    #[inline]
    fn extend<I: IntoIterator<Item = Row>>(&mut self, rows: I) {
        let Ok(read) = &mut self.read else { return };
        for row in rows {
            let reader = match &mut self.reader {
                Some(reader) => reader,
                none => match RowReader::new(row.columns()) {
                    Ok(reader) => none.insert(reader),
                    Err(error) => return self.read = Err(error),
                },
            };
            match reader.read(&row) {
                Ok(row) => read.push(row),
                Err(error) => return self.read = Err(error),
            }
        }
    }
}
