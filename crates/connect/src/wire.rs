//! What the server's own words say of a connection, read as they pass by.
//!
//! Source of the message formats: PostgreSQL documentation, "Frontend/Backend Protocol: Message Formats".

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The transaction status that the server named in its last `ReadyForQuery`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol knows these three")]
pub enum TransactionStatus {
    /// In no transaction.
    Idle,
    /// In a transaction that can go on.
    Open,
    /// In a transaction that failed and can only be rolled back.
    Failed,
}

/// The last transaction status, shared between the socket and whoever asks.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<AtomicU8>);

impl Wire {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(b'I')))
    }

    /// The driver hands a reply on through a channel after its bytes were read, so whoever has got the reply sees the
    /// status that came with it or a later one.
    pub(crate) fn status(&self) -> TransactionStatus {
        match self.0.load(Ordering::Acquire) {
            b'I' => TransactionStatus::Idle,
            b'T' => TransactionStatus::Open,
            _ => TransactionStatus::Failed,
        }
    }

    fn note(&self, status: u8) {
        self.0.store(status, Ordering::Release);
    }
}

/// Finds the status bytes in the stream of backend messages: a tag, four bytes of length that count themselves, and
/// a body. Messages may be cut anywhere by the socket.
#[derive(Debug)]
struct Scanner {
    /// The tag and length of the message that is being read.
    head: [u8; 5],
    head_len: usize,
    /// Bytes of its body that are still to come.
    body_left: usize,
}

const READY_FOR_QUERY: u8 = b'Z';

impl Scanner {
    fn new() -> Self {
        Self { head: [0; 5], head_len: 0, body_left: 0 }
    }

    fn scan(&mut self, mut bytes: &[u8], wire: &Wire) {
        while let Some(first) = bytes.first() {
            if self.body_left > 0 {
                if self.head[0] == READY_FOR_QUERY {
                    wire.note(*first);
                }
                let skipped = self.body_left.min(bytes.len());
                self.body_left -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = (self.head.len() - self.head_len).min(bytes.len());
            self.head[self.head_len..self.head_len + taken].copy_from_slice(&bytes[..taken]);
            self.head_len += taken;
            bytes = &bytes[taken..];
            if self.head_len == self.head.len() {
                let [_, length @ ..] = self.head;
                self.body_left = (u32::from_be_bytes(length) as usize).saturating_sub(4);
                self.head_len = 0;
            }
        }
    }
}

/// A socket whose incoming bytes are looked at as they pass.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    socket: S,
    scanner: Scanner,
    wire: Wire,
}

impl<S> Watched<S> {
    pub(crate) fn new(socket: S, wire: Wire) -> Self {
        Self { socket, scanner: Scanner::new(), wire }
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
        this.scanner.scan(&buf.filled()[before..], &this.wire);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
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

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_status_is_found_however_the_bytes_are_cut() {
        // CommandComplete "BEGIN" with a Z in its body, then ReadyForQuery in a transaction.
        let bytes = [b"C\0\0\0\x0aBEGIZ\0".as_slice(), b"Z\0\0\0\x05T"].concat();
        for cut in 1..bytes.len() {
            let (wire, mut scanner) = (Wire::new(), Scanner::new());
            bytes.chunks(cut).for_each(|part| scanner.scan(part, &wire));
            assert_eq!(wire.status(), TransactionStatus::Open, "cut every {cut}");
            scanner.scan(b"Z\0\0\0\x05E", &wire);
            assert_eq!(wire.status(), TransactionStatus::Failed);
            scanner.scan(b"Z\0\0\0\x05I", &wire);
            assert_eq!(wire.status(), TransactionStatus::Idle);
        }
    }

    #[test]
    fn messages_without_a_body_are_passed_over() {
        let (wire, mut scanner) = (Wire::new(), Scanner::new());
        scanner.scan(b"1\0\0\0\x042\0\0\0\x04Z\0\0\0\x05T", &wire);
        assert_eq!(wire.status(), TransactionStatus::Open);
    }
}
