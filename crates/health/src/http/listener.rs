//! Accepts connections until told to stop, then lets the last ones finish.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::config::Config;
use crate::error::Error;
use crate::http::connection::Attendant;
use crate::http::crowd::{Admission, Crowd};
use crate::http::router::Router;

/// First and longest pause after the system could not accept, most often for want of file descriptors.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// In a drain, the time that a connection without a request has to show one: it may be on the wire already.
const GRACE: Duration = Duration::from_secs(1);

/// The whole answer to a connection there is no room for. It does not say more, as nobody has read the request.
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";

/// A bound listener, not yet answering.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    config: Config,
    router: Router,
}

/// How the last connections ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Connections that were open when the server stopped listening and ended by themselves.
    pub drained: usize,
    /// Connections that were cut at the end of `drain_timeout`.
    pub killed: usize,
}

impl Server {
    /// Takes the address of `config`. The router gets the limits of `config`, and shows details if the address is a
    /// loopback one.
    ///
    /// # Errors
    /// [`Error::AddressInUse`] and [`Error::Listen`] name the address and the setting to change;
    /// [`Error::Setting`] names a value that cannot be applied.
    ///
    /// # Cancellation
    /// Nothing is left behind.
    pub async fn bind(config: &Config, router: Router) -> Result<Self, Error> {
        config.check()?;
        let failed = |source| Error::listen(config.listen, source);
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let router =
            router.answering(config.answers).showing_details(address.ip().to_canonical().is_loopback());
        Ok(Self { listener, address, config: config.clone(), router })
    }

    /// Where it listens; tells the port when the system chose it.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` resolves, then drains: not ready at once, answering for `drain_delay` more, then
    /// no new connections, idle ones closed, and `drain_timeout` for the rest.
    ///
    /// # Cancellation
    /// Dropping it stops listening and cuts all connections; the monitor is not set to draining.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Report {
        let Self { listener, address, config, router } = self;
        tracing::debug!(%address, "health server listening");
        let monitor = router.monitor().clone();
        let mut house = House::new(&config, router);
        house.accept(&listener, shutdown).await;
        monitor.drain();
        house.accept(&listener, sleep(config.drain_delay)).await;
        drop(listener);
        let report = house.drain(config.drain_timeout).await;
        tracing::debug!(drained = report.drained, killed = report.killed, "health server stopped");
        report
    }
}

/// All open connections of one server.
struct House {
    attendant: Attendant,
    router: Router,
    crowd: Crowd,
    connections: JoinSet<()>,
    draining: watch::Sender<bool>,
    warned: Option<Instant>,
}

impl House {
    fn new(config: &Config, router: Router) -> Self {
        let (draining, told) = watch::channel(false);
        let attendant = Attendant::new(router.clone(), config.header_timeout, config.header_limit, told);
        let crowd = Crowd::of_at_most(config.max_connections);
        Self { attendant, router, crowd, connections: JoinSet::new(), draining, warned: None }
    }

    async fn accept(&mut self, listener: &TcpListener, until: impl Future<Output = ()>) {
        let mut until = std::pin::pin!(until);
        let mut pause = PAUSES.0;
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut until => return,
                Some(_ended) = self.connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, _peer)) => {
                    pause = PAUSES.0;
                    self.welcome(socket);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    self.warn_of(&error);
                    self.free_a_descriptor();
                    tokio::select! { () = &mut until => return, () = sleep(pause) => {} }
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    /// Once a second at most: who floods the listener shall not flood the log.
    fn warn_of(&mut self, error: &io::Error) {
        if self.warned.is_none_or(|then| then.elapsed() >= PAUSES.1) {
            self.warned = Some(Instant::now());
            tracing::warn!(%error, "cannot accept connections; making room and trying again");
        }
    }

    /// The usual reason is that no file descriptor is left, and a waiting connection holds one.
    fn free_a_descriptor(&self) {
        if self.crowd.make_room() {
            self.router.monitor().http().evicted.inc();
        }
    }

    fn welcome(&mut self, socket: TcpStream) {
        let http = self.router.monitor().http();
        let member = match self.crowd.admit() {
            Admission::Room(member) => member,
            Admission::Evicted(member) => {
                http.evicted.inc();
                member
            }
            Admission::Full => {
                http.rejected.inc();
                return refuse(socket);
            }
        };
        // Answers are single small writes; waiting to fill a packet would only delay them.
        let _unset_is_slower = socket.set_nodelay(true);
        self.connections.spawn(self.attendant.clone().attend(socket, member));
    }

    /// Everyone hears of the drain first: idle connections end at once, busy ones after their answer. Those that
    /// have not sent a request get a grace, and the end of the limit is the end for all.
    async fn drain(mut self, limit: Duration) -> Report {
        while self.connections.try_join_next().is_some() {}
        let open = self.connections.len();
        let end = Instant::now() + limit;
        let _nobody_listens = self.draining.send(true);
        if !self.all_ended(end.min(Instant::now() + GRACE)).await {
            self.crowd.ask_all_to_leave();
            self.all_ended(end).await;
        }
        let killed = self.connections.len();
        self.connections.shutdown().await;
        Report { drained: open - killed, killed }
    }

    async fn all_ended(&mut self, by: Instant) -> bool {
        timeout_at(by, async { while self.connections.join_next().await.is_some() {} }).await.is_ok()
    }
}

/// Errors of a connection that was gone before it was accepted; the next one can be taken at once.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Writes once and lets go: a fresh socket takes a hundred bytes, and one that does not is not worth a wait.
fn refuse(socket: TcpStream) {
    if let Ok(mut socket) = socket.into_std() {
        let _gone_already = socket.write(BUSY);
    }
}
