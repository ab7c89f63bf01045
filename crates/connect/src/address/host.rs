use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// One server of an [`Address`](super::Address).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    name: HostName,
    ip: Option<IpAddr>,
    port: u16,
}

/// How a server is reached. Complete: PostgreSQL knows no third way.
#[expect(clippy::exhaustive_enums, reason = "PostgreSQL knows no third way to be reached")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostName {
    /// A host name or IP address, over TCP.
    Tcp(String),
    /// The directory of a Unix socket.
    Socket(PathBuf),
}

impl Host {
    /// A server at a port; for a socket the port is the number in the socket's file name.
    #[must_use]
    pub fn new(name: HostName, port: u16) -> Self {
        Self { name, ip: None, port }
    }

    /// The same, reached at this IP address instead of looking the name up.
    #[must_use]
    pub fn at(mut self, ip: IpAddr) -> Self {
        self.ip = Some(ip);
        self
    }

    /// How it is reached.
    #[must_use]
    pub fn name(&self) -> &HostName {
        &self.name
    }

    /// The port, 1 to 65535.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The IP address to use instead of looking the name up.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            HostName::Tcp(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            HostName::Tcp(name) => write!(f, "{name}:{}", self.port),
            HostName::Socket(directory) => write!(f, "{}:{}", directory.display(), self.port),
        }
    }
}
