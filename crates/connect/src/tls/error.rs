use std::error::Error as StdError;
use std::fmt;

/// Why a socket could not be secured, and what to do about it.
#[derive(Debug)]
pub(crate) struct TlsError {
    pub(super) kind: Kind,
    said: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The link broke, or the server is not well: another time may be better.
    Passing,
    /// The server has no TLS.
    NotOffered,
    /// There is no TLS to be had like this. Trying again does not help.
    Lasting,
    /// The handshake failed for a reason that lasts.
    Handshake,
    /// The handshake broke off.
    HandshakeLink,
}

impl TlsError {
    pub(super) fn new(kind: Kind, said: impl Into<String>) -> Self {
        Self { kind, said: said.into(), source: None }
    }

    pub(super) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl StdError for TlsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
