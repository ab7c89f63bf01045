//! Servers that do not keep to the protocol.

use std::time::Duration;

use pgkeel_connect::{DialStep, Error, dial};
use pgkeel_testkit::in_full;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::server::at;

/// What a server does behind its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Close,
    /// It sends no more and goes on reading.
    HalfClose,
    /// It stays for as long as the client does, and is silent.
    Stay,
}

/// A port on which every connection is asked for its first eight bytes and then gets `answer`.
async fn answering(answer: Vec<u8>, then: Then) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound port").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(answer_one(client, answer.clone(), then));
        }
    });
    port
}

async fn answer_one(mut client: TcpStream, answer: Vec<u8>, then: Then) -> std::io::Result<()> {
    client.read_exact(&mut [0; 8]).await?;
    client.write_all(&answer).await?;
    if then == Then::HalfClose {
        client.shutdown().await?;
    }
    while then != Then::Close && client.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}

async fn entered(port: u16, mode: &str) -> Error {
    let config = at(port, &format!("sslmode={mode}"))
        .expect("a sound set-up of the test")
        .with_connect_timeout(Duration::from_secs(30));
    dial(&config).await.expect_err("no connection")
}

#[tokio::test]
async fn what_is_no_handshake_ends_at_once_and_names_the_step() {
    // AuthenticationOk and ReadyForQuery, as an attacker would send them ahead of a handshake.
    let ahead = b"SR\0\0\0\x08\0\0\0\0Z\0\0\0\x05I".to_vec();
    // Likewise a TLS alert and a record of application data.
    let (alert, data) = (b"S\x15\x03\x03\0\x02\x02\x28".to_vec(), b"S\x17\x03\x03\0\x03abc".to_vec());
    let error_message = b"E\0\0\0\x14SFATAL\0Mhunter2\0\0".to_vec();
    for answer in
        [ahead, alert, data, b"SHTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), error_message, b"?".to_vec()]
    {
        let error = entered(answering(answer.clone(), Then::Stay).await, "require").await;
        assert!(matches!(error, Error::Dial { step: DialStep::Tls, .. }), "{answer:?}: {error:?}");
        assert!(
            !in_full(&error).contains("hunter2"),
            "what came before the handshake is not shown: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_closes_is_noticed_at_once_and_worth_another_try() {
    for then in [Then::Close, Then::HalfClose] {
        for answer in [b"".to_vec(), b"S".to_vec()] {
            let error = entered(answering(answer.clone(), then).await, "require").await;
            let is_tls = matches!(error, Error::Dial { step: DialStep::Tls, .. });
            assert!(is_tls && error.is_safe_to_retry(), "{then:?} behind {answer:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_silent_behind_its_yes_is_given_up_at_the_deadline() {
    for mode in ["prefer", "require"] {
        let config = at(answering(b"S".to_vec(), Then::Stay).await, &format!("sslmode={mode}")).unwrap();
        let error = dial(&config.with_connect_timeout(Duration::from_millis(200))).await.unwrap_err();
        assert!(matches!(error, Error::DialTimeout { step: DialStep::Tls, .. }), "{mode}: {error:?}");
    }
}

#[tokio::test]
async fn prefer_goes_on_in_the_clear_after_a_failed_handshake_but_not_after_a_strange_answer() {
    // In the clear, too, the answer makes no sense, but it is another step that says so.
    let error = entered(answering(b"Sno".to_vec(), Then::Close).await, "prefer").await;
    assert!(
        matches!(error, Error::Dial { step: DialStep::Tls, .. }),
        "the first error is the telling one: {error:?}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let second = tokio::spawn(async move {
        let (first, _) = listener.accept().await?;
        answer_one(first, b"Sno".to_vec(), Then::Close).await?;
        let (mut second, _) = listener.accept().await?;
        let mut head = [0; 8];
        second.read_exact(&mut head).await?;
        Ok::<_, std::io::Error>(head)
    });
    let _ = entered(port, "prefer").await;
    let head = second.await.unwrap().unwrap();
    assert_eq!(head[4..], [0, 3, 0, 0], "a start-up message of protocol 3.0");
}
