//! The one place where a connection to PostgreSQL is opened.

mod attempt;
mod order;
#[cfg(unix)]
mod peer;
mod role;
mod socket;
mod ways;

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::config::{ChannelBinding as DriverBinding, SslMode, SslNegotiation};

pub(crate) use self::attempt::{Attempt, deadline};
pub(crate) use self::socket::{Place, reopen};
use crate::address::Keepalive;
use crate::credentials::{self, Occasion};
use crate::driver::Driver;
use crate::tls::{self, CannotBind, ChannelBinding, MaybeTls, TlsInfo, TlsSettings, Way};
use crate::wire::{Watched, Wire};
use crate::{Address, Config, Connection, DialStep, Error, Host, SqlClass, TargetSession};

/// Opens a connection: tries the hosts in order, each with its share of the time that is left, until one is of the kind
/// that the address asks for.
///
/// # Errors
/// [`Error::DialTimeout`] and [`Error::Dial`] name the step, [`Error::Refused`] has what the server said,
/// [`Error::WrongServer`] what kind of server it is; of several hosts [`Error::NoHost`] has each one's. A refused user or
/// password is final, as in libpq.
///
/// # Cancellation
/// Dropping the future closes the socket; the server ends a session that was about to start.
pub async fn dial(config: &Config) -> Result<Connection, Error> {
    let (address, deadline) = (config.address(), deadline(config.connect_timeout()));
    let hosts = order::order(address);
    let (mut failures, mut spare) = (Vec::new(), None::<Connection>);
    for (position, host) in hosts.iter().enumerate() {
        let attempt = Attempt::until(host, attempt::share(deadline, hosts.len() - position));
        match dial_host(config, &attempt).await {
            Ok(connection) => match role::check(&connection, &attempt, address.target()).await {
                Ok(()) => return Ok(connection),
                Err(error) => {
                    // libpq goes through the hosts a second time; the first that it would take then is at hand already.
                    if address.target() == TargetSession::PreferStandby
                        && matches!(error, Error::WrongServer { .. })
                    {
                        spare.get_or_insert(connection);
                    }
                    failures.push(error);
                }
            },
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => failures.push(error),
        }
    }
    match spare {
        Some(connection) if !connection.is_closed() => Ok(connection),
        _ if failures.len() == 1 => Err(failures.remove(0)),
        _ => Err(Error::NoHost { failures }),
    }
}

/// As in libpq, a refused password or user ends the search: the next host would hear the same secret. So does somebody
/// else's server.
fn is_final(error: &Error) -> bool {
    match error {
        Error::Refused { source, .. } => {
            source.class() == SqlClass::Authorization || error.is_refused_password()
        }
        Error::Dial { step, .. } => *step == DialStep::Peer,
        _ => false,
    }
}

/// Asks once more for a password that a server refused, as one that changes may just have been changed.
async fn dial_host(config: &Config, attempt: &Attempt<'_>) -> Result<Connection, Error> {
    let password = credentials::password(config, attempt, Occasion::First).await?;
    let refused = match ways::one_after_another(config, attempt, password.as_ref()).await {
        Err(error) if config.credentials().is_some() && error.is_refused_password() => error,
        other => return other,
    };
    let newer = credentials::password(config, attempt, Occasion::Refused).await?;
    let text =
        |password: &Option<SecretString>| password.as_ref().map(|text| text.expose_secret().to_owned());
    if text(&newer) == text(&password) {
        return Err(refused);
    }
    ways::one_after_another(config, attempt, newer.as_ref()).await
}

/// Tries one way.
async fn enter_by(
    way: Way,
    config: &Config,
    attempt: &Attempt<'_>,
    password: Option<&SecretString>,
) -> Result<Connection, ways::Failure> {
    let address = config.address();
    let (socket, place) = socket::open(attempt, address).await?;
    let secure = tls::secure(socket, address.tls(), attempt.host.name(), way);
    let stream = attempt.step(DialStep::Tls, secure).await?;
    let (handed, info) = (stream.handed(), stream.info());
    let encrypted = info.is_some();
    if address.tls().channel_binding() == ChannelBinding::Require && !handed.can_bind() {
        let why = if encrypted { CannotBind::NoHash } else { CannotBind::InTheClear };
        return Err(ways::Failure { encrypted, error: attempt.failed(DialStep::Tls, why.into()) });
    }
    let wire = Wire::new(address.require_auth());
    let watched = Watched::new(stream, wire.clone());
    let start_up = start_up(config, password, encrypted);
    #[expect(clippy::disallowed_methods, reason = "this is the place that bounds every step")]
    let entered = attempt.step(DialStep::StartUp, start_up.connect_raw(watched, handed.clone())).await;
    let entered = entered.map_err(|error| match wire.refused_auth() {
        Some(refusal) => attempt.failed(DialStep::StartUp, refusal.into()),
        None => tls::late(error),
    });
    let (client, connection) = entered.map_err(|error| ways::Failure { encrypted, error })?;
    let driver = Driver::start(connection, wire.clone());
    let tls = info.map(|info| (address.tls().clone(), info.with_binding(&handed)));
    let route = Route { host: attempt.host.clone(), place, keepalive: address.keepalive(), tls };
    Ok(Connection::new(client, wire, driver, route))
}

/// The way that a connection took, for another one that has to come out at the same server.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) host: Host,
    pub(crate) place: Place,
    pub(crate) keepalive: Keepalive,
    /// If the connection is encrypted, how, and what came of it. Another one has to be encrypted as well.
    pub(crate) tls: Option<(TlsSettings, TlsInfo)>,
}

impl Route {
    /// Secures a socket to the same place in the same way.
    pub(crate) async fn secure(
        &self,
        attempt: &Attempt<'_>,
        socket: socket::Socket,
    ) -> Result<MaybeTls<socket::Socket>, Error> {
        match &self.tls {
            Some((settings, _)) => {
                attempt.step(DialStep::Tls, tls::secure(socket, settings, self.host.name(), Way::Tls)).await
            }
            None => Ok(MaybeTls::Clear(socket)),
        }
    }
}

/// What the server is told at start-up.
fn start_up(config: &Config, password: Option<&SecretString>, encrypted: bool) -> tokio_postgres::Config {
    let address: &Address = config.address();
    let mut start_up = tokio_postgres::Config::new();
    start_up
        .user(address.user())
        .dbname(address.database())
        .application_name(config.application_name())
        // The stream is encrypted already; the driver only takes over what comes with it.
        .ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable })
        .ssl_negotiation(SslNegotiation::Direct)
        .channel_binding(match address.tls().channel_binding() {
            ChannelBinding::Disable => DriverBinding::Disable,
            ChannelBinding::Prefer => DriverBinding::Prefer,
            ChannelBinding::Require => DriverBinding::Require,
        });
    if let Some(password) = password {
        start_up.password(password.expose_secret());
    }
    if let Some(options) = address.options() {
        start_up.options(options);
    }
    start_up
}
