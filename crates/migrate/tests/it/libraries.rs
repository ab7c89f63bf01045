//! Migrations that come with a library, beside those of the application.

use futures_util::future::join;
use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Against, Back, Library, Migrations, Migrator, Verifier};
use pgkeel_testkit::TestDatabase;

use crate::{has_table, migrator, recording};

const AUDIT: Library = Library::new("audit");
const OWN: (&str, &str) = ("V1__orders.sql", "create table orders (id bigint primary key)");
const OF_AUDIT: [(&str, &str); 3] = [
    ("V1__entries.sql", "create table pgkeel.entry (id bigint primary key)"),
    ("V1__entries.down.sql", "drop table pgkeel.entry"),
    ("V2__times.sql", "alter table pgkeel.entry add at timestamptz"),
];

fn of_audit(database: &TestDatabase, files: &[(&str, &str)]) -> Migrator {
    let migrations = Migrations::from_static(files).unwrap();
    Migrator::new(database.config(), migrations).of_library(AUDIT)
}

async fn versions(migrator: &Migrator) -> Vec<i64> {
    migrator.status().await.unwrap().applied.iter().map(|row| row.version).collect()
}

#[tokio::test]
async fn neither_sees_what_the_other_has_applied() {
    let database = TestDatabase::empty().await;
    let (own, library) = (migrator(&database, &[OWN]), of_audit(&database, &OF_AUDIT));
    // At once: neither waits for the lock of the other, and both find that there is no schema for their tables.
    let (one, other) = join(own.up(), library.up()).await;
    one.unwrap();
    other.unwrap();
    assert_eq!((versions(&own).await, versions(&library).await), (vec![1], vec![1, 2]));
    assert!(has_table(&database, "pgkeel.entry").await && has_table(&database, "orders").await);
    assert!(own.up().await.unwrap().done.is_empty() && library.up().await.unwrap().done.is_empty());
}

#[tokio::test]
async fn a_library_is_no_drift_of_the_application() {
    let database = TestDatabase::empty().await;
    recording(&database, &[OWN]).up().await.unwrap();
    of_audit(&database, &OF_AUDIT).up().await.unwrap();
    let verifier = Verifier::new(database.config(), Migrations::from_static(&[OWN]).unwrap());
    let found = verifier.verify(&Against::Recorded).await.unwrap();
    assert!(found.is_clean(), "{found:?}");
}

#[tokio::test]
async fn a_history_of_plain_refinery_does_not_matter_to_a_library() {
    let database = TestDatabase::empty().await;
    let table = "create table refinery_schema_history (version int4 primary key, name text)";
    database.connection().await.batch_execute(table).await.unwrap();
    assert!(migrator(&database, &[OWN]).up().await.is_err());
    of_audit(&database, &OF_AUDIT).up().await.unwrap();
}

#[tokio::test]
async fn a_library_goes_back_alone() {
    let database = TestDatabase::empty().await;
    let own = migrator(&database, &[OWN]);
    own.up().await.unwrap();
    let library = of_audit(&database, &OF_AUDIT[..2]);
    library.up().await.unwrap();
    library.down(Back::Steps(1)).await.unwrap();
    assert!(!has_table(&database, "pgkeel.entry").await && has_table(&database, "orders").await);
    assert_eq!((versions(&own).await, versions(&library).await), (vec![1], vec![]));
}
