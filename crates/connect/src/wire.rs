//! What the server's own words say of a connection, read as they pass by.
//!
//! Source of the message formats: PostgreSQL documentation, "Frontend/Backend Protocol: Message Formats".

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::ServerError;

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

/// What passed by, shared between the socket and whoever asks.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<Seen>);

#[derive(Debug)]
struct Seen {
    status: AtomicU8,
    /// The error with which the server ended the session.
    last_word: OnceLock<ServerError>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Seen { status: AtomicU8::new(b'I'), last_word: OnceLock::new() }))
    }

    /// The error with which the server ended the session. The driver hands it to whichever request is waiting, and that
    /// may have nobody behind it any more.
    pub(crate) fn last_word(&self) -> Option<&ServerError> {
        self.0.last_word.get()
    }

    /// The driver hands a reply on through a channel after its bytes were read, so whoever has got the reply sees the
    /// status that came with it or a later one.
    pub(crate) fn status(&self) -> TransactionStatus {
        match self.0.status.load(Ordering::Acquire) {
            b'I' => TransactionStatus::Idle,
            b'T' => TransactionStatus::Open,
            _ => TransactionStatus::Failed,
        }
    }

    fn note(&self, status: u8) {
        self.0.status.store(status, Ordering::Release);
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
    /// What has come of the body of an error.
    error: Vec<u8>,
}

const READY_FOR_QUERY: u8 = b'Z';
const ERROR_RESPONSE: u8 = b'E';

/// The part of an error that is kept: the texts of errors that end a session are short.
const MOST_OF_AN_ERROR: usize = 8 * 1024;

impl Scanner {
    fn new() -> Self {
        Self { head: [0; 5], head_len: 0, body_left: 0, error: Vec::new() }
    }

    fn scan(&mut self, mut bytes: &[u8], wire: &Wire) {
        while let Some(first) = bytes.first() {
            if self.body_left > 0 {
                if self.head[0] == READY_FOR_QUERY {
                    wire.note(*first);
                }
                let (body, behind) = bytes.split_at(self.body_left.min(bytes.len()));
                self.body_left -= body.len();
                bytes = behind;
                if self.head[0] == ERROR_RESPONSE {
                    self.error_came(body, wire);
                }
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

impl Scanner {
    fn error_came(&mut self, body: &[u8], wire: &Wire) {
        let room = MOST_OF_AN_ERROR.saturating_sub(self.error.len());
        self.error.extend_from_slice(&body[..body.len().min(room)]);
        if self.body_left == 0 {
            if let Some(fatal) = ServerError::fatal_from_wire(&self.error) {
                let _ = wire.0.last_word.set(fatal);
            }
            self.error.clear();
        }
    }
}

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
        this.scanner.scan(&buf.filled()[before..], &this.wire);
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
    fn the_servers_last_word_is_kept_however_the_bytes_are_cut() {
        let body = b"SFATAL\0VFATAL\0C57P01\0Mover\0\0";
        let length = u8::try_from(body.len() + 4).unwrap();
        let bytes = [b"E\0\0\0".as_slice(), &[length], body].concat();
        for cut in 1..bytes.len() {
            let (wire, mut scanner) = (Wire::new(), Scanner::new());
            bytes.chunks(cut).for_each(|part| scanner.scan(part, &wire));
            assert_eq!(wire.last_word().unwrap().message(), "over", "cut every {cut}");
        }
    }

    #[test]
    fn messages_without_a_body_are_passed_over() {
        let (wire, mut scanner) = (Wire::new(), Scanner::new());
        scanner.scan(b"1\0\0\0\x042\0\0\0\x04Z\0\0\0\x05T", &wire);
        assert_eq!(wire.status(), TransactionStatus::Open);
    }
}
