//! The PostgreSQL in use: a named one, or the private one while this process holds it.

use std::fmt;
use std::time::Duration;

use anyhow::Context as _;
use pgkeel_connect::{Address, Config, Host, HostName};
use pgkeel_localpg::{Endpoint, PrivateServer};

use crate::failure::Failure;
use crate::settings::DatabaseChoice;

/// Longer than the private server takes when it has to be forced (17 s).
const DETACH_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) connect: Config,
    private: Option<PrivateServer>,
}

impl Database {
    /// Starts or joins the private server if that is the choice.
    pub(crate) async fn open(choice: DatabaseChoice) -> Result<Self, Failure> {
        match choice {
            DatabaseChoice::Named { connect, .. } => Ok(Self { connect, private: None }),
            DatabaseChoice::Private { options, connect } => {
                tracing::debug!("starting or joining the private PostgreSQL");
                let is_given = options.data_dir.is_some();
                let attach = tokio::task::spawn_blocking(move || PrivateServer::attach(&options));
                let attached = attach.await.context("starting the private PostgreSQL")?;
                let server = attached.map_err(|error| refused(error, is_given))?;
                let connect = connect.with_address(address(server.endpoint())?);
                Ok(Self { connect, private: Some(server) })
            }
        }
    }

    /// Leaves the private server, and waits for its end if nobody else uses it.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        let Some(server) = self.private else { return Ok(()) };
        let detach = tokio::task::spawn_blocking(move || server.detach(DETACH_TIMEOUT));
        detach.await.context("leaving the private PostgreSQL")?.context("leaving the private PostgreSQL")?;
        Ok(())
    }
}

/// What the system refuses in a directory that somebody named is for that somebody to mend.
fn refused(error: pgkeel_localpg::Error, data_dir_is_given: bool) -> Failure {
    match error {
        pgkeel_localpg::Error::Io { .. } if data_dir_is_given => Failure::setting(error),
        other => other.into(),
    }
}

/// As it is spoken of in the log.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.private {
            Some(server) => {
                let (version, data) = (server.version(), server.data_dir().display());
                write!(f, "a private PostgreSQL {version} in {data} (for development only)")
            }
            None => write!(f, "{}", self.connect.address()),
        }
    }
}

fn address(endpoint: &Endpoint) -> anyhow::Result<Address> {
    let name = match &endpoint.host {
        pgkeel_localpg::Host::Socket(directory) => HostName::Socket(directory.clone()),
        pgkeel_localpg::Host::Tcp(ip) => HostName::Tcp(ip.to_string()),
        other => anyhow::bail!("the private PostgreSQL listens in a way that is not known here: {other:?}"),
    };
    let address = Address::new(Host::new(name, endpoint.port), &endpoint.user, &endpoint.database);
    Ok(match &endpoint.password {
        Some(password) => address.with_password(password.clone()),
        None => address,
    })
}
