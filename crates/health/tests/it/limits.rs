//! Hostile and broken clients, on raw sockets, with small limits.

use std::num::NonZeroUsize;
use std::time::Duration;

use pgkeel_health::{Config, Family, Labels, Monitor, gauge};
use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

use crate::client::{Raw, Served};
use crate::fakes::{FixedSource, idle, running, until};

const LIVE: &str = "GET /api/v1/health/live HTTP/1.1\r\nhost: x\r\n\r\n";

/// Small sizes, and times that a busy machine keeps.
fn small() -> Config {
    let mut config = Config::default();
    config.header_limit = 8192;
    config.answers.uri_limit = 1000;
    config.answers.body_limit = 1000;
    config
}

/// A short time for heads too, for clients that are to be cut off.
fn hasty() -> Config {
    let mut config = small();
    config.header_timeout = Duration::from_millis(200);
    config
}

#[tokio::test]
async fn a_silent_socket_is_closed() {
    let served = Served::by(hasty(), idle()).await;
    assert_eq!(served.connect().await.closed().await, "");
    served.stop().await;
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_cut_off() {
    let served = Served::by(hasty(), idle()).await;
    let mut client = served.connect().await;
    // Every byte comes well within the limit; the head as a whole does not.
    let mut count = 0;
    for byte in LIVE.bytes() {
        if client.socket.write_all(&[byte]).await.is_err() || !client.is_open() {
            break;
        }
        count += 1;
        sleep(Duration::from_millis(50)).await;
    }
    assert!(count < LIVE.len(), "the whole head was taken");
    assert_eq!(client.closed().await, "");
    served.stop().await;
}

#[tokio::test]
async fn an_idle_kept_connection_is_closed() {
    let mut config = small();
    config.header_timeout = Duration::from_secs(1);
    let served = Served::by(config, idle()).await;
    let mut client = served.connect().await;
    client.send(LIVE).await;
    assert_eq!(client.answer().await.code, 200);
    assert_eq!(client.closed().await, "");
    served.stop().await;
}

#[tokio::test]
async fn too_many_headers_and_too_large_ones_end_with_431() {
    let served = Served::by(small(), idle()).await;
    let many = ["h: x\r\n"; 200].concat();
    let large = format!("h: {}\r\n", "x".repeat(9000));
    for headers in [many, large] {
        let mut client = served.connect().await;
        client.send(&format!("GET /health HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
        assert!(client.closed().await.starts_with("HTTP/1.1 431 "));
    }
    served.stop().await;
}

#[tokio::test]
async fn a_long_uri_is_a_problem_and_the_connection_goes_on() {
    let served = Served::by(small(), idle()).await;
    let mut client = served.connect().await;
    client.send(&format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(1001))).await;
    client.answer().await.is_problem(414, "uri-too-long");
    client.send(LIVE).await;
    assert_eq!(client.answer().await.code, 200);
    served.stop().await;
}

#[tokio::test]
async fn a_uri_of_70_kilobytes_is_refused() {
    let mut config = small();
    config.header_limit = 128 * 1024;
    let served = Served::by(config, idle()).await;
    let mut client = served.connect().await;
    client.send(&format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(70_000))).await;
    assert!(client.closed().await.starts_with("HTTP/1.1 414 "));
    served.stop().await;
}

#[tokio::test]
async fn a_small_body_is_read_away_and_the_next_request_is_understood() {
    let served = Served::by(small(), idle()).await;
    let mut client = served.connect().await;
    client.send("GET /api/v1/health/live HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello").await;
    assert_eq!(client.answer().await.code, 200);
    client
        .send("PUT /health HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
        .await;
    client.answer().await.is_problem(405, "method-not-allowed");
    client.send(LIVE).await;
    assert_eq!(client.answer().await.code, 200);
    served.stop().await;
}

#[tokio::test]
async fn a_large_body_is_refused_unread_and_the_connection_closed() {
    let served = Served::by(small(), idle()).await;
    let mut client = served.connect().await;
    client.send("GET /health HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n").await;
    let answer = client.answer().await;
    answer.is_problem(413, "body-too-large");
    assert_eq!(answer.header("connection"), "close");
    assert_eq!(client.closed().await, "");
    served.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_with_408() {
    let mut config = small();
    config.answers.request_timeout = Duration::from_millis(200);
    let served = Served::by(config, idle()).await;
    let mut client = served.connect().await;
    client.send("GET /health HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhe").await;
    client.answer().await.is_problem(408, "request-timeout");
    assert_eq!(client.closed().await, "");
    served.stop().await;
}

#[tokio::test]
async fn a_half_closed_client_still_gets_its_answer() {
    let served = Served::by(small(), idle()).await;
    let mut client = served.connect().await;
    client.send(LIVE).await;
    client.socket.shutdown().await.expect("half closed");
    assert!(client.closed().await.starts_with("HTTP/1.1 200 "));
    served.stop().await;
}

#[tokio::test]
async fn what_is_not_http_is_turned_away() {
    let served = Served::by(small(), idle()).await;
    let mut client = served.connect().await;
    client.send("\x16\x03\x01 not http at all\r\n\r\n").await;
    assert!(client.closed().await.starts_with("HTTP/1.1 400 "));
    served.stop().await;
}

fn large_page() -> Vec<Family> {
    let samples = (0..40_000).map(|number| ([("number", number.to_string())], 1_u64));
    vec![
        gauge("large_page", "Fills a socket's buffers.", samples),
        gauge("x", "x", [(Labels::none(), 1_u64)]),
    ]
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_dropped() {
    let (router, _running) = running(Monitor::builder().source(FixedSource("large", large_page)));
    let mut config = small();
    config.answers.request_timeout = Duration::from_millis(200);
    let served = Served::by(config, router.clone()).await;
    let mut client = served.connect().await;
    for _ in 0..20 {
        client.send("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
    }
    // The client holds its socket open and reads nothing: only the server can end this.
    let page = || router.monitor().metrics_page();
    until("an answer was written", || page().contains("route=\"/metrics\"")).await;
    until("the connection is gone", || page().contains("pgkeel_http_connections 0")).await;
    drop(client);
    served.stop().await;
}

async fn crowd(served: &Served, size: usize) -> Vec<Raw> {
    let mut clients = Vec::new();
    for _ in 0..size {
        clients.push(served.connect().await);
    }
    clients
}

#[tokio::test]
async fn silent_sockets_make_room_for_a_probe() {
    let router = idle();
    let mut config = Config::default();
    config.max_connections = NonZeroUsize::new(4).unwrap();
    let served = Served::by(config, router.clone()).await;
    let mut silent = crowd(&served, 4).await;
    assert_eq!(served.get("/api/v1/health/live").await.code, 200);
    assert_eq!(silent[0].closed().await, "");
    assert!(silent[3].is_open());
    let page = router.monitor().metrics_page();
    assert!(page.contains("pgkeel_http_connections_evicted_total 1"), "{page}");
    served.stop().await;
}

#[tokio::test]
async fn when_all_are_busy_the_next_one_is_refused_and_counted() {
    let router = idle();
    let mut config = Config::default();
    config.max_connections = NonZeroUsize::new(2).unwrap();
    let served = Served::by(config, router.clone()).await;
    let mut busy = crowd(&served, 2).await;
    for client in &mut busy {
        // A body that is still to come keeps the request in flight.
        client
            .send("GET /health HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
            .await;
        assert_eq!(client.answer().await.code, 100);
    }
    let mut refused = served.connect().await;
    assert!(refused.closed().await.starts_with("HTTP/1.1 503 "));
    for client in &mut busy {
        client.send("hello").await;
        assert_eq!(client.answer().await.code, 503); // there is no database
    }
    assert!(router.monitor().metrics_page().contains("pgkeel_http_connections_rejected_total 1"));
    served.stop().await;
}

#[tokio::test]
async fn after_hundreds_of_silent_sockets_none_is_left() {
    let router = idle();
    let mut config = small();
    config.header_timeout = Duration::from_secs(1);
    let served = Served::by(config, router.clone()).await;
    let mut hostile = crowd(&served, 400).await;
    assert_eq!(served.get("/api/v1/health/live").await.code, 200);
    for client in &mut hostile {
        client.closed().await;
    }
    until("the gauge is back", || router.monitor().metrics_page().contains("pgkeel_http_connections 0"))
        .await;
    served.stop().await;
}
