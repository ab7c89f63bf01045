use std::path::PathBuf;

use pgkeel_connect::{Address, Config, Connection};
use pgkeel_localpg::{Error, ScratchCluster, ScratchOptions, StopMode};

use crate::{environment, server};

/// A server of one's own, which a test may stop, freeze and start again. Gone with this value.
#[derive(Debug)]
pub struct TestCluster {
    /// Taken out while a blocking call works on it.
    cluster: Option<ScratchCluster>,
    address: Address,
}

impl TestCluster {
    /// Starts one.
    ///
    /// # Panics
    /// If there is no PostgreSQL on the machine, saying how to install one.
    pub async fn start() -> Self {
        Self::start_with(|options| options).await
    }

    /// Starts one with other settings.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_with(change: impl FnOnce(ScratchOptions) -> ScratchOptions) -> Self {
        let options = change(ScratchOptions::new(environment::server_options()));
        let started = tokio::task::spawn_blocking(move || ScratchCluster::start(&options)).await;
        let cluster = started.expect("starting does not panic").expect("a PostgreSQL for tests starts");
        let endpoint = cluster.tcp_endpoint().unwrap_or_else(|| cluster.endpoint());
        Self { cluster: Some(cluster), address: server::address(&endpoint) }
    }

    /// Where it is, the same after every start.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How to connect to it.
    #[must_use]
    pub fn config(&self) -> Config {
        Config::new(self.address.clone())
    }

    /// A connection of its own to it.
    pub async fn connection(&self) -> Connection {
        server::admin(&self.address).await
    }

    /// Its data directory, which belongs to the user that the server runs as.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.there().data_dir()
    }

    /// All that its server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        let beside = self.data_dir().with_file_name("log");
        std::fs::read_to_string(&beside).expect("the log can be read")
    }

    /// Writes a server setting, which counts from the next start on.
    pub async fn set(&mut self, name: &str, value: &str) {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.with(|cluster| cluster.set(name, value)).await;
    }

    /// Stops the server: sessions are ended with `57P01`.
    pub async fn stop(&mut self) {
        self.with(|cluster| cluster.stop(StopMode::Fast)).await;
    }

    /// Stops the server as a crash would.
    pub async fn crash(&mut self) {
        self.with(|cluster| cluster.stop(StopMode::Immediate)).await;
    }

    /// Starts the server again on the same data.
    pub async fn start_again(&mut self) {
        self.with(ScratchCluster::start_again).await;
    }

    /// Stops every process of the server where it is: connecting hangs, sessions are silent.
    pub async fn freeze(&mut self) {
        self.with(ScratchCluster::freeze).await;
    }

    /// Lets the processes go on.
    pub async fn thaw(&mut self) {
        self.with(|cluster| {
            cluster.thaw();
            Ok(())
        })
        .await;
    }

    fn there(&self) -> &ScratchCluster {
        self.cluster.as_ref().expect("one call at a time")
    }

    async fn with(&mut self, act: impl FnOnce(&mut ScratchCluster) -> Result<(), Error> + Send + 'static) {
        let mut cluster = self.cluster.take().expect("one call at a time");
        let acted = tokio::task::spawn_blocking(move || {
            let done = act(&mut cluster);
            (cluster, done)
        });
        let (cluster, done) = acted.await.expect("acting on a cluster does not panic");
        self.cluster = Some(cluster);
        done.expect("the cluster does as it is told");
    }
}
