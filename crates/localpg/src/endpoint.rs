//! Where a server listens and who may enter.

use std::{net::IpAddr, path::PathBuf};

use secrecy::SecretString;

/// Everything a client needs to dial a server; the password stays out of `Debug`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Endpoint {
    /// The socket directory or the address.
    pub host: Host,
    /// The TCP port, or the number in the socket's file name.
    pub port: u16,
    /// A superuser of the server.
    pub user: String,
    /// Absent where the server trusts whoever can reach its socket.
    pub password: Option<SecretString>,
    /// A database that exists.
    pub database: String,
}

/// The way to a server: a directory in the file system, or a loopback address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// The directory that holds the Unix socket `.s.PGSQL.<port>`.
    Socket(PathBuf),
    /// A numeric address, so that no resolver is asked.
    Tcp(IpAddr),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_password() {
        let endpoint = Endpoint {
            host: Host::Socket("/run/pg".into()),
            port: 5432,
            user: "pgkeel".into(),
            password: Some("open sesame".into()),
            database: "postgres".into(),
        };
        let shown = format!("{endpoint:?}");
        assert!(shown.contains("/run/pg") && !shown.contains("sesame"), "{shown}");
    }
}
