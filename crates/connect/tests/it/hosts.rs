//! Which of several servers is taken.

use std::collections::BTreeSet;
use std::time::Duration;

use pgkeel_connect::{Address, Config, Connection, Error, Executor as _, HostName, TargetSession, dial};
use pgkeel_testkit::{Proxy, TestCluster, TestDatabase, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

const TARGETS: [TargetSession; 6] = [
    TargetSession::Any,
    TargetSession::ReadWrite,
    TargetSession::ReadOnly,
    TargetSession::Primary,
    TargetSession::Standby,
    TargetSession::PreferStandby,
];

/// A server that replays its own log and waits for more, as a standby does whose primary is away.
async fn standby() -> TestCluster {
    let mut cluster = TestCluster::start().await;
    let data: String =
        cluster.connection().await.query_scalar("show data_directory", &[]).await.expect("a row");
    cluster.stop().await;
    std::fs::write(std::path::Path::new(&data).join("standby.signal"), "").expect("a file of the test");
    cluster.start_again().await;
    cluster
}

fn port(proxy: &Proxy) -> u16 {
    proxy.address().hosts()[0].port()
}

/// The same user and database at these ports of this machine.
fn at(ports: &[u16], like: &Address, keywords: &str) -> Address {
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let text = format!("postgresql://{}@{}/postgres?{keywords}", like.user(), hosts.join(","));
    text.parse().expect("an address")
}

async fn open(address: Address) -> Result<Connection, Error> {
    dial(&Config::new(address).with_connect_timeout(Duration::from_mins(1))).await
}

#[tokio::test]
async fn every_target_takes_the_first_server_of_its_kind() {
    let (database, standby) = (TestDatabase::empty().await, standby().await);
    let (primary, replica) =
        (Proxy::before(database.address()).await, Proxy::before(standby.address()).await);
    let (p, s) = (port(&primary), port(&replica));
    // Expected with: both, the primary first; both, the standby first; the primary alone; the standby alone.
    let expected = [
        (TargetSession::Any, [Some(p), Some(s), Some(p), Some(s)]),
        (TargetSession::ReadWrite, [Some(p), Some(p), Some(p), None]),
        (TargetSession::ReadOnly, [Some(s), Some(s), None, Some(s)]),
        (TargetSession::Primary, [Some(p), Some(p), Some(p), None]),
        (TargetSession::Standby, [Some(s), Some(s), None, Some(s)]),
        (TargetSession::PreferStandby, [Some(s), Some(s), Some(p), Some(s)]),
    ];
    for (target, expected) in expected {
        for (ports, expected) in [vec![p, s], vec![s, p], vec![p], vec![s]].iter().zip(expected) {
            let address = at(ports, database.address(), &format!("target_session_attrs={target}"));
            assert_eq!(address.target(), target);
            match (open(address).await, expected) {
                (Ok(connection), Some(port)) => {
                    assert_eq!(connection.host().port(), port, "{target} {ports:?}");
                }
                (Err(Error::WrongServer { wanted, .. }), None) => assert_eq!(wanted, target),
                (other, _) => panic!("{target} {ports:?}: {other:?}"),
            }
        }
    }
    let error = open(at(&[s, s], database.address(), "target_session_attrs=primary")).await.unwrap_err();
    let text = error.to_string();
    assert_eq!(text.matches(&format!("127.0.0.1:{s} is a standby")).count(), 2, "{text}");
    assert!(error.is_safe_to_retry());
}

#[tokio::test]
async fn sessions_that_are_read_only_by_default_are_neither_for_writing_nor_a_standby() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let read_only = "options=-c%20default_transaction_read_only%3Don";
    for target in TARGETS {
        let keywords = format!("{read_only}&target_session_attrs={target}");
        let opened = open(at(&[port(&proxy)], database.address(), &keywords)).await;
        let fits = !matches!(target, TargetSession::ReadWrite | TargetSession::Standby);
        assert_eq!(opened.is_ok(), fits, "{target}: {opened:?}");
    }
}

