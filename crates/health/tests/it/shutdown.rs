//! Binding, draining and ending.

use std::time::Duration;

use pgkeel_health::{Config, Error, Server};

use crate::client::{Raw, Served, within};
use crate::fakes::idle;

const LIVE: &str = "GET /api/v1/health/live HTTP/1.1\r\nhost: x\r\n\r\n";

/// A request whose body is still to come: it stays in flight for as long as a test likes.
async fn in_flight(served: &Served) -> Raw {
    let mut client = served.connect().await;
    client.send("GET /api/v1/health/live HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n").await;
    client.send("content-length: 5\r\n\r\n").await;
    assert_eq!(client.answer().await.code, 100);
    client
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_address_and_setting() {
    let served = Served::by(Config::default(), idle()).await;
    let mut config = Config::default();
    config.listen = served.address;
    let refused = Server::bind(&config, idle()).await.expect_err("the port is taken");
    assert!(refused.is_address_in_use());
    let text = refused.to_string();
    for part in [&served.address.to_string(), "health.listen", "PGKEEL_HEALTH_LISTEN"] {
        assert!(text.contains(part), "{text}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_foreign_address_is_another_error() {
    let mut config = Config::default();
    config.listen = ([192, 0, 2, 1], 0).into(); // TEST-NET-1 of RFC 5737 is nobody's
    let refused = Server::bind(&config, idle()).await.expect_err("not our address");
    assert!(matches!(refused, Error::Listen { .. }));
}

#[tokio::test]
async fn the_last_request_is_answered_and_an_idle_connection_closed_at_once() {
    let served = Served::by(Config::default(), idle()).await;
    let mut kept = served.connect().await;
    kept.send(LIVE).await;
    assert_eq!(kept.answer().await.code, 200);
    let mut busy = in_flight(&served).await;
    let address = served.address;
    let task = served.shut_down();
    assert_eq!(kept.closed().await, "");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "still listening");
    busy.send("hello").await;
    let answer = busy.answer().await;
    assert_eq!((answer.code, answer.header("connection")), (200, "close"));
    let report = within(task).await.expect("no panic");
    assert_eq!((report.drained, report.killed), (2, 0));
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_at_the_limit_and_counted() {
    let mut config = Config::default();
    config.drain_timeout = Duration::from_millis(200);
    let served = Served::by(config, idle()).await;
    let mut stuck = in_flight(&served).await;
    let report = served.stop().await;
    assert_eq!((report.drained, report.killed), (0, 1));
    assert_eq!(stuck.closed().await, "");
}

#[tokio::test]
async fn a_silent_socket_does_not_hold_up_the_end() {
    let mut config = Config::default();
    (config.drain_timeout, config.header_timeout) = (Duration::from_hours(1), Duration::from_hours(1));
    let served = Served::by(config, idle()).await;
    let mut silent = served.connect().await;
    assert_eq!(served.get("/api/v1/health/live").await.code, 200); // so the silent one was accepted before
    let report = served.stop().await;
    assert_eq!((report.drained, report.killed), (1, 0));
    assert_eq!(silent.closed().await, "");
}

#[tokio::test]
async fn while_it_drains_new_connections_hear_that_it_is_not_ready() {
    let mut config = Config::default();
    config.drain_delay = Duration::from_hours(1);
    let served = Served::by(config, idle()).await;
    assert_eq!(served.get("/api/v1/health/ready").await.code, 200);
    let address = served.address;
    let task = served.shut_down();
    let ask = async |path: &str| {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut socket = tokio::net::TcpStream::connect(address).await.expect("still listening");
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        within(socket.read_to_string(&mut answer)).await.expect("it answers");
        answer
    };
    // The shutdown has begun when this task has run once; asking takes the server's turn in any case.
    assert!(ask("/api/v1/health/live").await.starts_with("HTTP/1.1 200 "));
    assert!(ask("/api/v1/health/ready").await.starts_with("HTTP/1.1 503 "));
    task.abort();
}
