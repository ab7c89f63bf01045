//! Takes a row apart from left to right.

use std::time::Duration;

use pgkeel_connect::Error;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// The columns of a row that were not taken yet.
pub(crate) struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn take<T: FromSql<'a>>(&mut self) -> Result<T, Error> {
        let column = self.next;
        self.next += 1;
        self.row.try_get(column).map_err(|source| Error::Decode { column, source })
    }

    /// A counter. PostgreSQL has no unsigned integers; a negative one would be a counter that ran over.
    pub(crate) fn count(&mut self) -> Result<u64, Error> {
        Ok(self.take::<i64>()?.try_into().unwrap_or_default())
    }

    pub(crate) fn count_or_none(&mut self) -> Result<Option<u64>, Error> {
        Ok(self.take::<Option<i64>>()?.and_then(|count| count.try_into().ok()))
    }

    /// Seconds as a floating point number. A clock that was set back gives negative ones, which are none.
    pub(crate) fn seconds(&mut self) -> Result<Option<Duration>, Error> {
        let seconds: Option<f64> = self.take()?;
        Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()))
    }

    /// Milliseconds as a floating point number.
    pub(crate) fn milliseconds(&mut self) -> Result<Duration, Error> {
        let milliseconds: f64 = self.take()?;
        Ok(Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default())
    }
}