/// A port in front of the server that garbles what servers before PostgreSQL 14 do not report.
async fn as_if_older(behind: &Address) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound port").port();
    let (name, server) = (behind.hosts()[0].name().clone(), behind.hosts()[0].port());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            match &name {
                HostName::Socket(directory) => {
                    let path = directory.join(format!(".s.PGSQL.{server}"));
                    tokio::spawn(garble(
                        client,
                        UnixStream::connect(path).await.expect("the server is there"),
                    ));
                }
                HostName::Tcp(name) => {
                    let server =
                        TcpStream::connect((name.as_str(), server)).await.expect("the server is there");
                    tokio::spawn(garble(client, server));
                }
            }
        }
    });
    port
}

async fn garble(client: TcpStream, server: impl tokio::io::AsyncRead + tokio::io::AsyncWrite) {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let forth = tokio::io::copy(&mut from_client, &mut to_server);
    let back = async {
        // What comes at start-up is small enough to come in one piece.
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return to_client.shutdown().await;
            }
            for name in [b"in_hot_standby\0".as_slice(), b"default_transaction_read_only\0"] {
                let found = buffer[..read].windows(name.len()).position(|window| window == name);
                if let Some(at) = found {
                    buffer[at] = b'X';
                }
            }
            to_client.write_all(&buffer[..read]).await?;
        }
    };
    let _ = tokio::join!(forth, back);
}

#[tokio::test]
async fn servers_that_do_not_say_what_they_are_are_asked() {
    let (database, standby) = (TestDatabase::empty().await, standby().await);
    let (p, s) = (as_if_older(database.address()).await, as_if_older(standby.address()).await);
    let unsaid = open(at(&[p], database.address(), "")).await.unwrap();
    assert_eq!(unsaid.parameter("in_hot_standby"), None);
    let expected = [
        (TargetSession::ReadWrite, p),
        (TargetSession::ReadOnly, s),
        (TargetSession::Primary, p),
        (TargetSession::Standby, s),
        (TargetSession::PreferStandby, s),
    ];
    for (target, expected) in expected {
        for ports in [[p, s], [s, p]] {
            let address = at(&ports, database.address(), &format!("target_session_attrs={target}"));
            assert_eq!(open(address).await.unwrap().host().port(), expected, "{target} {ports:?}");
        }
    }
}

#[tokio::test]
async fn a_promotion_is_noticed_on_a_session_that_is_open() {
    let standby = standby().await;
    let (watching, acting) = (standby.connection().await, standby.connection().await);
    assert_eq!(watching.parameter("in_hot_standby").as_deref(), Some("on"));
    assert!(watching.parameter("server_version").is_some());
    assert_eq!(watching.parameter("is_superuser").as_deref(), Some("on"));
    assert_eq!(watching.parameter("TimeZone"), None);
    let promoted: bool = acting.query_scalar("select pg_promote()", &[]).await.unwrap();
    assert!(promoted);
    // A session hears of it with the next answer that it gets.
    eventually("the server reports its new part", async || {
        watching.settle().await.unwrap();
        (watching.parameter("in_hot_standby").as_deref() == Some("off")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn load_is_spread_over_hosts_only_on_request() {
    let database = TestDatabase::empty().await;
    let (one, two) = (Proxy::before(database.address()).await, Proxy::before(database.address()).await);
    let ports = [port(&one), port(&two)];
    let mut taken = BTreeSet::new();
    for _ in 0..40 {
        let connection = open(at(&ports, database.address(), "load_balance_hosts=random")).await.unwrap();
        taken.insert(connection.host().port());
    }
    assert_eq!(taken, BTreeSet::from(ports));
    let before = two.accepted();
    for _ in 0..5 {
        open(at(&ports, database.address(), "load_balance_hosts=disable")).await.unwrap();
    }
    assert_eq!(two.accepted(), before);
}
