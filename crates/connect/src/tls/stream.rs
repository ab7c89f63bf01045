use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Handed, TlsInfo};

/// A socket as it is, or with TLS on it.
#[derive(Debug)]
pub(crate) enum MaybeTls<S> {
    Clear(S),
    #[cfg(feature = "tls")]
    Tls(Box<super::secure::Secured<S>>),
}

impl<S> MaybeTls<S> {
    /// What the driver takes for its TLS library.
    pub(crate) fn handed(&self) -> Handed {
        match self {
            Self::Clear(_) => Handed::default(),
            #[cfg(feature = "tls")]
            Self::Tls(secured) => secured.handed(),
        }
    }

    /// What protects the stream, if anything does.
    pub(crate) fn info(&self) -> Option<TlsInfo> {
        match self {
            Self::Clear(_) => None,
            #[cfg(feature = "tls")]
            Self::Tls(secured) => Some(secured.info()),
        }
    }
}

/// Does the same with whichever stream there is.
macro_rules! either {
    ($this:expr, $stream:ident => $act:expr) => {
        match $this.get_mut() {
            Self::Clear($stream) => $act,
            #[cfg(feature = "tls")]
            Self::Tls(secured) => {
                let $stream = &mut secured.stream;
                $act
            }
        }
    };
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for MaybeTls<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        either!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for MaybeTls<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        either!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        either!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        either!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
