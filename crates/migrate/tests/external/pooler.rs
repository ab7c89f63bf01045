//! A pooler in between.

use pgkeel_connect::{Config, Executor as _};
use pgkeel_migrate::{Error, Migrations, Migrator, Unsuitable};
use pgkeel_testkit::TestDatabase;
use tokio::sync::OnceCell;

use crate::bouncer::{Bouncer, PASSWORD};

const FILES: [(&str, &str); 2] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V2__b.sql", "-- pgkeel: transaction=off\ncreate index concurrently a_idx on a (id);"),
];

async fn through(database: &TestDatabase, mode: &str) -> (Bouncer, Migrator) {
    // Once, as all tests share the role, and two sessions cannot change it at the same time.
    static SET: OnceCell<()> = OnceCell::const_new();
    let set = format!("alter role {} password '{PASSWORD}'", database.address().user());
    SET.get_or_init(async || database.connection().await.batch_execute(&set).await.unwrap()).await;
    let bouncer = Bouncer::before(database.address(), mode).await;
    let migrations = Migrations::from_static(&FILES).unwrap();
    let migrator = Migrator::new(Config::new(bouncer.address().clone()), migrations);
    (bouncer, migrator)
}

#[tokio::test]
async fn one_that_gives_sessions_to_transactions_is_refused_before_anything_is_written() {
    let database = TestDatabase::empty().await;
    let (_bouncer, migrator) = through(&database, "transaction").await;
    for _ in 0..5 {
        let error = migrator.up().await.unwrap_err();
        assert!(matches!(error, Error::Unsuitable { reason: Unsuitable::Pooler }), "{error:?}");
    }
    let left = "select (select count(*) from pg_namespace where nspname = 'pgkeel')
        + (select count(*) from pg_locks l join pg_database d on d.oid = l.database
            where locktype = 'advisory' and datname = current_database())";
    assert_eq!(database.connection().await.query_scalar::<i64>(left, &[]).await.unwrap(), 0);
    assert_eq!(migrator.status().await.unwrap().pending.len(), 2);
}

#[tokio::test]
async fn one_that_gives_each_client_a_session_will_do() {
    let database = TestDatabase::empty().await;
    let (_bouncer, migrator) = through(&database, "session").await;
    assert_eq!(migrator.up().await.unwrap().done.len(), 2);
    assert!(migrator.status().await.unwrap().pending.is_empty());
}
