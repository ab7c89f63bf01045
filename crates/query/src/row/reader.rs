use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio_postgres::types::FromSqlOwned;
use tokio_postgres::{Column, Row};

use super::plan::Slot;
use super::tuple::{resolve_scalar, scalar_from_row};
use super::{CellMismatch, Cells, FromRow, Plan};
use crate::Error;

/// Reads the rows of one statement, as they come: of a stream, a portal, a batch.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::Error;
/// use pgkeel_query::row::RowReader;
///
/// async fn names(database: &impl Executor) -> Result<Vec<(i64, String)>, Error> {
///     let rows = database.query("select id, name from users", &[]).await?;
///     let Some(first) = rows.first() else { return Ok(Vec::new()) };
///     let mut reader = RowReader::new(first.columns())?;
///     rows.iter().map(|row| reader.read(row)).collect()
/// }
/// ```
pub struct RowReader<T> {
    slots: Box<[Slot]>,
    read: usize,
    what: PhantomData<fn() -> T>,
}

impl<T: FromRow> RowReader<T> {
    /// For rows with these columns.
    ///
    /// # Errors
    /// [`Error::Columns`].
    pub fn new(columns: &[Column]) -> Result<Self, Error> {
        Self::of::<T>(columns)
    }

    /// The next row.
    ///
    /// # Errors
    /// [`Error::Cell`], with the number of the row.
    #[inline]
    pub fn read(&mut self, row: &Row) -> Result<T, Error> {
        self.read_by(row, T::from_row)
    }
}

impl<T> RowReader<T> {
    /// What is made of a `U` with these columns.
    pub(crate) fn of<U: FromRow>(columns: &[Column]) -> Result<Self, Error> {
        Self::resolved_by(columns, U::resolve)
    }

    fn resolved_by(columns: &[Column], resolve: impl FnOnce(&mut Plan<'_>)) -> Result<Self, Error> {
        let slots = Plan::of(columns, resolve).map_err(Error::Columns)?;
        Ok(Self { slots, read: 0, what: PhantomData })
    }

    #[inline]
    pub(crate) fn read_by(
        &mut self,
        row: &Row,
        from_row: impl FnOnce(&mut Cells<'_>) -> Result<T, CellMismatch>,
    ) -> Result<T, Error> {
        self.read += 1;
        let mut cells = Cells::new(row, &self.slots);
        // Values can make the `FromSql` of a type panic.
        let read = catch_unwind(AssertUnwindSafe(|| from_row(&mut cells)));
        let read = read.unwrap_or_else(|_| Err(cells.panicked(&self.slots)));
        read.map_err(|source| Error::Cell { row: self.read, source })
    }
}

impl<T> fmt::Debug for RowReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowReader").field("read", &self.read).finish_non_exhaustive()
    }
}

/// Without so many of the last columns, which are not the struct's.
pub(crate) fn read_without<T: FromRow>(rows: &[Row], behind: usize) -> Result<Vec<T>, Error> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let mut reader = RowReader::new(&first.columns()[..first.len().saturating_sub(behind)])?;
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        read.push(reader.read(row)?);
    }
    Ok(read)
}

/// What a statement of ours has put into this column.
pub(crate) fn read_behind<T: FromSqlOwned>(row: &Row, index: usize) -> Result<T, Error> {
    row.try_get(index).map_err(|source| pgkeel_connect::Error::Decode { column: index, source }.into())
}

pub(crate) fn read_one<T: FromRow>(row: &Row) -> Result<T, Error> {
    RowReader::new(row.columns())?.read(row)
}

/// As of a tuple of one, which would have to be `Send`.
pub(crate) fn read_scalar<T: FromSqlOwned>(row: &Row) -> Result<T, Error> {
    RowReader::resolved_by(row.columns(), resolve_scalar::<T>)?.read_by(row, scalar_from_row)
}
