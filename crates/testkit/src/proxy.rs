use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pgkeel_connect::{Address, Host, HostName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A TCP port in front of a server, through which everything passes until it is told otherwise.
#[derive(Debug)]
pub struct Proxy {
    port: SocketAddr,
    behind: Address,
    network: Arc<Network>,
    accepting: JoinHandle<()>,
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a connection has two ends")]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What happens to bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    /// New connections are reset at once.
    Refusing,
    /// Nothing goes through, nothing is closed.
    BlackHole,
    /// Everything goes through this much later.
    Slow(Duration),
}

#[derive(Debug)]
struct Network {
    weather: watch::Sender<Weather>,
    /// Counts up each time all connections are cut.
    cuts: watch::Sender<u64>,
    /// How many more bytes go through each way before everything is cut; `u64::MAX` for no limit.
    left: [AtomicU64; 2],
    passed: [AtomicU64; 2],
    accepted: AtomicU64,
    /// Whether the client spoke last, and how often it began to.
    client_spoke: AtomicBool,
    flights: AtomicU64,
    /// Of the connections accepted so far, the first so many are dead and nobody knows it.
    stranded: AtomicU64,
}

impl Proxy {
    /// A proxy in front of the first host of this address.
    ///
    /// # Panics
    /// If no port is free on the loopback interface.
    pub async fn before(address: &Address) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let network = Arc::new(Network {
            weather: watch::Sender::new(Weather::Fair),
            cuts: watch::Sender::new(0),
            left: [const { AtomicU64::new(u64::MAX) }; 2],
            passed: [const { AtomicU64::new(0) }; 2],
            accepted: AtomicU64::new(0),
            client_spoke: AtomicBool::new(false),
            flights: AtomicU64::new(0),
            stranded: AtomicU64::new(0),
        });
        let port = listener.local_addr().expect("a bound port");
        let host = address.hosts()[0].clone();
        let accepting = tokio::spawn(accept(listener, host, Arc::clone(&network)));
        Self { port, behind: address.clone(), network, accepting }
    }

    /// The address of the server by way of the proxy.
    #[must_use]
    pub fn address(&self) -> Address {
        let host = Host::new(HostName::Tcp(self.port.ip().to_string()), self.port.port());
        let address = Address::new(host, self.behind.user(), self.behind.database());
        match self.behind.password() {
            Some(password) => address.with_password(password.clone()),
            None => address,
        }
    }

    /// Everything goes through again.
    pub fn pass(&self) {
        self.network.left.iter().for_each(|left| left.store(u64::MAX, Ordering::SeqCst));
        self.network.weather.send_replace(Weather::Fair);
    }

    /// New connections are reset at once; those there are go on.
    pub fn refuse(&self) {
        self.network.weather.send_replace(Weather::Refusing);
    }

    /// Nothing goes through any more, and nothing is closed.
    pub fn black_hole(&self) {
        self.network.weather.send_replace(Weather::BlackHole);
    }

    /// Nothing goes through the connections that are there any more, and nothing is closed; new ones are well. So it is
    /// when a firewall has forgotten them.
    pub fn strand(&self) {
        self.network.stranded.store(self.accepted(), Ordering::SeqCst);
    }

    /// Everything goes through this much later.
    pub fn delay(&self, by: Duration) {
        self.network.weather.send_replace(Weather::Slow(by));
    }

    /// Closes all connections.
    pub fn cut(&self) {
        self.network.cut();
    }

    /// Closes all connections after this many more bytes in this direction.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.network.left[direction as usize].store(bytes, Ordering::SeqCst);
    }

    /// Bytes that went through in this direction so far.
    #[must_use]
    pub fn passed(&self, direction: Direction) -> u64 {
        self.network.passed[direction as usize].load(Ordering::SeqCst)
    }

    /// How often a client has sent something after the server had spoken last, so far. With one connection that does
    /// one thing after the other these are round trips.
    #[must_use]
    pub fn flights(&self) -> u64 {
        self.network.flights.load(Ordering::SeqCst)
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.network.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.network.cut();
    }
}

impl Network {
    fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    fn spoke(&self, direction: Direction) {
        let is_client = direction == Direction::ToServer;
        if !self.client_spoke.swap(is_client, Ordering::SeqCst) && is_client {
            self.flights.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Takes bytes off what may still go through. Fewer than asked for means that the line is cut behind them.
    fn allowance(&self, direction: Direction, bytes: u64) -> u64 {
        let left = &self.left[direction as usize];
        let take = |left: u64| if left == u64::MAX { Some(left) } else { Some(left.saturating_sub(bytes)) };
        let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).unwrap_or(0);
        before.min(bytes)
    }
}

async fn accept(listener: TcpListener, host: Host, network: Arc<Network>) {
    while let Ok((client, _)) = listener.accept().await {
        let number = network.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        if *network.weather.borrow() == Weather::Refusing {
            reset(&client);
            continue;
        }
        let (host, network) = (host.clone(), Arc::clone(&network));
        tokio::spawn(async move {
            let mut cuts = network.cuts.subscribe();
            let line = Line { number, network: &network };
            tokio::select! {
                _ = carry(client, &host, &line) => {}
                _ = cuts.changed() => {}
            }
        });
    }
}

/// One connection through the proxy.
struct Line<'a> {
    /// Counted from 1 in the order of coming.
    number: u64,
    network: &'a Network,
}

impl Line<'_> {
    async fn unless_stranded(&self) {
        if self.number <= self.network.stranded.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

/// Dropped after this, the socket says "reset" instead of good-bye.
fn reset(client: &TcpStream) {
    let _ = socket2::SockRef::from(client).set_linger(Some(Duration::ZERO));
}

async fn carry(client: TcpStream, host: &Host, line: &Line<'_>) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    match host.name() {
        HostName::Tcp(name) => {
            let server = TcpStream::connect((name.as_str(), host.port())).await?;
            server.set_nodelay(true)?;
            both_ways(client, server, line).await
        }
        HostName::Socket(directory) => {
            let path = directory.join(format!(".s.PGSQL.{}", host.port()));
            both_ways(client, UnixStream::connect(path).await?, line).await
        }
    }
}

async fn both_ways(
    client: TcpStream,
    server: impl AsyncRead + AsyncWrite,
    line: &Line<'_>,
) -> std::io::Result<()> {
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    tokio::try_join!(
        one_way(from_client, to_server, Direction::ToServer, line),
        one_way(from_server, to_client, Direction::ToClient, line),
    )?;
    Ok(())
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    direction: Direction,
    line: &Line<'_>,
) -> std::io::Result<()> {
    let network = line.network;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        network.spoke(direction);
        weather_permitting(&network.weather).await;
        line.unless_stranded().await;
        let allowed = network.allowance(direction, read as u64);
        let bytes = &buffer[..usize::try_from(allowed).expect("no more than was read")];
        to.write_all(bytes).await?;
        network.passed[direction as usize].fetch_add(allowed, Ordering::SeqCst);
        if bytes.len() < read {
            to.flush().await?;
            network.cut();
        }
    }
}

async fn weather_permitting(weather: &watch::Sender<Weather>) {
    let mut weather = weather.subscribe();
    let seen = *weather.borrow_and_update();
    if let Weather::Slow(by) = seen {
        tokio::time::sleep(by).await;
    }
    let _ = weather.wait_for(|weather| *weather != Weather::BlackHole).await;
}
