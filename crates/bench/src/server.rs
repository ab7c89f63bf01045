//! The server that all peers talk to: a throw-away cluster on loopback, with the tables of all jobs.

use std::fmt;
use std::str::FromStr;

use anyhow::Context as _;
use pgkeel_localpg::{Auth, ScratchCluster, ScratchOptions};
use pgkeel_pool::Executor as _;
use pgkeel_pool::connect::{Address, Config, dial};
use secrecy::SecretString;

use crate::{account, contact};

/// For a cluster that is gone with this process.
const PASSWORD: &str = "bench";

/// Beside what a scratch cluster has, which is `fsync=off` among others: COMMIT waits until the log is handed to the
/// kernel, and for no disk. Room for a connection each of 64 tasks, twice, and three pools.
const SETTINGS: [(&str, &str); 4] = [
    ("shared_buffers", "256MB"),
    ("max_connections", "200"),
    ("synchronous_commit", "on"),
    ("autovacuum", "off"),
];

/// A running cluster with the tables in it.
#[derive(Debug)]
pub(crate) struct Server {
    cluster: ScratchCluster,
    database: Database,
}

impl Server {
    pub(crate) fn start() -> anyhow::Result<Self> {
        Self::start_as(ScratchOptions::default())
    }

    /// As `start`, where its data are on a disk and not in memory.
    pub(crate) fn start_on_disk() -> anyhow::Result<Self> {
        Self::start_as(ScratchOptions::default().on_disk())
    }

    fn start_as(wishes: ScratchOptions) -> anyhow::Result<Self> {
        let wishes = wishes.tcp().auth(Auth::Scram(SecretString::from(PASSWORD)));
        let wishes = SETTINGS.into_iter().fold(wishes, |wishes, (name, value)| wishes.setting(name, value));
        let cluster = ScratchCluster::start(&wishes).context("starting PostgreSQL")?;
        let endpoint = cluster.tcp_endpoint().context("the cluster has no address")?;
        let (user, port, name) = (endpoint.user, endpoint.port, endpoint.database);
        let database = Database { place: format!("{user}:{PASSWORD}@127.0.0.1:{port}/{name}") };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(load(&database)).context("making the tables")?;
        Ok(Self { cluster, database })
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn version(&self) -> String {
        self.cluster.version().to_string()
    }

    /// The process id of the postmaster.
    pub(crate) fn pid(&self) -> u32 {
        self.cluster.pid()
    }

    pub(crate) fn settings() -> String {
        let shown = SETTINGS.map(|(name, value)| format!("{name}={value}"));
        format!("fsync=off {}", shown.join(" "))
    }
}

async fn load(database: &Database) -> anyhow::Result<()> {
    let address: Address = database.url("postgres").parse()?;
    let connection = dial(&Config::new(address)).await?;
    for sql in account::TABLES.iter().chain(&contact::TABLES) {
        connection.batch_execute(sql).await?;
    }
    connection.close().await;
    Ok(())
}

/// Where the tables are. Nobody encrypts: TLS is not what is compared.
#[derive(Clone)]
pub(crate) struct Database {
    place: String,
}

impl Database {
    /// Another one on the same server.
    pub(crate) fn named(&self, name: &str) -> Self {
        let server = self.place.rsplit_once('/').map_or(&*self.place, |(server, _)| server);
        Self { place: format!("{server}/{name}") }
    }

    /// As libpq writes it, under this scheme.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}?sslmode=disable", self.place)
    }

    /// Without anything about encryption, which has another name everywhere.
    pub(crate) fn plain_url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.place)
    }
}

impl FromStr for Database {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> anyhow::Result<Self> {
        let place = url.strip_prefix("postgres://").context("is no postgres:// URL")?;
        Ok(Self { place: place.split('?').next().unwrap_or(place).to_owned() })
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.rsplit('@').next().unwrap_or_default();
        f.debug_struct("Database").field("place", &place).finish_non_exhaustive()
    }
}
