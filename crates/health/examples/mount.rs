//! Mounts the health routes inside an application's own hyper server, beside its own routes.
//!
//! Run `cargo run -p pgkeel-health --example mount` and open the address that it prints.

use std::convert::Infallible;
use std::future::pending;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use pgkeel_health::{BoxFuture, Monitor, Outcome, Probe, Router};
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service as _;

/// A check of the application's own.
struct Queue;

impl Probe for Queue {
    fn name(&self) -> &'static str {
        "queue"
    }

    fn run(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::pass() })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (monitor, scheduler) = Monitor::builder().probe(Queue).build()?;
    let _running = scheduler.spawn(); // probes stop when this is dropped
    let router = Router::new(monitor).showing_details(true);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/api/v1/health/", listener.local_addr()?);
    tokio::select! {
        ended = accept(listener, router) => ended?,
        () = pending() => {} // an application waits for its signal here, and calls `monitor.drain()`
    }
    Ok(())
}

async fn accept(listener: TcpListener, router: Router) -> std::io::Result<()> {
    loop {
        let (socket, _peer) = listener.accept().await?;
        tokio::spawn(serve(socket, router.clone()));
    }
}

async fn serve(socket: TcpStream, router: Router) {
    let service = service_fn(move |request| route(request, router.clone()));
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()); // without it the library applies no timeout to request heads
    if let Err(error) = protocol.serve_connection(TokioIo::new(socket), service).await {
        eprintln!("connection ended: {error}");
    }
}

/// The application's own routes first; all others are the router's, which answers unknown ones with a problem.
async fn route(request: Request<Incoming>, mut health: Router) -> Result<Response<Full<Bytes>>, Infallible> {
    match request.uri().path() {
        "/" => Ok(Response::new(Full::from("the application\n"))),
        _ => health.call(request).await,
    }
}
