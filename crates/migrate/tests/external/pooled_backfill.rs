//! Backfills by way of a pooler.

use pgkeel_connect::{Config, Executor as _};
use pgkeel_migrate::{Error, Migrations, Migrator, Unsuitable};
use pgkeel_testkit::{Bouncer, TestDatabase};

const FILES: [(&str, &str); 3] = [
    ("V1__t.sql", "create table t (id int primary key, n int); insert into t (id) select generate_series(1, 300);"),
    (
        "V2__fill.sql",
        "-- pgkeel: backfill batch=100 pause=0
         update t set n = 1 where id in (select id from t where n is null limit current_setting('pgkeel.batch')::bigint);",
    ),
    ("V3__u.sql", "create table u (id int);"),
];

#[tokio::test]
async fn a_backfill_is_refused_by_name_where_sessions_are_shared_before_anything_is_written() {
    let database = TestDatabase::empty().await;
    let bouncer = Bouncer::before(database.address(), "transaction", &[("default_pool_size", "2")]).await;
    let migrations = Migrations::from_static(&FILES).unwrap();
    let shared = Migrator::new(Config::new(bouncer.address().clone()), migrations.clone()).safe_for_poolers();
    let refused = shared.up().await.unwrap_err();
    let Error::Unsuitable { reason: Unsuitable::NeedsSession { file } } = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(file, "V2__fill.sql");
    let made = "select count(*) from pg_namespace where nspname = 'pgkeel'";
    let made: i64 = database.connection().await.query_scalar(made, &[]).await.unwrap();
    assert_eq!(made, 0);

    // The server itself takes it, and a pooler in session mode.
    let bouncer = Bouncer::before(database.address(), "session", &[("default_pool_size", "2")]).await;
    let own = Migrator::new(Config::new(bouncer.address().clone()), migrations).safe_for_poolers();
    assert_eq!(own.up().await.unwrap().done.len(), 3);
    let filled: i64 = database.connection().await.query_scalar("select count(n) from t", &[]).await.unwrap();
    assert_eq!(filled, 300);
}
