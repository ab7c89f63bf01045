//! Cancelling a statement without hitting the next one.
//!
//! A server carries a cancel request out before it closes the connection that brought it. So whoever waits for that
//! end knows that no request is under way any more; whoever does not wait may see it hit a statement sent later.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio_postgres::CancelToken;

use crate::dial::{self, Attempt, Route};
use crate::tls::Handed;
use crate::{DialStep, Error};

/// Cancels what one session is doing, from anywhere and without the [`Connection`](crate::Connection).
#[derive(Clone)]
pub struct Canceller {
    /// Holds the session's secret key.
    token: CancelToken,
    route: Route,
}

impl Canceller {
    /// Long enough for a server that is there: opening a socket and starting a process.
    pub const USUAL_DEADLINE: Duration = Duration::from_secs(1);

    pub(crate) fn new(token: CancelToken, route: Route) -> Self {
        Self { token, route }
    }

    /// Asks the server to cancel what the session is doing, and waits until it has done so; all within `deadline`
    /// ([`USUAL_DEADLINE`](Self::USUAL_DEADLINE) suits most). The request goes to the very address that the session
    /// went to.
    ///
    /// A cancelled statement ends with `57014`; one that ends just then ends as it would have. After `Ok`, no cancel is
    /// under way any more: await one round trip ([`Connection::settle`](crate::Connection::settle)), and what is sent
    /// after it cannot be hit.
    ///
    /// # Errors
    /// [`Error::NotCancelled`], whose source names the step. If that is [`DialStep::Cancel`], the request may have been
    /// sent and may come into effect later: do not use the session for anything that must not be cancelled.
    ///
    /// # Cancellation
    /// Dropping the future closes its socket. If the request was sent by then, it may come into effect later.
    pub async fn cancel(&self, deadline: Duration) -> Result<(), Error> {
        let attempt = Attempt::until(&self.route.host, dial::deadline(deadline));
        let cancelled = async {
            let socket = dial::reopen(&attempt, &self.route.place, self.route.keepalive).await?;
            let stream = self.route.secure(&attempt, socket).await?;
            attempt.step(DialStep::Cancel, self.deliver(stream)).await
        };
        cancelled.await.map_err(|source| Error::NotCancelled { source: Box::new(source) })
    }

    async fn deliver(
        &self,
        socket: impl AsyncRead + AsyncWrite + Unpin,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut socket = StaysOpen(socket);
        self.token.cancel_query_raw(&mut socket, Handed::default()).await?;
        match socket.0.read(&mut [0; 1]).await {
            Ok(0) => Ok(()),
            Ok(_) => Err("the server answers, where it should only close".into()),
            // With TLS, an end without a good-bye.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl fmt::Debug for Canceller {
    /// Without the key, which lets anyone cancel.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("host", &self.route.host).finish_non_exhaustive()
    }
}

/// A socket that is not closed on this side: the driver closes its half behind the request, and PgBouncer 1.18
/// dies of that.
struct StaysOpen<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for StaysOpen<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StaysOpen<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
