//! The server that the databases of this test process live on.

use pgkeel_connect::{Address, Config, Connection, Executor as _, Host, HostName, dial};
use pgkeel_localpg::{Endpoint, PrivateServer, ScratchCluster, ScratchOptions};
use tokio::sync::OnceCell;

use crate::environment;

/// Started by the first test that needs it; its watchdog ends it with the process, since statics are never dropped.
static SERVER: OnceCell<Server> = OnceCell::const_new();

pub(crate) struct Server {
    pub(crate) address: Address,
    _running: Running,
}

enum Running {
    Scratch { _cluster: ScratchCluster },
    Kept { _server: PrivateServer },
}

/// The server of this process.
pub(crate) async fn server() -> &'static Server {
    let start = || async {
        let started = tokio::task::spawn_blocking(Server::start).await;
        started.expect("starting a server does not panic")
    };
    SERVER.get_or_init(start).await
}

impl Server {
    fn start() -> Self {
        if environment::keeps_databases() {
            let mut options = environment::server_options();
            let kept = std::env::temp_dir().join("pgkeel-kept");
            eprintln!("PGKEEL_TEST_KEEP: databases stay in {}", kept.display());
            options.data_dir = Some(kept);
            let server = PrivateServer::attach(&options).expect("a private PostgreSQL starts");
            return Self { address: address(server.endpoint()), _running: Running::Kept { _server: server } };
        }
        let options = ScratchOptions::new(environment::server_options());
        let cluster = ScratchCluster::start(&options).expect("a PostgreSQL for tests starts");
        Self { address: address(&cluster.endpoint()), _running: Running::Scratch { _cluster: cluster } }
    }

    /// A connection as the superuser, to the database `postgres`.
    pub(crate) async fn admin(&self) -> Connection {
        admin(&self.address).await
    }
}

pub(crate) async fn admin(address: &Address) -> Connection {
    dial(&Config::new(address.clone())).await.expect("the test server accepts connections")
}

/// Runs a statement that no test expects to fail.
pub(crate) async fn run(connection: &Connection, sql: &str) {
    connection.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

pub(crate) fn address(endpoint: &Endpoint) -> Address {
    let name = match &endpoint.host {
        pgkeel_localpg::Host::Socket(directory) => HostName::Socket(directory.clone()),
        pgkeel_localpg::Host::Tcp(ip) => HostName::Tcp(ip.to_string()),
        other => panic!("testkit does not know {other:?} yet"),
    };
    let address = Address::new(Host::new(name, endpoint.port), &endpoint.user, &endpoint.database);
    match &endpoint.password {
        Some(password) => address.with_password(password.clone()),
        None => address,
    }
}
