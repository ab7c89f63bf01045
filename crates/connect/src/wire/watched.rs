use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Wire;
use super::scanner::Scanner;

/// A socket whose incoming bytes are looked at as they pass.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    socket: S,
    scanner: Scanner,
    wire: Wire,
    said_good_bye: bool,
}

impl<S> Watched<S> {
    pub(crate) fn new(socket: S, wire: Wire) -> Self {
        Self { socket, scanner: Scanner::new(), wire, said_good_bye: false }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        let polled = Pin::new(&mut this.socket).poll_read(cx, buf);
        if let Err(refusal) = this.scanner.scan(&buf.filled()[before..], &this.wire) {
            buf.set_filled(before);
            return Poll::Ready(Err(std::io::Error::other(refusal)));
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    /// Ends once the server has closed its side too: only then is its process gone, and with it the session's place
    /// among `max_connections`. The driver bounds the wait.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if !self.said_good_bye {
            ready!(Pin::new(&mut self.socket).poll_shutdown(cx))?;
            self.said_good_bye = true;
        }
        let mut rest = [0; 512];
        loop {
            let mut rest = ReadBuf::new(&mut rest);
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut rest))?;
            if rest.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
