use std::fmt;
use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::future::try_join;
use tokio_postgres::CopyInSink;
use tokio_postgres::types::{IsNull, ToSql, Type};

use super::underway::Underway;
use super::{Begun, CopySink, CopyTarget};
use crate::Error;
use crate::held::Held;
use crate::query::Site;
use crate::transaction::Statement;

/// What a binary copy begins with: a mark, no flags, no header extension (PostgreSQL documentation, "COPY", "Binary
/// Format").
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What stands in the place of the number of values at the end.
const TRAILER: i16 = -1;

/// So much is sent at a time: beyond it messages cost nothing, and less is slower.
const CHUNK: usize = 64 * 1024;

/// Rows on their way into a table, as `COPY` in the binary format: the fastest way in.
///
/// Each value is checked against the type that the server gave for its column before anything of its row is sent. A row
/// that does not fit ends the copy. Either [`finish`](Self::finish) stores all rows, or none is stored: dropping it before
/// gives the copy up, and a transaction around it fails.
pub struct CopyIn<'a> {
    sink: CopySink<'a>,
    columns: Columns,
    buffer: BytesMut,
    rows: u64,
}

/// The names and types of the columns.
pub(crate) struct Columns(Vec<(String, Type)>);

impl<'a> CopyIn<'a> {
    pub(crate) fn new(
        (columns, begun): (Columns, Begun<CopyInSink<Bytes>>),
        level: Option<Statement<'a>>,
    ) -> Self {
        let mut buffer = BytesMut::with_capacity(CHUNK + CHUNK / 8);
        buffer.put_slice(HEADER);
        Self { sink: CopySink::new(begun, level), columns, buffer, rows: 0 }
    }

    /// Adds a row; it is sent together with others.
    ///
    /// # Errors
    /// [`Error::CopyValue`] and [`Error::CopyColumns`] for a row that does not fit; that the connection is over; after an
    /// error [`Error::CopyOver`].
    ///
    /// # Cancellation
    /// Dropping the future leaves the row added. What of it is not sent yet is sent later.
    pub async fn write(&mut self, row: &[&(dyn ToSql + Sync)]) -> Result<(), Error> {
        if self.sink.is_over() {
            return Err(Error::CopyOver);
        }
        self.rows += 1;
        if let Err(error) = self.columns.encode(row, self.rows, &mut self.buffer) {
            self.sink.abort();
            return Err(error);
        }
        if self.buffer.len() < CHUNK {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        // Nothing is lost if this future is dropped here: taking the bytes and handing them over is one step.
        self.sink.ready().await?;
        self.sink.put(self.buffer.split().freeze())
    }

    /// Has the rows stored. How many there were.
    ///
    /// # Errors
    /// As [`CopySink::finish`], and [`Error::CopyOver`].
    ///
    /// # Cancellation
    /// As [`CopySink::finish`].
    pub async fn finish(mut self) -> Result<u64, Error> {
        self.buffer.put_i16(TRAILER);
        self.flush().await?;
        self.sink.finish().await
    }
}

impl Columns {
    fn encode(&self, row: &[&(dyn ToSql + Sync)], number: u64, buffer: &mut BytesMut) -> Result<(), Error> {
        if row.len() != self.0.len() {
            return Err(Error::CopyColumns { row: number, expected: self.0.len(), found: row.len() });
        }
        // A table has at most 1600 columns.
        buffer.put_i16(i16::try_from(row.len()).unwrap_or(i16::MAX));
        for (value, (name, kind)) in row.iter().zip(&self.0) {
            let unfit = |source| Error::CopyValue { row: number, column: name.clone(), source };
            let at = buffer.len();
            buffer.put_i32(-1); // for NULL; else the length, which is known behind the value
            if let IsNull::No = value.to_sql_checked(kind, buffer).map_err(unfit)? {
                let length = i32::try_from(buffer.len() - at - 4).map_err(|error| unfit(error.into()))?;
                buffer[at..at + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }
}

impl fmt::Debug for CopyIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyIn").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Learns the types of the columns, and has the server begin the copy. The types are always asked for anew: a copy with
/// those that a table had before could store other values than were meant.
pub(crate) async fn begin(
    held: Arc<Held>,
    target: &CopyTarget,
    site: Site,
) -> Result<(Columns, Begun<CopyInSink<Bytes>>), Error> {
    let (shape_sql, copy_sql) = (target.shape_sql(), target.copy_sql());
    let mut underway = Underway::depart(Arc::clone(&held), &copy_sql, site).await?;
    let connection = held.connection();
    let begun = async {
        let (shape, copy) = try_join(connection.prepare(&shape_sql), connection.prepare(&copy_sql)).await?;
        let sink = connection.client().copy_in(&copy).await;
        Ok((shape, sink.map_err(|error| connection.explain(error.into()))?))
    };
    match begun.await {
        Ok((shape, sink)) => {
            let types = shape.columns().iter().map(|column| column.type_().clone());
            let names = target.columns().iter().map(|column| column.name().to_owned());
            Ok((Columns(names.zip(types).collect()), Begun { answer: Box::pin(sink), underway }))
        }
        Err(error) => {
            underway.fail(&error);
            Err(Error::Statement(error))
        }
    }
}
