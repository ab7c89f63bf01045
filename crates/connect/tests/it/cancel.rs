//! Cancelling hits what it is meant for, and nothing that comes later.

use std::time::{Duration, Instant};

use pgkeel_connect::{
    Address, Canceller, Config, Connection, DialStep, Error, Executor as _, HostName, dial,
};
use pgkeel_testkit::{PATIENCE, Proxy, TestDatabase, eventually, scaled};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::oneshot;
use tokio_postgres::error::SqlState;

/// Waits until the session of this connection is at work.
async fn at_work(observer: &Connection, pid: i32) {
    eventually("the statement is running", async || {
        let sql = "select exists(select from pg_stat_activity where pid = $1 and state = 'active')";
        let active: bool = observer.query_scalar(sql, &[&pid]).await.expect("a row");
        active.then_some(())
    })
    .await;
}

fn step(error: &Error) -> Option<DialStep> {
    match error {
        Error::NotCancelled { source } => step(source),
        Error::Dial { step, .. } | Error::DialTimeout { step, .. } => Some(*step),
        _ => None,
    }
}

#[tokio::test]
async fn a_long_statement_is_cancelled_by_a_handle_of_its_own() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let connection = dial(&Config::new(proxy.address())).await.unwrap();
    let pid: i32 = connection.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
    assert_eq!(connection.backend_pid(), Some(pid));
    let canceller = connection.canceller();
    let observer = database.connection().await;
    let sleeping = tokio::spawn(async move {
        let error = connection.batch_execute("select pg_sleep(600)").await.unwrap_err();
        (connection, error)
    });
    at_work(&observer, pid).await;
    tokio::spawn(async move { canceller.cancel(PATIENCE).await }).await.unwrap().unwrap();
    let (connection, error) = sleeping.await.unwrap();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
    assert_eq!(proxy.accepted(), 2, "the cancel takes the way of the session");
    connection.settle().await.unwrap();
    assert_eq!(connection.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_cancel_that_comes_late_does_not_hit_the_next_statement() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let canceller = connection.canceller();
    for round in 0..scaled(50, 500) {
        connection.execute("select 1", &[]).await.unwrap();
        canceller.cancel(PATIENCE).await.unwrap();
        connection.settle().await.unwrap();
        let counted =
            connection.query_scalar::<i64>("select count(*) from generate_series(1, 20000)", &[]).await;
        assert_eq!(counted.unwrap_or_else(|error| panic!("round {round}: {error:?}")), 20000);
    }
}

#[tokio::test]
async fn a_server_that_never_closes_is_given_up_at_the_deadline() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let connection = dial(&Config::new(proxy.address())).await.unwrap();
    proxy.black_hole();
    let start = Instant::now();
    let error = connection.canceller().cancel(Duration::from_millis(100)).await.unwrap_err();
    assert!(start.elapsed() >= Duration::from_millis(100));
    assert_eq!(step(&error), Some(DialStep::Cancel), "{error:?}");
    assert!(!error.is_safe_to_retry() && !error.is_disconnected());
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_from_one_that_resets() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let connection = dial(&Config::new(proxy.address())).await.unwrap();
    let canceller = connection.canceller();
    proxy.refuse();
    let error = canceller.cancel(PATIENCE).await.unwrap_err();
    assert!(matches!(step(&error), Some(DialStep::Cancel | DialStep::Socket)), "{error:?}");
    drop(proxy);
    eventually("the port is closed", async || {
        let error = canceller.cancel(PATIENCE).await.unwrap_err();
        (step(&error) == Some(DialStep::Socket)).then_some(())
    })
    .await;
}

/// A server's port that carries the first connection through, and tells when the second one is closed, to which it
/// does not answer.
async fn port_that_swallows_cancels(behind: &Address) -> (Address, oneshot::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound port").port();
    let HostName::Socket(directory) = behind.hosts()[0].name() else { panic!("a socket") };
    let path = directory.join(format!(".s.PGSQL.{}", behind.hosts()[0].port()));
    let (closed, was_closed) = oneshot::channel();
    tokio::spawn(async move {
        let (mut session, _) = listener.accept().await.expect("a connection");
        let mut server = UnixStream::connect(path).await.expect("the server is there");
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut session, &mut server).await });
        let (mut cancel, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        let _ = cancel.read_to_end(&mut request).await;
        let _ = closed.send(request);
    });
    let text = format!("postgresql://{}@127.0.0.1:{port}/{}", behind.user(), behind.database());
    (text.parse().expect("an address"), was_closed)
}

#[tokio::test]
async fn a_cancel_that_is_given_up_closes_its_socket_and_no_sooner() {
    let database = TestDatabase::empty().await;
    let (address, mut was_closed) = port_that_swallows_cancels(database.address()).await;
    let connection = dial(&Config::new(address)).await.unwrap();
    let canceller: Canceller = connection.canceller();
    let cancelling = tokio::time::timeout(Duration::from_millis(200), canceller.cancel(PATIENCE));
    assert!(cancelling.await.is_err());
    // While it was waited for, no half of the socket was closed either.
    assert!(was_closed.try_recv().is_err());
    let request = tokio::time::timeout(PATIENCE, was_closed).await.unwrap().unwrap();
    assert_eq!(&request[..8], [0, 0, 0, 16, 4, 210, 22, 46], "the length and 80877102");
    assert_eq!(request.len(), 16);
    assert_eq!(connection.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn the_key_is_not_shown() {
    let database = TestDatabase::empty().await;
    let canceller = database.connection().await.canceller();
    let shown = format!("{canceller:?}");
    assert!(shown.ends_with(", .. }") && !shown.contains("token"), "{shown}");
}
