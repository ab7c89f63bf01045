use std::fmt;

/// How far a connection is protected, from nothing to all: libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum SslMode {
    /// In the clear.
    Disable,
    /// In the clear, with TLS if the server refuses that.
    Allow,
    /// With TLS, in the clear if that fails.
    #[default]
    Prefer,
    /// With TLS. Who the server is counts only if there are root certificates, as in libpq.
    Require,
    /// With TLS, and the server's certificate comes from an authority that is trusted.
    VerifyCa,
    /// The same, and the certificate is for the host that was asked for.
    VerifyFull,
}

impl SslMode {
    /// Each with its name, in this order.
    const ALL: [(&str, Self); 6] = [
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, mode)| *mode)
    }

    /// All names, for a message.
    pub(crate) fn names() -> String {
        Self::ALL.map(|(name, _)| name).join(", ")
    }

    /// Whether every session is encrypted.
    pub(crate) fn is_strict(self) -> bool {
        self >= Self::Require
    }

    /// The ways in which a host is tried over TCP, one after the other.
    pub(super) fn ways(self) -> &'static [Way] {
        match self {
            Self::Allow if cfg!(feature = "tls") => &[Way::Clear, Way::Tls],
            Self::Prefer if cfg!(feature = "tls") => &[Way::TlsIfOffered, Way::Clear],
            Self::Disable | Self::Allow | Self::Prefer => &[Way::Clear],
            Self::Require | Self::VerifyCa | Self::VerifyFull => &[Way::Tls],
        }
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, mode)| mode == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

/// One way to speak with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Clear,
    /// With TLS if the server has it, else in the clear.
    TlsIfOffered,
    Tls,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_it_is_written() {
        for (name, mode) in SslMode::ALL {
            assert_eq!(SslMode::parse(name), Some(mode));
            assert_eq!(mode.to_string(), name);
        }
        assert_eq!(SslMode::parse("Require"), None);
    }

    #[test]
    fn strict_modes_have_no_way_in_the_clear() {
        for (_, mode) in SslMode::ALL {
            assert_eq!(mode.ways() == [Way::Tls], mode.is_strict(), "{mode}");
        }
    }
}
