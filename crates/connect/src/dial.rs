//! The one place where a socket to PostgreSQL is opened.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;

use crate::address::Keepalive;
use crate::driver::Driver;
use crate::wire::{Watched, Wire};
use crate::{Address, Config, Connection, DialStep, Error, Host, HostName, ServerError, SqlClass};

#[cfg(unix)]
type Socket = tokio_util::either::Either<TcpStream, tokio::net::UnixStream>;
#[cfg(not(unix))]
type Socket = TcpStream;

/// Opens a connection: tries the hosts in order, each with its share of the time that is left.
///
/// # Errors
/// [`Error::DialTimeout`] and [`Error::Dial`] name the step, [`Error::Refused`] has what the server said; of several
/// hosts [`Error::NoHost`] has each one's. A refused user or password is final, as in libpq.
///
/// # Cancellation
/// Dropping the future closes the socket; the server ends a session that was about to start.
pub async fn dial(config: &Config) -> Result<Connection, Error> {
    let now = Instant::now();
    let deadline = now.checked_add(config.connect_timeout()).unwrap_or(now + LONGEST);
    let hosts = config.address().hosts();
    let mut failures = Vec::new();
    for (position, host) in hosts.iter().enumerate() {
        match dial_host(config, host, share(deadline, hosts.len() - position)).await {
            Ok(connection) => return Ok(connection),
            Err(error) if hosts.len() == 1 || is_final(&error) => return Err(error),
            Err(error) => failures.push(error),
        }
    }
    Err(Error::NoHost { failures })
}

/// Stands for a deadline that no clock can hold.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// As in libpq, a refused password or user ends the search: the next host would hear the same secret.
fn is_final(error: &Error) -> bool {
    matches!(error, Error::Refused { source, .. } if source.class() == SqlClass::Authorization)
}

/// An equal part of the time until `deadline`, so that a silent host does not use up the time of those behind it.
fn share(deadline: Instant, parts: usize) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    Instant::now() + left / u32::try_from(parts.max(1)).unwrap_or(u32::MAX)
}

/// One host, and how long it has.
struct Attempt<'a> {
    host: &'a Host,
    start: Instant,
    deadline: Instant,
}

impl Attempt<'_> {
    /// Runs one step of connecting within the deadline.
    async fn step<T, E>(&self, step: DialStep, run: impl Future<Output = Result<T, E>>) -> Result<T, Error>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match timeout_at(self.deadline, run).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(source)) => Err(self.failed(step, source.into())),
            Err(_) => Err(Error::DialTimeout { host: self.host.to_string(), step, waited: self.waited() }),
        }
    }

    fn waited(&self) -> Duration {
        self.deadline.saturating_duration_since(self.start)
    }

    fn failed(&self, step: DialStep, source: Box<dyn std::error::Error + Send + Sync>) -> Error {
        let host = self.host.to_string();
        let refused =
            source.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::as_db_error);
        match refused.map(ServerError::new) {
            Some(source) => Error::Refused { host, source },
            None => Error::Dial { host, step, source },
        }
    }
}

async fn dial_host(config: &Config, host: &Host, deadline: Instant) -> Result<Connection, Error> {
    let attempt = Attempt { host, start: Instant::now(), deadline };
    let socket = open_socket(&attempt, config.address().keepalive()).await?;
    let wire = Wire::new();
    let watched = Watched::new(socket, wire.clone());
    let start_up = start_up(config);
    #[expect(clippy::disallowed_methods, reason = "this is the place that bounds every step")]
    let (client, connection) = attempt.step(DialStep::StartUp, start_up.connect_raw(watched, NoTls)).await?;
    let driver = Driver::start(connection, wire.clone());
    Ok(Connection::new(client, wire, driver, host.clone()))
}

/// What the server is told at start-up.
fn start_up(config: &Config) -> tokio_postgres::Config {
    let address: &Address = config.address();
    let mut start_up = tokio_postgres::Config::new();
    start_up
        .user(address.user())
        .dbname(address.database())
        .application_name(config.application_name())
        .ssl_mode(SslMode::Disable);
    if let Some(password) = address.password() {
        start_up.password(password.expose_secret());
    }
    if let Some(options) = address.options() {
        start_up.options(options);
    }
    start_up
}

async fn open_socket(attempt: &Attempt<'_>, keepalive: Keepalive) -> Result<Socket, Error> {
    match attempt.host.name() {
        #[cfg(unix)]
        HostName::Socket(directory) => {
            let path = directory.join(format!(".s.PGSQL.{}", attempt.host.port()));
            let socket = attempt.step(DialStep::Socket, tokio::net::UnixStream::connect(path)).await?;
            Ok(Socket::Right(socket))
        }
        #[cfg(not(unix))]
        HostName::Socket(_) => {
            Err(attempt.failed(DialStep::Socket, "this system has no Unix sockets; name a host".into()))
        }
        HostName::Tcp(name) => {
            let tcp = open_tcp(attempt, name, keepalive).await?;
            #[cfg(unix)]
            let tcp = Socket::Left(tcp);
            Ok(tcp)
        }
    }
}

/// Tries each IP address of the name, each with its share of the time that is left.
async fn open_tcp(attempt: &Attempt<'_>, name: &str, keepalive: Keepalive) -> Result<TcpStream, Error> {
    let port = attempt.host.port();
    let found: Vec<SocketAddr> = match attempt.host.ip() {
        Some(ip) => vec![(ip, port).into()],
        None => attempt.step(DialStep::LookUp, tokio::net::lookup_host((name, port))).await?.collect(),
    };
    let mut last = attempt.failed(DialStep::LookUp, "the name has no IP address".into());
    for (position, ip) in found.iter().enumerate() {
        let deadline = share(attempt.deadline, found.len() - position);
        let attempt = Attempt { host: attempt.host, start: Instant::now(), deadline };
        let open = async {
            let socket = TcpStream::connect(ip).await?;
            tune(&socket, keepalive)?;
            Ok::<_, std::io::Error>(socket)
        };
        match attempt.step(DialStep::Socket, open).await {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Statements are small and answers are waited for, so nothing may be held back to fill a packet.
fn tune(socket: &TcpStream, keepalive: Keepalive) -> std::io::Result<()> {
    let Keepalive { off, idle, interval, count, user_timeout } = keepalive;
    socket.set_nodelay(true)?;
    let socket = socket2::SockRef::from(socket);
    if !off {
        let mut keepalive = socket2::TcpKeepalive::new();
        if let Some(idle) = idle {
            keepalive = keepalive.with_time(idle);
        }
        if let Some(interval) = interval {
            keepalive = keepalive.with_interval(interval);
        }
        #[cfg(unix)]
        if let Some(count) = count {
            keepalive = keepalive.with_retries(count);
        }
        socket.set_keepalive(true)?;
        socket.set_tcp_keepalive(&keepalive)?;
    }
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(user_timeout)?;
    Ok(())
}
