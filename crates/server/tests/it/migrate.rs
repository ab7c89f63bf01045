//! `pgkeel migrate`: the library's verbs, on the database that the settings name.

use std::path::Path;

use pgkeel_connect::Executor as _;
use pgkeel_testkit::TestDatabase;

use crate::program::{run, url};

/// The reference application's schema.
fn reference() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations")
}

#[tokio::test]
async fn the_reference_schema_is_applied_once_and_is_then_up_to_date() {
    let database = TestDatabase::empty().await;
    let address = url(database.address());
    let variables = [("DATABASE_URL", address.as_str())];
    let pending = run(&["migrate", "status", "--check", "--dir", reference()], &variables).await;
    assert_eq!(pending.status.code(), Some(3));
    let up = run(&["migrate", "up", "--dir", reference()], &variables).await;
    assert_eq!(up.status.code(), Some(0), "{}", String::from_utf8_lossy(&up.stderr));
    let again = run(&["migrate", "status", "--check", "--dir", reference()], &variables).await;
    assert_eq!(again.status.code(), Some(0));
    let connection = database.connection().await;
    let tables = "select count(*) from information_schema.tables where table_schema = 'public'";
    assert!(connection.query_scalar::<i64>(tables, &[]).await.unwrap() >= 5);
}

#[tokio::test]
async fn each_file_of_the_reference_schema_has_its_way_back() {
    let database = TestDatabase::empty().await;
    let address = url(database.address());
    let migrate = async |words: &[&str]| {
        let words = [&["migrate"], words, &["--dir", reference()]].concat();
        let ended = run(&words, &[("DATABASE_URL", address.as_str())]).await;
        assert_eq!(ended.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
    };
    let connection = database.connection().await;
    let objects = "select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'public'";
    for dry_run in ["--dry-run", "--dry-run=shadow"] {
        migrate(&["up", dry_run]).await;
        assert_eq!(connection.query_scalar::<i64>(objects, &[]).await.unwrap(), 0);
    }
    for words in [&["validate"][..], &["up"], &["redo"], &["down", "--to", "0", "--dry-run=shadow"]] {
        migrate(words).await;
    }
    assert!(connection.query_scalar::<i64>(objects, &[]).await.unwrap() > 0);
    migrate(&["down", "--to", "0"]).await;
    assert_eq!(connection.query_scalar::<i64>(objects, &[]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_new_file_needs_no_database() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path().to_str().unwrap();
    let made = run(&["migrate", "new", "add_orders", "--dir", dir], &[("DATABASE_URL", "nonsense")]).await;
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let named = |path: &Path| path.to_string_lossy().ends_with("__add_orders.sql");
    let files: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() == 1 && named(&files[0]), "{files:?}");
}

#[tokio::test]
async fn wrong_settings_end_it_before_anything_is_read() {
    let refused =
        run(&["migrate", "status", "--dir", reference()], &[("DATABASE_URL", "postgres://h:x/d")]).await;
    assert_eq!(refused.status.code(), Some(2));
}
