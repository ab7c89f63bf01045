//! The handshake without the question before it.

use std::sync::Arc;
use std::time::Duration;

use pgkeel_connect::dial;
use pgkeel_testkit::in_full;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Files, Pair};
use super::server::{Told, at, enter, root, server};

fn acceptor(pair: &Pair, protocols: &[&str]) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let certificate =
        CertificateDer::from_pem_slice(pair.certificate.as_bytes()).expect("a sound set-up of the test");
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("a sound set-up of the test");
    let mut config = builder
        .expect("a sound set-up of the test")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a sound set-up of the test");
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// A server that begins with the handshake, lets anybody in, and then tells what it saw: the first byte, the protocol
/// that was asked for and the name.
async fn direct_server(
    pair: &Pair,
    protocols: &[&str],
) -> (u16, tokio::task::JoinHandle<(u8, Vec<u8>, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (port, acceptor) = (listener.local_addr().expect("a bound port").port(), acceptor(pair, protocols));
    let serving = tokio::spawn(async move {
        let (client, _) = listener.accept().await.expect("a connection");
        let mut first = [0];
        client.peek(&mut first).await.expect("a sound set-up of the test");
        let mut client = acceptor.accept(client).await.expect("a sound set-up of the test");
        let tls = client.get_ref().1;
        let (protocol, name) =
            (tls.alpn_protocol().unwrap_or_default().to_vec(), tls.server_name().unwrap_or_default());
        let seen = (first[0], protocol, name.to_owned());
        let length = client.read_u32().await.unwrap_or(4);
        let mut start_up = vec![0; usize::try_from(length).expect("smaller than a `usize`") - 4];
        let _ = client.read_exact(&mut start_up).await;
        let _ = client.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").await;
        let _ = client.flush().await;
        seen
    });
    (port, serving)
}

#[tokio::test]
async fn direct_tls_begins_with_the_handshake_and_names_the_protocol() {
    let (ours, files) = (Authority::new("ours"), Files::new());
    let trusted = root(&files.put("root.crt", &ours.pem()));
    let pair = ours.server(&["localhost"]);
    for (sni, name) in [("sslsni=1", "localhost"), ("sslsni=0", "")] {
        let (port, serving) = direct_server(&pair, &["postgresql"]).await;
        let config = at(port, &format!("sslmode=verify-full sslnegotiation=direct {sni} {trusted}")).unwrap();
        let connection = dial(&config).await.unwrap();
        assert!(connection.tls().is_some());
        assert_eq!(serving.await.unwrap(), (22, b"postgresql".to_vec(), name.to_owned()));
    }
}

#[tokio::test]
async fn a_server_that_agrees_on_no_protocol_is_refused() {
    let (port, serving) = direct_server(&Authority::new("ours").server(&["localhost"]), &[]).await;
    let error = dial(&at(port, "sslmode=require sslnegotiation=direct").unwrap()).await.unwrap_err();
    assert!(in_full(&error).contains("ALPN `postgresql`"), "{error:?}");
    serving.await.unwrap();
}

/// PostgreSQL 17 and later speak it; earlier ones close the connection, and the error says why that may be.
#[tokio::test]
async fn a_real_server_speaks_it_from_17_on() {
    let pair = Authority::new("ours").server(&["localhost"]);
    let cluster = server(Told { pair: Some(&pair), ..Told::default() }).await;
    let connection = enter(&cluster, "sslmode=require").await.unwrap();
    let version = connection.parameter("server_version").unwrap();
    let major: u32 = version.split(['.', ' ', 'd', 'b', 'r']).next().unwrap().parse().unwrap();
    let entered = tokio::time::timeout(
        Duration::from_secs(30),
        enter(&cluster, "sslmode=require sslnegotiation=direct"),
    );
    match entered.await.unwrap() {
        Ok(connection) => assert!(major >= 17 && connection.tls().is_some()),
        Err(error) => {
            assert!(major < 17, "{error:?}");
            assert!(in_full(&error).contains("before PostgreSQL 17"), "{error:?}");
        }
    }
}
