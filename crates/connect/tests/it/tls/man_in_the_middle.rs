//! Somebody who speaks TLS with both sides and reads everything.

use std::sync::Arc;

use pgkeel_connect::{DialStep, Error, dial};
use pgkeel_testkit::{Auth, in_full};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::authority::{Authority, Pair};
use super::server::{Told, at, port, server};

/// Takes any certificate, and any proof that it is held.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Shows a certificate, whether or not the key belongs to it.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A port in front of the server, where the certificate is shown and the key is what there is.
async fn between(server: u16, certificate: &str, key: &str) -> u16 {
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let key = default_provider().key_provider.load_private_key(key).expect("a key");
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    let shown = Arc::new(Shown(Arc::new(CertifiedKey::new(chain, key))));
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_cert_resolver(shown)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound port").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(listen_in(client, acceptor.clone(), server));
        }
    });
    port
}

async fn listen_in(mut client: TcpStream, acceptor: TlsAcceptor, server: u16) -> std::io::Result<()> {
    let mut request = [0; 8];
    client.read_exact(&mut request).await?;
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(("127.0.0.1", server)).await?;
    server.write_all(&request).await?;
    server.read_exact(&mut [0; 1]).await?;
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(std::io::Error::other)?;
    let anyone = builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone)).with_no_client_auth();
    let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
    let mut server = TlsConnector::from(Arc::new(anyone)).connect(name, server).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

async fn enter(port: u16, keywords: &str) -> Result<pgkeel_connect::Connection, Error> {
    dial(&at(port, &format!("sslmode=require password=s3cret {keywords}")).expect("these are right")).await
}

#[tokio::test]
async fn a_bound_password_is_of_no_use_to_who_stands_between() {
    let pair = Authority::new("ours").server(&["localhost"]);
    let auth = Auth::Scram("s3cret".into());
    let cluster = server(Told { pair: Some(&pair), auth, ..Told::default() }).await;
    let Pair { certificate, key } = Authority::new("stranger").server(&["localhost"]);
    let port = between(port(&cluster), &certificate, &key).await;
    assert!(enter(port, "channel_binding=disable").await.is_ok(), "without it nobody notices");
    for binding in ["prefer", "require"] {
        let error = enter(port, &format!("channel_binding={binding}")).await.unwrap_err();
        assert!(error.server().is_some(), "the server notices: {error:?}");
    }
}

#[tokio::test]
async fn the_servers_certificate_without_its_key_is_refused_in_every_mode() {
    let pair = Authority::new("ours").server(&["localhost"]);
    let auth = Auth::Scram("s3cret".into());
    let cluster = server(Told { pair: Some(&pair), auth, ..Told::default() }).await;
    let stranger = Authority::new("stranger").server(&["localhost"]);
    let port = between(port(&cluster), &pair.certificate, &stranger.key).await;
    for version in ["TLSv1.2", "TLSv1.3"] {
        let error = enter(port, &format!("ssl_max_protocol_version={version}")).await.unwrap_err();
        assert!(matches!(error, Error::Dial { step: DialStep::Tls, .. }), "{version}: {error:?}");
        assert!(in_full(&error).contains("BadSignature"), "{version}: {error:?}");
    }
}
