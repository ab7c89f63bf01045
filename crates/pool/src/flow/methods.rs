//! How callers begin them.

use std::panic::Location;
use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::{
    CopyBytes, CopyIn, CopyOut, CopySink, CopyTarget, RowStream, copy_in, copy_out, copy_sink, rows,
};
use crate::held::Held;
use crate::query::Query;
use crate::transaction::Statement;
use crate::{Error, Session, SessionTx, Tx};

/// Where a statement is run: the session, and in a transaction the level that it belongs to.
type Place<'a> = (Arc<Held>, Option<Statement<'a>>);

/// As what a copy counts whose text is not the caller's.
const COPY: &str = "copy";

/// Whoever has it alone may let a statement outlast the call.
trait Alone {
    fn place(&mut self, sql: &str) -> Result<Place<'_>, Error>;
}

impl Alone for Session {
    fn place(&mut self, _: &str) -> Result<Place<'_>, Error> {
        Ok((Arc::clone(&self.held), None))
    }
}

impl Alone for Tx {
    fn place(&mut self, sql: &str) -> Result<Place<'_>, Error> {
        let level = self.enter(sql.to_owned())?;
        Ok((Arc::clone(&level.held), Some(level)))
    }
}

impl Alone for SessionTx<'_> {
    fn place(&mut self, sql: &str) -> Result<Place<'_>, Error> {
        self.tx.place(sql)
    }
}

/// Begins a statement where it is to be run.
async fn begin<T>(
    level: Option<&Statement<'_>>,
    begun: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match level {
        Some(level) => level.run_in_parts(begun).await,
        None => begun.await,
    }
}

macro_rules! streams_of {
    ($($what:ty),+ $(,)?) => {$(
        impl $what {
            /// Runs a statement whose rows are read as they come, however many there are.
            ///
            /// # Errors
            /// That the server refused, that a parameter does not fit, or that the connection is over.
            ///
            /// # Cancellation
            /// Dropping the future cancels the statement, which fails a transaction.
            #[track_caller]
            pub fn query_stream(
                &mut self,
                sql: &str,
                params: &[&(dyn ToSql + Sync)],
            ) -> impl Future<Output = Result<RowStream<'_>, Error>> + Send {
                let site = Some(Location::caller());
                async move {
                    let (held, level) = self.place(sql)?;
                    let query = Query::new(sql, params, site);
                    let begun = begin(level.as_ref(), rows::begin(held, query)).await?;
                    Ok(RowStream::new(begun, level))
                }
            }

            /// Copies rows into a table in the binary format, their values checked against the types of its columns.
            ///
            /// # Errors
            /// As [`query_stream`](Self::query_stream).
            ///
            /// # Cancellation
            /// Dropping the future gives the copy up, which fails a transaction.
            #[track_caller]
            pub fn copy_in(
                &mut self,
                target: &CopyTarget,
            ) -> impl Future<Output = Result<CopyIn<'_>, Error>> + Send {
                let site = Some(Location::caller());
                async move {
                    let (held, level) = self.place(COPY)?;
                    let begun = begin(level.as_ref(), copy_in::begin(held, target, site)).await?;
                    Ok(CopyIn::new(begun, level))
                }
            }

            /// Runs a `COPY … FROM STDIN` of any format, whose bytes the caller makes.
            ///
            /// # Errors
            /// As [`query_stream`](Self::query_stream).
            ///
            /// # Cancellation
            /// As [`copy_in`](Self::copy_in).
            #[track_caller]
            pub fn copy_in_raw(
                &mut self,
                sql: &str,
            ) -> impl Future<Output = Result<CopySink<'_>, Error>> + Send {
                let site = Some(Location::caller());
                async move {
                    let (held, level) = self.place(sql)?;
                    let begun = begin(level.as_ref(), copy_sink::begin(held, sql, site)).await?;
                    Ok(CopySink::new(begun, level))
                }
            }

            /// Copies the rows of a query out in the binary format. The query has no parameters.
            ///
            /// # Errors
            /// As [`query_stream`](Self::query_stream).
            ///
            /// # Cancellation
            /// As [`query_stream`](Self::query_stream).
            #[track_caller]
            pub fn copy_out(
                &mut self,
                query: &str,
            ) -> impl Future<Output = Result<CopyOut<'_>, Error>> + Send {
                let site = Some(Location::caller());
                async move {
                    let (held, level) = self.place(COPY)?;
                    let begun = begin(level.as_ref(), copy_out::begin_rows(held, query, site)).await?;
                    Ok(CopyOut::new(begun, level))
                }
            }

            /// Runs a `COPY … TO STDOUT` of any format.
            ///
            /// # Errors
            /// As [`query_stream`](Self::query_stream).
            ///
            /// # Cancellation
            /// As [`query_stream`](Self::query_stream).
            #[track_caller]
            pub fn copy_out_raw(
                &mut self,
                sql: &str,
            ) -> impl Future<Output = Result<CopyBytes<'_>, Error>> + Send {
                let site = Some(Location::caller());
                async move {
                    let (held, level) = self.place(sql)?;
                    let begun = begin(level.as_ref(), copy_out::begin_bytes(held, sql, site)).await?;
                    Ok(CopyBytes::new(begun, level))
                }
            }
        }
    )+};
}

streams_of!(Session, Tx, SessionTx<'_>);
