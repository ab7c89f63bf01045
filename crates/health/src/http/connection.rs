//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower_service::Service as _;

use crate::http::crowd::Member;
use crate::http::patience::Patience;
use crate::http::router::Router;
use crate::probe::BoxFuture;

/// What all connections of a server have in common.
#[derive(Clone, Debug)]
pub(crate) struct Attendant {
    protocol: http1::Builder,
    router: Router,
    draining: watch::Receiver<bool>,
}

impl Attendant {
    pub(crate) fn new(
        router: Router,
        header_timeout: Duration,
        header_limit: usize,
        draining: watch::Receiver<bool>,
    ) -> Self {
        let mut protocol = http1::Builder::new();
        // Without a timer the library ignores its own default timeout, and panics on a configured one.
        protocol.timer(TokioTimer::new()).header_read_timeout(header_timeout);
        // The header limit counts parsed heads only; the buffer bounds a head that never ends.
        protocol.max_header_size(header_limit).max_buf_size(header_limit);
        Self { protocol, router, draining }
    }

    /// Serves until either side ends it.
    ///
    /// # Cancellation
    /// Dropping it closes the socket at once; an answer on its way is cut off.
    pub(crate) async fn attend(self, socket: TcpStream, member: Arc<Member>) {
        let Self { protocol, router, mut draining } = self;
        let _counted = Counted::new(&router);
        let io = TokioIo::new(Patience::with(socket, router.answers().request_timeout, Arc::clone(&member)));
        let service = Answering { router: router.clone(), member: Arc::clone(&member) };
        let mut connection = std::pin::pin!(protocol.serve_connection(io, service));
        let mut told = false;
        loop {
            // Biased, so that what the connection can do is done before it is judged idle.
            tokio::select! {
                biased;
                ended = &mut connection => return log_end(ended),
                _ = draining.wait_for(|draining| *draining), if !told => {
                    told = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = member.asked_to_leave() => {
                    if !member.is_busy() {
                        return;
                    }
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended by an error");
    }
}

/// The router, telling the crowd when it is at work.
struct Answering {
    router: Router,
    member: Arc<Member>,
}

impl hyper::service::Service<Request<Incoming>> for Answering {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (mut router, member) = (self.router.clone(), Arc::clone(&self.member));
        member.set_answering(true);
        Box::pin(async move {
            let answer = router.call(request).await;
            member.set_answering(false);
            answer
        })
    }
}

/// Keeps the gauge of open connections right however the connection ends.
struct Counted(Router);

impl Counted {
    fn new(router: &Router) -> Self {
        router.monitor().http().connections.inc();
        Self(router.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.monitor().http().connections.dec();
    }
}
