use std::path::PathBuf;

use super::SslMode;

/// What the keywords of an address say of TLS, not yet checked against each other or the file system.
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "files are only read for TLS"))]
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) mode: Option<SslMode>,
    pub(crate) negotiation: Negotiation,
    pub(crate) channel_binding: ChannelBinding,
    pub(crate) root: Option<Root>,
    pub(crate) revoked: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) cert_mode: CertMode,
    pub(crate) without_sni: bool,
    pub(crate) oldest: Option<Version>,
    pub(crate) newest: Option<Version>,
    /// `~/.postgresql`, where libpq looks for what is not named.
    pub(crate) home: Option<PathBuf>,
}

/// What is wrong with a keyword.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) keyword: &'static str,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn new(keyword: &'static str, reason: impl Into<String>) -> Self {
        Self { keyword, reason: reason.into() }
    }
}

/// `sslnegotiation`: whether the server is asked for TLS first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Negotiation {
    #[default]
    Postgres,
    /// The handshake comes first; PostgreSQL 17 and later understand it.
    Direct,
}

/// `channel_binding`: whether the password proves that nobody stands between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ChannelBinding {
    Disable,
    #[default]
    Prefer,
    Require,
}

/// `sslrootcert`: whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    /// The authorities that the operating system trusts.
    System,
    File(PathBuf),
}

/// `sslcertmode`: whether a client certificate is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CertMode {
    Disable,
    #[default]
    Allow,
    /// The server has to ask for one.
    Require,
}

/// A version of TLS that rustls has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    Tls12,
    Tls13,
}
