use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Sink as _;
use tokio_postgres::CopyInSink;

use super::underway::Underway;
use super::{Begun, Flow};
use crate::Error;
use crate::held::Held;
use crate::query::Site;
use crate::transaction::Statement;

/// The bytes of a `COPY … FROM STDIN` on their way to the server, in whatever format its text names.
///
/// Dropping it before [`finish`](Self::finish) gives the copy up: nothing of it is stored, and a transaction around it
/// fails.
pub struct CopySink<'a> {
    /// `None` once it has failed.
    flow: Option<Flow<'a, CopyInSink<Bytes>>>,
}

impl<'a> CopySink<'a> {
    pub(crate) fn new(begun: Begun<CopyInSink<Bytes>>, level: Option<Statement<'a>>) -> Self {
        Self { flow: Some(Flow::new(begun, level)) }
    }

    /// Sends these bytes as soon as the connection takes them. What the server makes of them is heard from
    /// [`finish`](Self::finish).
    ///
    /// # Errors
    /// That the connection is over, or [`Error::CopyOver`].
    ///
    /// # Cancellation
    /// Dropping the future leaves the bytes unsent.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.ready().await?;
        self.put(bytes)
    }

    /// Waits until there is room for bytes.
    pub(super) async fn ready(&mut self) -> Result<(), Error> {
        let flow = self.flow.as_mut().ok_or(Error::CopyOver)?;
        let ready = poll_fn(|cx| flow.begun.answer.as_mut().poll_ready(cx)).await;
        ready.map_err(|error| self.fail(error))
    }

    /// Hands bytes over for which there is room.
    pub(super) fn put(&mut self, bytes: Bytes) -> Result<(), Error> {
        let flow = self.flow.as_mut().ok_or(Error::CopyOver)?;
        let put = flow.begun.answer.as_mut().start_send(bytes);
        put.map_err(|error| self.fail(error))
    }

    /// Ends the copy. The number of rows that it stored.
    ///
    /// # Errors
    /// [`Error::CopyRefused`], or that the connection is over: then it is not known whether the rows were stored, unless a
    /// transaction is around the copy.
    ///
    /// # Cancellation
    /// Dropping the future cancels the copy, unless the server was done with it.
    pub async fn finish(mut self) -> Result<u64, Error> {
        let flow = self.flow.as_mut().ok_or(Error::CopyOver)?;
        let answer = &mut flow.begun.answer;
        let rows = match answer.as_mut().finish().await {
            Ok(rows) => rows,
            Err(error) => return Err(self.fail(error)),
        };
        // The count comes before the commit, which may still fail: of a deferred constraint, for example. What comes
        // last makes no sense to the driver as part of a copy, which tells it from an error.
        match answer.as_mut().finish().await {
            Err(error) if error.as_db_error().is_some() || error.is_closed() => Err(self.fail(error)),
            _ => {
                self.flow.take().into_iter().for_each(|flow| flow.arrive(rows));
                Ok(rows)
            }
        }
    }

    /// Gives the copy up.
    pub(super) fn abort(&mut self) {
        self.flow = None;
    }

    pub(super) fn is_over(&self) -> bool {
        self.flow.is_none()
    }

    fn fail(&mut self, error: tokio_postgres::Error) -> Error {
        let (row, column) = place(&error);
        match self.flow.take().map(|flow| flow.fail(error)) {
            Some(Error::Statement(source @ pgkeel_connect::Error::Server(_))) => {
                Error::CopyRefused { row, column, source }
            }
            other => other.unwrap_or(Error::CopyOver),
        }
    }
}

impl fmt::Debug for CopySink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopySink").field("failed", &self.is_over()).finish_non_exhaustive()
    }
}

/// Where in a copy the server saw the error: the last line of its CONTEXT, `COPY stock, line 7, column left: "x"`. The
/// words are in the server's language, their order is not; the value behind the colon, which text formats have, is left
/// out.
fn place(error: &tokio_postgres::Error) -> (Option<u64>, Option<String>) {
    let Some(server) = error.as_db_error() else { return (None, None) };
    let column = server.column().map(str::to_owned);
    let Some(line) = server.where_().and_then(|lines| lines.lines().rfind(|line| line.starts_with("COPY ")))
    else {
        return (None, column);
    };
    let (row, named) = place_in(line);
    (row, column.or(named))
}

fn place_in(line: &str) -> (Option<u64>, Option<String>) {
    let mut parts = line.split(", ").skip(1);
    let row = parts.next().and_then(|part| {
        let digits: String = part
            .chars()
            .skip_while(|letter| !letter.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    });
    let column = parts.next().and_then(|part| {
        let named = part.split_once(": ").map_or(part, |(named, _)| named);
        named.split_once(' ').map(|(_, name)| name.to_owned())
    });
    (row, column)
}

/// Has the server begin the copy that this text asks for.
pub(crate) async fn begin(held: Arc<Held>, sql: &str, site: Site) -> Result<Begun<CopyInSink<Bytes>>, Error> {
    let mut underway = Underway::depart(Arc::clone(&held), sql, site).await?;
    let begun = held.connection().client().copy_in(sql).await;
    match begun {
        Ok(sink) => Ok(Begun { answer: Box::pin(sink), underway }),
        Err(error) => {
            let error = underway.explain(error);
            underway.fail(&error);
            Err(error.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_error_is_read_whatever_the_language_and_without_its_value() {
        let known = |line: &str, row, column: Option<&str>| {
            assert_eq!(place_in(line), (row, column.map(str::to_owned)), "{line}");
        };
        known("COPY t, line 7", Some(7), None);
        known("COPY t, line 7, column left", Some(7), Some("left"));
        known("COPY t, Zeile 12, Spalte left: \"canary, 4711: 5\"", Some(12), Some("left"));
        known("COPY t", None, None);
    }
}
