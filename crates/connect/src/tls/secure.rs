//! From a socket to a stream that nobody else can read.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::ProtocolVersion;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::Certificate;
use super::error::{Kind, TlsError};
use super::explain::{Circumstances, handshake_failed};
use super::loaded::{Asked, PROTOCOL};
use super::wishes::{CertMode, Negotiation};
use super::{Handed, MaybeTls, SslMode, TlsInfo, TlsSettings, Way, negotiation};
use crate::HostName;

/// A stream behind a finished handshake.
#[derive(Debug)]
pub(crate) struct Secured<S> {
    pub(super) stream: TlsStream<S>,
    end_point: Option<Vec<u8>>,
    info: TlsInfo,
}

/// Secures a socket that was just opened to `host`, or leaves it as it is, as `way` says. The caller bounds the time.
///
/// # Cancellation
/// Dropping the future closes the socket.
pub(crate) async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: S,
    settings: &TlsSettings,
    host: &HostName,
    way: Way,
) -> Result<MaybeTls<S>, TlsError> {
    let (Way::Tls | Way::TlsIfOffered, HostName::Tcp(host)) = (way, host) else {
        return Ok(MaybeTls::Clear(socket));
    };
    let ready = settings.store().current().await?;
    let wishes = &settings.store().wishes;
    if wishes.negotiation == Negotiation::Postgres && !negotiation::ask(&mut socket).await? {
        return if way == Way::TlsIfOffered { Ok(MaybeTls::Clear(socket)) } else { Err(not_offered()) };
    }
    let asked = Asked::new(ready.key.clone());
    let mut config = ready.config;
    if wishes.cert_mode == CertMode::Require {
        Arc::make_mut(&mut config).client_auth_cert_resolver = Arc::clone(&asked) as _;
    }
    let name = server_name(host, settings.store().mode)?;
    let direct = wishes.negotiation == Negotiation::Direct;
    let stream = TlsConnector::from(config).connect(name, socket).await.map_err(|error| {
        let trusted = ready.trusted.as_deref();
        handshake_failed(error, &Circumstances { host, trusted, direct, has_key: ready.key.is_some() })
    })?;
    let secured = Secured::new(stream);
    if direct && secured.stream.get_ref().1.alpn_protocol() != Some(PROTOCOL) {
        return Err(TlsError::new(Kind::Lasting, NOT_POSTGRESQL));
    }
    if wishes.cert_mode == CertMode::Require && !asked.was() {
        return Err(TlsError::new(Kind::Lasting, NOT_ASKED));
    }
    Ok(MaybeTls::Tls(Box::new(secured)))
}

const NOT_POSTGRESQL: &str = "the server has not agreed to speak PostgreSQL's protocol (ALPN `postgresql`), which \
                              sslnegotiation=direct needs; PostgreSQL 17 and later do, with others leave it out";
const NOT_ASKED: &str = "the server has not asked for a client certificate, and sslcertmode=require is written; give \
                         the server an ssl_ca_file, or leave sslcertmode out";

fn not_offered() -> TlsError {
    let said = "the server has no TLS, and sslmode asks for it; set ssl=on at the server, or write sslmode=prefer if \
                everything between may be trusted";
    TlsError::new(Kind::NotOffered, said)
}

/// What the certificate is verified against and what the server is told (SNI). Where no name is verified, one that no
/// certificate can have is no obstacle: an IP address stands for it, which is not told.
fn server_name(host: &str, mode: SslMode) -> Result<ServerName<'static>, TlsError> {
    match ServerName::try_from(host.to_owned()) {
        Ok(name) => Ok(name),
        Err(_) if mode != SslMode::VerifyFull => Ok(ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into())),
        Err(error) => {
            let said = format!(
                "sslmode=verify-full verifies a name, and `{host}` is none that a certificate can have"
            );
            Err(TlsError::new(Kind::Lasting, said).because(error))
        }
    }
}

impl<S> Secured<S> {
    fn new(stream: TlsStream<S>) -> Self {
        let connection = stream.get_ref().1;
        let certificate = connection.peer_certificates().and_then(|chain| chain.first());
        let end_point = certificate.and_then(|der| Certificate::read(der)?.end_point(der));
        let info = TlsInfo {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "TLS",
            },
            cipher: connection
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or(""),
            bound: false,
        };
        Self { stream, end_point, info }
    }

    pub(super) fn handed(&self) -> Handed {
        Handed::new(self.end_point.clone())
    }

    pub(super) fn info(&self) -> TlsInfo {
        self.info.clone()
    }
}
