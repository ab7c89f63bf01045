use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::Result;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// What the driver takes for a TLS library: it hands over the stream, which is secured already, and what the channel can
/// be bound to. Of a stream in the clear that is nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handed {
    end_point: Option<Vec<u8>>,
    bound: Arc<AtomicBool>,
}

impl Handed {
    /// `end_point` is the hash that RFC 5929 calls `tls-server-end-point`.
    #[cfg(feature = "tls")]
    pub(super) fn new(end_point: Option<Vec<u8>>) -> Self {
        Self { end_point, bound: Arc::default() }
    }

    /// Whether there is something to bind to.
    pub(crate) fn can_bind(&self) -> bool {
        self.end_point.is_some()
    }

    /// Whether the driver chose to bind, once it has authenticated. It does not say so itself.
    pub(crate) fn has_bound(&self) -> bool {
        self.bound.load(Ordering::Acquire)
    }
}

/// Why `channel_binding=require` cannot be had.
pub(crate) fn cannot_bind(encrypted: bool) -> &'static str {
    if encrypted {
        "channel_binding=require is written, and the server's certificate is of a kind for which no binding is defined \
         (Ed25519); use one signed with RSA or ECDSA"
    } else {
        "channel_binding=require is written, and this connection is in the clear; write sslmode=require or stricter, and \
         name a host instead of a Unix socket"
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsConnect<S> for Handed {
    type Stream = Bound<S>;
    type Error = Infallible;
    type Future = Ready<std::result::Result<Bound<S>, Infallible>>;

    fn connect(self, stream: S) -> Self::Future {
        ready(Ok(Bound { stream, handed: self }))
    }
}

/// A stream that knows what it can be bound to.
#[derive(Debug)]
pub(crate) struct Bound<S> {
    stream: S,
    handed: Handed,
}

/// The tag of `SASLInitialResponse`; behind it come four bytes of length and the name of the mechanism.
const SASL_INITIAL_RESPONSE: u8 = b'p';
const WITH_BINDING: &[u8] = b"SCRAM-SHA-256-PLUS\0";

impl<S> Bound<S> {
    fn look_at(&self, sent: &[u8]) {
        if let [SASL_INITIAL_RESPONSE, _, _, _, _, mechanism @ ..] = sent
            && mechanism.starts_with(WITH_BINDING)
        {
            self.handed.bound.store(true, Ordering::Release);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Bound<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let end_point = self.handed.end_point.clone();
        end_point.map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bound<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bound<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        self.look_at(buf);
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
