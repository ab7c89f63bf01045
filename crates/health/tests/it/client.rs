//! Two clients: one that asks a router directly, and one that speaks raw bytes to a socket.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use pgkeel_health::{Config, Report, Router, Server};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower_service::Service as _;

/// For everything that should happen soon; generous, as it only ends tests that fail.
const DEADLINE: Duration = Duration::from_secs(30);

/// A response with its header names in lower case.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn is_problem(&self, code: u16, slug: &str) {
        assert_eq!((self.code, self.header("content-type")), (code, "application/problem+json"), "{self:?}");
        let body = self.json();
        assert_eq!(
            (&body["type"], &body["status"]),
            (&format!("urn:pgkeel:problem:{slug}").into(), &code.into())
        );
        assert!(
            body["title"].is_string() && body["detail"].is_string() && body["instance"].is_string(),
            "{body}"
        );
        assert_eq!(body["request_id"], self.header("x-request-id"));
    }
}

/// Asks the router without a socket.
pub(crate) async fn ask(router: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<Bytes>::new()).expect("a valid request");
    let response = router.clone().call(request).await.expect("infallible");
    let (head, body) = response.into_parts();
    let text = |value: &hyper::header::HeaderValue| value.to_str().expect("plain text").to_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let body = body.collect().await.expect("infallible").to_bytes().to_vec();
    Answer { code: head.status.as_u16(), headers, body: String::from_utf8(body).expect("text") }
}

pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    ask(router, "GET", path, &[]).await
}

/// A server in a task of its own, on a port that the system chose.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Report>,
}

impl Served {
    pub(crate) async fn by(mut config: Config, router: Router) -> Self {
        config.listen = ([127, 0, 0, 1], 0).into();
        let server = Server::bind(&config, router).await.expect("a free port");
        let (stop, stopped) = oneshot::channel::<()>();
        let address = server.local_addr();
        let task = tokio::spawn(server.serve(async move { drop(stopped.await) }));
        Self { address, stop, task }
    }

    pub(crate) async fn connect(&self) -> Raw {
        Raw { socket: TcpStream::connect(self.address).await.expect("listening"), read: Vec::new() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let mut client = self.connect().await;
        client.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        client.answer().await
    }

    /// Begins the shutdown and gives the task that ends with it.
    pub(crate) fn shut_down(self) -> JoinHandle<Report> {
        self.stop.send(()).expect("serving");
        self.task
    }

    pub(crate) async fn stop(self) -> Report {
        within(self.shut_down()).await.expect("no panic")
    }
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.expect("done within the deadline")
}

/// A client that sends what it likes.
pub(crate) struct Raw {
    pub(crate) socket: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    pub(crate) async fn send(&mut self, bytes: &str) {
        within(self.socket.write_all(bytes.as_bytes())).await.expect("the server reads");
    }

    /// Reads one response with its body.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.read_answer(true).await
    }

    /// Reads one response to HEAD, which has a length and no body.
    pub(crate) async fn head_answer(&mut self) -> Answer {
        self.read_answer(false).await
    }

    async fn read_answer(&mut self, with_body: bool) -> Answer {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.more().await, "closed within a head: {:?}", String::from_utf8_lossy(&self.read));
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).expect("text");
        let mut lines = head.lines();
        let code = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status line");
        let headers: HashMap<_, _> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().expect("a length"));
        let length: usize = if with_body { length } else { 0 };
        while self.read.len() < length {
            assert!(self.more().await, "closed within a body");
        }
        let body = String::from_utf8(self.read.drain(..length).collect()).expect("text");
        Answer { code, headers, body }
    }

    async fn more(&mut self) -> bool {
        let read = within(self.socket.read_buf(&mut self.read)).await;
        read.is_ok_and(|read| read > 0)
    }

    /// Waits until the server has closed, whether or not it reset the connection; gives what it sent before.
    pub(crate) async fn closed(&mut self) -> String {
        while self.more().await {}
        String::from_utf8_lossy(&self.read).into_owned()
    }

    /// Whether the server still holds the connection, as far as can be told without waiting.
    pub(crate) fn is_open(&self) -> bool {
        let mut byte = [0];
        match self.socket.try_read(&mut byte) {
            Ok(read) => read > 0,
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}
