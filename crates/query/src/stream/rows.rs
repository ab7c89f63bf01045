use std::fmt;
use std::vec::IntoIter;

use futures_util::Stream;
use futures_util::stream::try_unfold;
use pgkeel_connect::{Executor as _, Transaction};
use tokio_postgres::Row;

use super::names::ServerCursor;
use super::reader::Reader;
use crate::Error;
use crate::relation::Output;
use crate::sql::AuditedSql;
use crate::statement::Site;

/// Rows as they come, window by window: by [`Select::stream`](crate::Select::stream) and
/// [`Select::stream_from`](crate::Select::stream_from). Where it is told where a statement was run, that is the place of those.
#[must_use = "rows are read by `try_next`"]
pub struct Rows<'t, X, R> {
    /// `None` once the transaction of its own has ended.
    tx: Option<Held<'t, X>>,
    name: &'static ServerCursor,
    window: u32,
    /// What came with the last window.
    waiting: IntoIter<Row>,
    reader: Reader<R>,
    state: State,
    site: Site,
}

pub(super) enum Held<'t, X> {
    Lent(&'t X),
    Own(X),
}

/// `fetch forward` takes a number of 32 bits with a sign.
const MOST: u32 = i32::MAX.cast_unsigned();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There may be more on the server.
    Open,
    /// A window is under way; or was, and went down with the future that waited for it.
    Fetching,
    /// All rows have come.
    Ended,
}

impl<X> Held<'_, X> {
    fn tx(&self) -> &X {
        match self {
            Self::Lent(tx) => tx,
            Self::Own(tx) => tx,
        }
    }
}

impl<'t, X: Transaction, R> Rows<'t, X, R> {
    /// Of a statement of `S`, whose rows are read as what `O` says.
    pub(super) fn new<S, O: Output<S, Row = R>>(
        tx: Held<'t, X>,
        name: &'static ServerCursor,
        window: u32,
        site: Site,
    ) -> Self {
        let waiting = Vec::new().into_iter();
        // A window without rows would never come to an end, and more than this the server does not read as a number of rows.
        Self {
            tx: Some(tx),
            name,
            window: window.clamp(1, MOST),
            waiting,
            reader: Reader::of::<S, O>(),
            state: State::Open,
            site,
        }
    }

    /// The next row; `None` at the end, once the server has said that there are no more.
    ///
    /// # Errors
    /// What the executor says of a window, and that a row cannot be read. Nothing comes after what the executor says;
    /// asked for more, it is [`Error::StreamLost`].
    ///
    /// # Cancellation
    /// Dropped while a window is under way, that is lost: the next call is [`Error::StreamLost`], so that no row is passed
    /// over. What becomes of the window's statement the executor says; a pool cancels it, which fails the transaction.
    pub async fn try_next(&mut self) -> Result<Option<R>, Error> {
        if let Some(row) = self.waiting.next() {
            return self.reader.read(&row).map(Some);
        }
        if self.state == State::Ended {
            return Ok(None);
        }
        self.fetch().await?;
        let Some(row) = self.waiting.next() else { return Ok(None) };
        self.reader.read(&row).map(Some)
    }

    /// All that has come and was not read yet, or else the next window: at least one row, none at the end.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    ///
    /// # Cancellation
    /// As [`try_next`](Self::try_next).
    pub async fn next_window(&mut self) -> Result<Vec<R>, Error> {
        if self.waiting.as_slice().is_empty() && self.state != State::Ended {
            self.fetch().await?;
        }
        let rows = std::mem::replace(&mut self.waiting, Vec::new().into_iter());
        rows.map(|row| self.reader.read(&row)).collect()
    }

    /// As a stream of the crate futures.
    pub fn into_stream(self) -> impl Stream<Item = Result<R, Error>> {
        try_unfold(self, async |mut rows| Ok(rows.try_next().await?.map(|row| (row, rows))))
    }

    /// Ends it early: its cursor is closed; a transaction of its own is ended.
    ///
    /// # Errors
    /// What the executor says.
    ///
    /// # Cancellation
    /// As dropping the stream.
    pub async fn close(mut self) -> Result<(), Error> {
        if self.state == State::Ended { Ok(()) } else { self.end().await }
    }

    async fn fetch(&mut self) -> Result<(), Error> {
        let Some(tx) = &self.tx else { return Err(Error::StreamLost) };
        if self.state != State::Open {
            return Err(Error::StreamLost);
        }
        self.state = State::Fetching;
        let fetch = format!("fetch forward {} from \"{}\"", self.window, self.name.name);
        let fetch = AuditedSql::new("how many rows a window has is no parameter", fetch);
        let rows = fetch.rows(tx.tx(), self.site).await?;
        let is_last = u32::try_from(rows.len()).is_ok_and(|rows| rows < self.window);
        if is_last {
            self.end().await?;
        }
        self.waiting = rows.into_iter();
        self.state = if is_last { State::Ended } else { State::Open };
        Ok(())
    }

    async fn end(&mut self) -> Result<(), Error> {
        match self.tx.take() {
            Some(Held::Own(tx)) => Ok(tx.commit().await?),
            Some(Held::Lent(tx)) => {
                tx.called_at(self.site).execute_typed(self.name.close, &[]).await?;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl<X, R> fmt::Debug for Rows<'_, X, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = f.debug_struct("Rows");
        rows.field("window", &self.window).field("state", &self.state).finish_non_exhaustive()
    }
}
