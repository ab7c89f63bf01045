use std::fmt;

use super::Handed;

/// What protects an encrypted connection. `Display` gives one line, for example
/// `TLSv1.3 (TLS13_AES_256_GCM_SHA384), bound to the password`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    pub(super) version: &'static str,
    pub(super) cipher: &'static str,
    pub(super) bound: bool,
}

impl TlsInfo {
    /// The same, once the driver has authenticated.
    pub(crate) fn with_binding(self, handed: &Handed) -> Self {
        Self { bound: handed.has_bound(), ..self }
    }

    /// The version of the protocol, as PostgreSQL writes it: `TLSv1.2` or `TLSv1.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.version
    }

    /// The cipher suite, as rustls writes it.
    #[must_use]
    pub fn cipher(&self) -> &str {
        self.cipher
    }

    /// Whether the proof of the password was bound to this channel (SCRAM-SHA-256-PLUS), so that nobody can stand
    /// between even where the server's certificate is not verified.
    #[must_use]
    pub fn is_channel_bound(&self) -> bool {
        self.bound
    }
}

impl fmt::Display for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = if self.bound { ", bound to the password" } else { "" };
        write!(f, "{} ({}){bound}", self.version, self.cipher)
    }
}
