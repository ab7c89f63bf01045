use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::try_join;
use tokio_postgres::CopyOutStream;
use tokio_postgres::types::Type;

use super::underway::Underway;
use super::{Begun, CopyRow, Flow, copy_row};
use crate::Error;
use crate::held::Held;
use crate::query::Site;
use crate::transaction::Statement;

/// The bytes of a `COPY … TO STDOUT`, in whatever format its text names: a stream that ends only once the server has said
/// that the statement ended well.
///
/// Dropping it before its end is as with [`RowStream`](crate::RowStream).
pub struct CopyBytes<'a> {
    /// `None` at the end.
    flow: Option<Flow<'a, CopyOutStream>>,
    /// Once all bytes have come, how many messages are still to come.
    tail: Option<u8>,
}

impl<'a> CopyBytes<'a> {
    pub(crate) fn new(begun: Begun<CopyOutStream>, level: Option<Statement<'a>>) -> Self {
        Self { flow: Some(Flow::new(begun, level)), tail: None }
    }

    /// The next bytes, in text formats a line; `None` at the end.
    ///
    /// # Errors
    /// What the server said, or that the connection is over. Nothing comes after it.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| self.poll_bytes(cx)).await
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        while let Some(flow) = &mut self.flow {
            match ready!(flow.begun.answer.as_mut().poll_next(cx)) {
                Some(Ok(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                None => self.tail = Some(TAIL),
                Some(Err(error)) if self.tail.is_none() || is_real(&error) => {
                    let flow = self.flow.take();
                    return Poll::Ready(flow.map(|flow| Err(flow.fail(error))));
                }
                Some(Err(_)) => self.pass_tail(),
            }
        }
        Poll::Ready(None)
    }

    /// One message behind the bytes has come.
    fn pass_tail(&mut self) {
        self.tail = self.tail.map(|left| left.saturating_sub(1));
        if self.tail == Some(0) {
            self.flow.take().into_iter().for_each(|flow| flow.arrive(0)); // They are not counted here.
        }
    }

    /// It makes no sense, for this reason.
    fn refuse(&mut self, error: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.flow = None; // What still comes is of no use.
        Error::CopyUnreadable(error.into())
    }
}

/// Behind the last bytes come the count and that the server is ready. As parts of a copy they make no sense to the driver,
/// which tells them from an error, with which the commit may end.
const TAIL: u8 = 2;

fn is_real(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some() || error.is_closed()
}

impl Stream for CopyBytes<'_> {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_bytes(cx)
    }
}

impl fmt::Debug for CopyBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyBytes").field("ended", &self.flow.is_none()).finish_non_exhaustive()
    }
}

/// The rows of a query, copied out in the binary format: a stream like [`RowStream`](crate::RowStream), which costs the
/// server less.
#[derive(Debug)]
pub struct CopyOut<'a> {
    bytes: CopyBytes<'a>,
    types: Arc<[Type]>,
    /// Whether the mark at the beginning has been read.
    is_begun: bool,
}

impl<'a> CopyOut<'a> {
    pub(crate) fn new(
        (types, begun): (Arc<[Type]>, Begun<CopyOutStream>),
        level: Option<Statement<'a>>,
    ) -> Self {
        Self { bytes: CopyBytes::new(begun, level), types, is_begun: false }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// What the server said, or that the connection is over. Nothing comes after it.
    ///
    /// # Cancellation
    /// Dropping the future loses no row.
    pub async fn next(&mut self) -> Option<Result<CopyRow, Error>> {
        poll_fn(|cx| self.poll_row(cx)).await
    }

    fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<CopyRow, Error>>> {
        loop {
            let mut bytes = match ready!(self.bytes.poll_bytes(cx)) {
                Some(Ok(bytes)) => bytes,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            if !std::mem::replace(&mut self.is_begun, true)
                && let Err(error) = copy_row::skip_header(&mut bytes)
            {
                return Poll::Ready(Some(Err(self.bytes.refuse(error))));
            }
            if bytes.is_empty() {
                continue;
            }
            match CopyRow::read(bytes, &self.types) {
                Ok(Some(row)) => return Poll::Ready(Some(Ok(row))),
                Ok(None) => {} // The server's last word is still to come.
                Err(error) => return Poll::Ready(Some(Err(self.bytes.refuse(error)))),
            }
        }
    }
}

impl Stream for CopyOut<'_> {
    type Item = Result<CopyRow, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_row(cx)
    }
}

/// Has the server begin the copy that this text asks for.
pub(crate) async fn begin_bytes(
    held: Arc<Held>,
    sql: &str,
    site: Site,
) -> Result<Begun<CopyOutStream>, Error> {
    let mut underway = Underway::depart(Arc::clone(&held), sql, site).await?;
    match held.connection().client().copy_out(sql).await {
        Ok(stream) => Ok(Begun { answer: Box::pin(stream), underway }),
        Err(error) => {
            let error = underway.explain(error);
            underway.fail(&error);
            Err(error.into())
        }
    }
}

/// Learns the types of a query's columns, and has the server begin to copy its rows.
pub(crate) async fn begin_rows(
    held: Arc<Held>,
    query: &str,
    site: Site,
) -> Result<(Arc<[Type]>, Begun<CopyOutStream>), Error> {
    // The line ends what may be a comment.
    let copy_sql = format!("COPY ({query}\n) TO STDOUT (FORMAT binary)");
    let mut underway = Underway::depart(Arc::clone(&held), query, site).await?;
    let connection = held.connection();
    let begun = async {
        // sql: COPY has no parameters; it is the caller's query, prepared by itself besides, so that it is one statement
        let (shape, copy) = try_join(connection.prepare(query), connection.prepare(&copy_sql)).await?;
        let stream = connection.client().copy_out(&copy).await;
        Ok((shape, stream.map_err(|error| connection.explain(error.into()))?))
    };
    match begun.await {
        Ok((shape, stream)) => {
            let types = shape.columns().iter().map(|column| column.type_().clone()).collect();
            Ok((types, Begun { answer: Box::pin(stream), underway }))
        }
        Err(error) => {
            underway.fail(&error);
            Err(Error::Statement(error))
        }
    }
}
