//! Opening sockets, the only place where one is opened.

use std::net::SocketAddr;
#[cfg(unix)]
use std::path::PathBuf;

use tokio::net::TcpStream;

use super::attempt::{Attempt, share};
use super::order::order_ips;
#[cfg(unix)]
use super::peer;
use crate::address::Keepalive;
use crate::{Address, DialStep, Error, HostName};

#[cfg(unix)]
pub(crate) type Socket = tokio_util::either::Either<TcpStream, tokio::net::UnixStream>;
#[cfg(not(unix))]
pub(crate) type Socket = TcpStream;

/// Where a socket was opened, so precisely that another one comes out at the same server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix {
        path: PathBuf,
        /// Which user the server has to be.
        owner: Option<String>,
    },
}

/// Opens a socket to the host of this attempt.
pub(crate) async fn open(attempt: &Attempt<'_>, address: &Address) -> Result<(Socket, Place), Error> {
    match attempt.host.name() {
        #[cfg(unix)]
        HostName::Socket(directory) => {
            let path = directory.join(format!(".s.PGSQL.{}", attempt.host.port()));
            let place = Place::Unix { path, owner: address.require_peer().map(str::to_owned) };
            Ok((reopen(attempt, &place, address.keepalive()).await?, place))
        }
        #[cfg(not(unix))]
        HostName::Socket(_) => {
            Err(attempt.failed(DialStep::Socket, "this system has no Unix sockets; name a host".into()))
        }
        HostName::Tcp(name) => open_tcp(attempt, name, address).await,
    }
}

/// Tries each IP address of the name, each with its share of the time that is left.
async fn open_tcp(attempt: &Attempt<'_>, name: &str, address: &Address) -> Result<(Socket, Place), Error> {
    let port = attempt.host.port();
    let found: Vec<SocketAddr> = match attempt.host.ip() {
        Some(ip) => vec![(ip, port).into()],
        None => attempt.step(DialStep::LookUp, tokio::net::lookup_host((name, port))).await?.collect(),
    };
    let found = order_ips(found, address);
    let mut last = attempt.failed(DialStep::LookUp, "the name has no IP address".into());
    for (position, ip) in found.iter().enumerate() {
        let attempt = Attempt::until(attempt.host, share(attempt.deadline, found.len() - position));
        let place = Place::Tcp(*ip);
        match reopen(&attempt, &place, address.keepalive()).await {
            Ok(socket) => return Ok((socket, place)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Opens a socket to a place that was found before.
pub(crate) async fn reopen(
    attempt: &Attempt<'_>,
    place: &Place,
    keepalive: Keepalive,
) -> Result<Socket, Error> {
    let open = async {
        match place {
            Place::Tcp(ip) => {
                let socket = TcpStream::connect(ip).await?;
                tune(&socket, keepalive)?;
                #[cfg(unix)]
                let socket = Socket::Left(socket);
                Ok::<_, std::io::Error>(socket)
            }
            #[cfg(unix)]
            Place::Unix { path, .. } => Ok(Socket::Right(tokio::net::UnixStream::connect(path).await?)),
        }
    };
    let socket = attempt.step(DialStep::Socket, open).await?;
    #[cfg(unix)]
    if let (Socket::Right(socket), Place::Unix { owner: Some(owner), .. }) = (&socket, place) {
        attempt.step(DialStep::Peer, peer::check(socket, owner)).await?;
    }
    Ok(socket)
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
