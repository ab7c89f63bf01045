//! A PostgreSQL with TLS.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use pgkeel_connect::settings::Problems;
use pgkeel_connect::{Config, Connection, Error, dial};
use pgkeel_testkit::{Auth, TestCluster};

use super::authority::{Authority, Pair, set_mode};

/// What a server is told of TLS.
#[derive(Default)]
pub(super) struct Told<'a> {
    /// Its certificate; without one it has no TLS.
    pub(super) pair: Option<&'a Pair>,
    /// Whose client certificates it takes.
    pub(super) clients: Option<&'a Authority>,
    /// Lines of `pg_hba.conf`, before those that let everybody in.
    pub(super) hba: &'a [&'a str],
    pub(super) settings: &'a [(&'a str, &'a str)],
    pub(super) auth: Auth,
}

/// A server that listens on 127.0.0.1.
pub(super) async fn server(told: Told<'_>) -> TestCluster {
    let Told { pair, clients, hba, settings, auth } = told;
    let mut cluster = TestCluster::start_with(|options| {
        let options = hba.iter().fold(options.tcp().auth(auth), |options, line| options.hba_line(*line));
        settings.iter().fold(options, |options, (name, value)| options.setting(*name, *value))
    })
    .await;
    if let Some(pair) = pair {
        put(&cluster, "tls.crt", &pair.certificate);
        put(&cluster, "tls.key", &pair.key);
        cluster.set("ssl", "on").await;
        cluster.set("ssl_cert_file", "tls.crt").await;
        cluster.set("ssl_key_file", "tls.key").await;
        if let Some(clients) = clients {
            put(&cluster, "clients.crt", &clients.pem());
            cluster.set("ssl_ca_file", "clients.crt").await;
        }
        cluster.stop().await;
        cluster.start_again().await;
    }
    cluster
}

/// Writes a file for the server's user alone.
fn put(cluster: &TestCluster, name: &str, text: &str) {
    let directory = cluster.data_dir();
    let owner = std::fs::metadata(&directory).expect("a file of the test");
    let path = directory.join(name);
    std::fs::write(&path, text).expect("a file of the test");
    set_mode(&path, 0o600);
    std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid())).expect("a file of the test");
}

/// The address of a port of this machine, by the name `localhost`.
pub(super) fn at(port: u16, keywords: &str) -> Result<Config, Problems> {
    let base = "host=localhost hostaddr=127.0.0.1 user=postgres dbname=postgres";
    Ok(Config::new(format!("{base} port={port} {keywords}").parse()?))
}

pub(super) fn port(cluster: &TestCluster) -> u16 {
    cluster.address().hosts()[0].port()
}

pub(super) async fn enter(cluster: &TestCluster, keywords: &str) -> Result<Connection, Error> {
    dial(&at(port(cluster), keywords).expect("these keywords are right")).await
}

pub(super) fn root(path: &Path) -> String {
    format!("sslrootcert={}", path.display())
}
