use tokio_postgres::{Column, Row};

use crate::Error;
use crate::relation::Output;
use crate::row::RowReader;
use crate::row::{CellMismatch, Cells, FromRow as _};

/// Reads rows as `R`, from the first on that comes: what a statement reads, and makes `R` of, is settled where this is made.
pub(super) struct Reader<R> {
    rows: Option<RowReader<R>>,
    open: fn(&[Column]) -> Result<RowReader<R>, Error>,
    from_row: fn(&mut Cells<'_>) -> Result<R, CellMismatch>,
}

impl<R> Reader<R> {
    pub(super) fn of<S, O: Output<S, Row = R>>() -> Self {
        let from_row = |cells: &mut Cells<'_>| O::Read::from_row(cells).map(O::one);
        Self { rows: None, open: RowReader::of::<O::Read>, from_row }
    }

    pub(super) fn read(&mut self, row: &Row) -> Result<R, Error> {
        let reader = match &mut self.rows {
            Some(reader) => reader,
            none => none.insert((self.open)(row.columns())?),
        };
        reader.read_by(row, self.from_row)
    }
}
