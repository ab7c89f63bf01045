//! A connection that is over knows why.

use std::time::Duration;

use pgkeel_connect::{CloseReason, Config, Connection, Error, Executor as _, dial};
use pgkeel_testkit::{PATIENCE, Proxy, TestDatabase, eventually};
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn an_administrators_word_is_kept_for_the_next_statement() {
    let database = TestDatabase::empty().await;
    let (victim, other) = (database.connection().await, database.connection().await);
    let pid: i32 = victim.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
    let ended: bool = other.query_scalar("select pg_terminate_backend($1)", &[&pid]).await.unwrap();
    assert!(ended);
    eventually("the connection notices its end", async || victim.is_closed().then_some(())).await;
    let error = victim.execute("select 1", &[]).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
    assert_eq!(error.code(), Some(&SqlState::ADMIN_SHUTDOWN));
    assert!(error.is_disconnected() && !error.is_safe_to_retry());
    assert!(error.to_string().contains("terminating connection due to administrator command"), "{error}");
}

#[tokio::test]
async fn a_broken_link_is_told_from_the_servers_word() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let connection = dial(&Config::new(proxy.address())).await.unwrap();
    proxy.cut();
    eventually("the connection notices its end", async || connection.is_closed().then_some(())).await;
    let reason = eventually("the reason is kept", async || connection.close_reason().cloned()).await;
    assert!(matches!(reason, CloseReason::Link(_)), "{reason}");
}

#[tokio::test]
async fn dropping_a_connection_ends_its_session_on_the_server() {
    let database = TestDatabase::empty().await;
    let (gone, other) = (database.connection().await, database.connection().await);
    let pid: i32 = gone.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
    drop(gone);
    eventually("the session is gone", async || {
        let there = "select exists(select from pg_stat_activity where pid = $1)";
        let there: bool = other.query_scalar(there, &[&pid]).await.unwrap();
        (!there).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_servers_last_word_is_kept_when_the_request_that_got_it_was_given_up() {
    let database = TestDatabase::empty().await;
    let (victim, other) = (database.connection().await, database.connection().await);
    let pid: i32 = victim.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
    let given_up = victim.batch_execute("select pg_sleep(60)");
    assert!(tokio::time::timeout(Duration::from_millis(20), given_up).await.is_err());
    let ended: bool = other.query_scalar("select pg_terminate_backend($1)", &[&pid]).await.unwrap();
    assert!(ended);
    let reason = eventually("the reason is kept", async || victim.close_reason().cloned()).await;
    assert!(
        matches!(&reason, CloseReason::Server(error) if *error.code() == SqlState::ADMIN_SHUTDOWN),
        "{reason}"
    );
}

/// A connection whose task waits for its peer to read, which that never does.
async fn stuck_in_writing(proxy: &Proxy) -> Connection {
    let connection = dial(&Config::new(proxy.address())).await.expect("the server is there");
    connection.batch_execute("select 1").await.expect("it answers");
    proxy.black_hole();
    // More than the sockets on both ways take. The time is for those to fill.
    let long = format!("select '{}'", "x".repeat(64 << 20));
    let given_up = tokio::time::timeout(Duration::from_millis(500), connection.batch_execute(&long)).await;
    assert!(given_up.is_err());
    connection
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// The proxy's task for the connection goes on, as it does not look.
async fn until_one_ends(before: usize) {
    eventually("the driver's task has ended", async || (tasks() < before).then_some(())).await;
}

#[tokio::test]
async fn a_connection_that_is_stuck_in_writing_ends_when_it_is_dropped() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let connection = stuck_in_writing(&proxy).await;
    let before = tasks();
    drop(connection);
    until_one_ends(before).await;
}

#[tokio::test]
async fn a_connection_that_is_stuck_in_writing_is_closed() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let connection = stuck_in_writing(&proxy).await;
    let before = tasks();
    tokio::time::timeout(PATIENCE, connection.close()).await.unwrap();
    until_one_ends(before).await;
}
