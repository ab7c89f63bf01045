//! `requirepeer`: whose server is behind a socket.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;

use pgkeel_connect::{Address, Config, Connection, DialStep, Error, Executor as _, HostName, dial};
use pgkeel_testkit::{PATIENCE, Proxy, TestDatabase};
use tokio::net::UnixListener;

/// The path of the database's socket and the name of the user that its server runs as.
fn socket(database: &TestDatabase) -> (PathBuf, String) {
    let host = &database.address().hosts()[0];
    let HostName::Socket(directory) = host.name() else { panic!("test databases have a socket") };
    let socket = directory.join(format!(".s.PGSQL.{}", host.port()));
    let uid = std::fs::metadata(&socket).expect("the socket is there").uid();
    let name = Command::new("id").args(["-un", &uid.to_string()]).output().expect("id runs");
    (socket, String::from_utf8(name.stdout).expect("a name").trim().to_owned())
}

fn address(directory: &str, port: u16, owner: &str) -> Address {
    let text = format!("host={directory} port={port} user=postgres dbname=postgres requirepeer={owner}");
    text.parse().expect("an address")
}

async fn open(address: Address) -> Result<Connection, Error> {
    dial(&Config::new(address)).await
}

#[tokio::test]
async fn the_servers_own_user_is_let_through_and_so_is_the_cancel() {
    let database = TestDatabase::empty().await;
    let (socket, owner) = socket(&database);
    let (directory, port) =
        (socket.parent().unwrap().to_str().unwrap(), database.address().hosts()[0].port());
    let connection = open(address(directory, port, &owner)).await.unwrap();
    assert_eq!(connection.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    connection.canceller().cancel(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn somebody_elses_server_is_told_nothing_and_ends_the_search() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).unwrap();
    let heard = tokio::spawn(async move {
        let (mut impostor, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut impostor, &mut heard).await.unwrap();
        heard
    });
    let (real, _) = socket(&database);
    // `daemon` is on every Unix, and runs no test.
    let hosts = format!("{},{}", directory.path().display(), real.parent().unwrap().display());
    let error = open(address(&hosts, 5432, "daemon")).await.unwrap_err();
    let Error::Dial { step: DialStep::Peer, source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("requirepeer=daemon"), "{source}");
    assert!(!error.is_safe_to_retry());
    assert_eq!(heard.await.unwrap(), Vec::<u8>::new());
}

#[tokio::test]
async fn over_tcp_nobody_is_asked_for() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let port = proxy.address().hosts()[0].port();
    open(address("127.0.0.1", port, "pgkeel-no-such-user")).await.unwrap();
}
