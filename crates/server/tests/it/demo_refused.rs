//! Where a demo has no place it says so, and touches nothing.

use pgkeel_connect::Executor as _;
use pgkeel_testkit::TestDatabase;

use crate::program::{run, url};

/// The message of a run that must end with this exit code.
async fn refused(exit: i32, words: &[&str], variables: &[(&str, &str)]) -> String {
    let words = [&["serve", "--health-listen", "127.0.0.1:0"], words].concat();
    let output = run(&words, variables).await;
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(exit), "{message}");
    message
}

#[tokio::test]
async fn a_named_server_needs_a_database_for_it_and_production_has_none() {
    let url = ("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/d");
    let message = refused(2, &["--demo"], &[url]).await;
    assert!(message.contains("demo (flag --demo)") && message.contains("--demo-database NAME"), "{message}");
    let message = refused(2, &["--demo-database", "shop"], &[url]).await;
    assert!(message.contains("add --demo"), "{message}");
    let production = [url, ("ENVIRONMENT", "production")];
    let message = refused(2, &["--demo", "--demo-database", "shop"], &production).await;
    assert!(message.contains("ENVIRONMENT=production"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn a_database_that_exists_is_named_with_the_setting_and_not_touched() {
    let (server, theirs) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let connection = theirs.connection().await;
    connection.batch_execute("create table precious ()").await.unwrap();
    let (address, name) = (url(server.address()), theirs.address().database());
    let message = refused(2, &["--demo", "--demo-database", name], &[("DATABASE_URL", &address)]).await;
    assert!(message.contains(name) && message.contains("already"), "{message}");
    assert!(message.contains("demo_database is set by flag --demo-database"), "{message}");
    let tables =
        "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')";
    assert_eq!(connection.query_scalar::<i64>(tables, &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_place_for_a_demo() {
    let url = ("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/d");
    let message = refused(1, &["--demo", "--demo-database", "shop"], &[url]).await;
    assert!(
        message.contains("there is no connection to the server") && !message.contains("hunter2"),
        "{message}"
    );
}

#[tokio::test]
async fn a_port_that_is_taken_is_found_before_anything_is_filled() {
    let server = TestDatabase::empty().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, port) = (url(server.address()), taken.local_addr().unwrap().to_string());
    let words = ["serve", "--demo", "--demo-database", "portless", "--health-listen", &port];
    let output = run(&words, &[("DATABASE_URL", &address)]).await;
    assert_eq!(output.status.code(), Some(2));
    let sql = "select count(*) from pg_database where datname like 'portless%'";
    assert_eq!(server.connection().await.query_scalar::<i64>(sql, &[]).await.unwrap(), 0);
}
