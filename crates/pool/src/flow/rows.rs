use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio_postgres::Row;

use super::underway::Underway;
use super::{Begun, Flow};
use crate::Error;
use crate::held::Held;
use crate::query::Query;
use crate::run::MOST_HEALINGS;
use crate::transaction::Statement;

/// The rows of one statement as they come, few of them in memory at a time: who reads slowly has the server wait.
///
/// The end is `None`, and only once the server has said that the statement ended well; an error comes before it, as the
/// last item. While the stream is there its session or transaction can do nothing else.
///
/// Dropping it before its end cancels the statement; in a transaction that fails the transaction, which
/// [`skip_rest`](Self::skip_rest) avoids. What was dropped has ended before the next statement begins, and before anyone
/// else has the session.
pub struct RowStream<'a> {
    /// `None` at the end.
    flow: Option<Flow<'a, tokio_postgres::RowStream>>,
    affected: Option<u64>,
}

impl<'a> RowStream<'a> {
    pub(crate) fn new(begun: Begun<tokio_postgres::RowStream>, level: Option<Statement<'a>>) -> Self {
        Self { flow: Some(Flow::new(begun, level)), affected: None }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// What the server said, or that the connection is over. Nothing comes after it.
    ///
    /// # Cancellation
    /// Dropping the future loses no row.
    pub async fn next(&mut self) -> Option<Result<Row, Error>> {
        poll_fn(|cx| self.poll_row(cx)).await
    }

    /// Lets the statement come to its end without keeping what it still gives, however long that takes.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    ///
    /// # Cancellation
    /// As dropping the stream.
    pub async fn skip_rest(mut self) -> Result<(), Error> {
        while let Some(row) = self.next().await {
            row?;
        }
        Ok(())
    }

    /// How many rows the statement touched or gave, known at its end.
    #[must_use]
    pub fn rows_affected(&self) -> Option<u64> {
        self.affected
    }

    fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Row, Error>>> {
        let Some(flow) = &mut self.flow else { return Poll::Ready(None) };
        let item = ready!(flow.begun.answer.as_mut().poll_next(cx));
        if let Some(Ok(row)) = item {
            return Poll::Ready(Some(Ok(row)));
        }
        self.affected = flow.begun.answer.rows_affected();
        let Some(flow) = self.flow.take() else { return Poll::Ready(None) };
        if let Some(Err(error)) = item {
            return Poll::Ready(Some(Err(flow.fail(error))));
        }
        flow.arrive(self.affected.unwrap_or_default());
        Poll::Ready(None)
    }
}

impl Stream for RowStream<'_> {
    type Item = Result<Row, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_row(cx)
    }
}

impl fmt::Debug for RowStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream").field("ended", &self.flow.is_none()).finish_non_exhaustive()
    }
}

/// Sends the statement, and waits until the server has taken its parameters.
pub(crate) async fn begin(
    held: Arc<Held>,
    query: Query<'_>,
) -> Result<Begun<tokio_postgres::RowStream>, Error> {
    let mut underway = Underway::depart(Arc::clone(&held), query.sql, query.site).await?;
    let mut sent = send(&held, query).await;
    for _ in 0..MOST_HEALINGS {
        if !held.slot().can_heal(query.sql, &sent) {
            break;
        }
        sent = send(&held, query).await;
    }
    match sent {
        Ok(rows) => Ok(Begun { answer: Box::pin(rows), underway }),
        Err(error) => {
            held.slot().forget_overtaken(query.sql, &error);
            underway.fail(&error);
            Err(error.into())
        }
    }
}

async fn send(held: &Held, query: Query<'_>) -> Result<tokio_postgres::RowStream, pgkeel_connect::Error> {
    let (slot, connection) = (held.slot(), held.connection());
    let prepared = slot.prepared(query.sql).await?;
    let rows = connection.client().query_raw(&prepared.statement, query.params.iter().copied()).await;
    rows.map_err(|error| connection.explain(error.into()))
}
