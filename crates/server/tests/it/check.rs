//! `pgkeel check`: one look, three exit codes.

use pgkeel_testkit::TestDatabase;

use crate::program::{run, url};

#[tokio::test]
async fn a_database_that_answers_is_healthy() {
    let database = TestDatabase::empty().await;
    let output = run(&["check", "--json"], &[("DATABASE_URL", &url(database.address()))]).await;
    assert_eq!(output.status.code(), Some(0));
    let facts: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&facts["status"], &facts["role"]), (&"healthy".into(), &"primary".into()));
    let words = run(&["check"], &[("DATABASE_URL", &url(database.address()))]).await;
    assert!(String::from_utf8(words.stdout).unwrap().starts_with("healthy: postgresql://"));
}

#[tokio::test]
async fn a_database_that_does_not_is_unhealthy() {
    let variables = [("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/d")];
    let output = run(&["check", "--json"], &variables).await;
    assert_eq!(output.status.code(), Some(1));
    let page = String::from_utf8(output.stdout).unwrap();
    let facts: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!((&facts["status"], &facts["database"]), (&"unhealthy".into(), &"disconnected".into()));
    assert!(page.contains("opening the socket failed for 127.0.0.1:1"), "{page}");
    assert!(!page.contains("hunter2"));
}
