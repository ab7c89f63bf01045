//! Databases that are made to be thrown away.

use std::time::Duration;

use pgkeel_connect::{Address, Config, Connection, Executor as _};
use pgkeel_migrate::{Migrations, Prover, Shadow, Stop, VerifyError};
use pgkeel_testkit::{Random, TestCluster, TestDatabase, eventually, scaled};

use crate::progress::Progress;

async fn is_there(connection: &Connection, name: &str) -> bool {
    let sql = "select count(*) from pg_database where datname = $1";
    connection.query_scalar::<i64>(sql, &[&name]).await.unwrap() == 1
}

#[tokio::test]
async fn a_shadow_is_like_the_database_and_gone_afterwards() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let shadow = Shadow::create(&database.config()).await.unwrap();
    let name = shadow.name().name().to_owned();
    let like =
        "select (encoding, datcollate, datctype)::text from pg_database where datname = current_database()";
    let (here, there): (String, String) = (
        connection.query_scalar(like, &[]).await.unwrap(),
        shadow.connection().query_scalar(like, &[]).await.unwrap(),
    );
    assert_eq!(here, there);
    let inside = pgkeel_connect::dial(shadow.config()).await.unwrap();
    inside.batch_execute("create table t (id int)").await.unwrap();
    assert!(is_there(&connection, &name).await);
    // The session that is still in it is ended.
    shadow.remove().await.unwrap();
    assert!(!is_there(&connection, &name).await);
}

#[tokio::test]
async fn a_shadow_that_is_dropped_goes_in_the_background() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let shadow = Shadow::create(&database.config()).await.unwrap();
    let name = shadow.name().name().to_owned();
    drop(shadow);
    eventually("it is gone", async || (!is_there(&connection, &name).await).then_some(())).await;
}

#[tokio::test]
async fn a_call_that_is_dropped_at_any_moment_leaves_no_shadow() {
    let cluster = TestCluster::start().await;
    let connection = cluster.connection().await;
    let (mut random, calls) = (Random::seeded(), scaled(15, 300));
    let mut progress = Progress::of(calls, "calls");
    for _ in 0..calls {
        let wait = Duration::from_micros(random.below(150_000));
        let config = cluster.config();
        let _ = tokio::time::timeout(wait, Shadow::create(&config)).await;
        progress.add(1);
    }
    let left = "select count(*) from pg_database where datname like 'pgkeel\\_shadow%'";
    let busy = "select count(*) from pg_stat_activity where application_name like 'pgkeel%shadow%'";
    eventually("all are gone", async || {
        let left: i64 = connection.query_scalar(left, &[]).await.unwrap();
        let busy: i64 = connection.query_scalar(busy, &[]).await.unwrap();
        (left + busy == 0).then_some(())
    })
    .await;
    println!("shadows: {calls} calls dropped within 150 ms, no database and no session left");
}

#[tokio::test]
async fn a_call_that_is_stopped_at_any_moment_leaves_no_shadow() {
    let cluster = TestCluster::start().await;
    let connection = cluster.connection().await;
    let mut random = Random::seeded();
    let files = [("V1__a.sql", "create table a ();"), ("V1__a.down.sql", "drop table a;")];
    let migrations = Migrations::from_static(&files).unwrap();
    let mut stopped = 0;
    for _ in 0..scaled(15, 300) {
        let (wait, stop) = (Duration::from_micros(random.below(300_000)), Stop::new());
        let prover = Prover::new(cluster.config(), migrations.clone()).with_stop(stop.clone());
        let proving = tokio::spawn(async move { prover.prove().await });
        tokio::time::sleep(wait).await;
        stop.request();
        if let Err(error) = proving.await.unwrap() {
            assert!(matches!(error, VerifyError::Stopped { shadow: None }), "{error:?}");
            stopped += 1;
        }
        let left = "select count(*) from pg_database where datname like 'pgkeel\\_shadow%'";
        assert_eq!(connection.query_scalar::<i64>(left, &[]).await.unwrap(), 0);
    }
    assert!(stopped > 0);
}

#[tokio::test]
async fn what_a_killed_run_left_behind_is_swept_and_nothing_else() {
    let cluster = TestCluster::start().await;
    let admin = cluster.connection().await;
    let now: i64 = admin.query_scalar("select extract(epoch from now())::int8", &[]).await.unwrap();
    let of_age = |age: i64, end: &str| format!("pgkeel_shadow_{}_{end}", now - age);
    let old = of_age(3600, "0123456789abcdef");
    let in_use = of_age(3600, "00000000000000aa");
    let young = of_age(60, "00000000000000bb");
    let foreign = [of_age(3600, "mine"), "pgkeel_shadow_1_short".to_owned(), "pgkeel_shadow".to_owned()];
    for name in [&old, &in_use, &young].into_iter().chain(&foreign) {
        admin.batch_execute(&format!("create database \"{name}\"")).await.unwrap();
    }
    let address = cluster.address().clone().with_database(in_use.as_str());
    let user = pgkeel_connect::dial(&Config::new(address)).await.unwrap();
    Shadow::create(&cluster.config()).await.unwrap().remove().await.unwrap();
    assert!(!is_there(&admin, &old).await);
    for name in [&in_use, &young].into_iter().chain(&foreign) {
        assert!(is_there(&admin, name).await, "{name}");
    }
    user.close().await;
}

#[tokio::test]
async fn a_role_that_may_not_create_databases_is_told_so() {
    let database = TestDatabase::empty().await;
    let admin = database.connection().await;
    let role = format!("no_createdb_of_{}", database.address().database());
    admin.batch_execute(&format!("create role {role} login password 'x'")).await.unwrap();
    let host = database.address().hosts()[0].clone();
    let config = Config::new(Address::new(host, &role, database.address().database()));
    let error = Shadow::create(&config).await.unwrap_err();
    assert!(matches!(error, VerifyError::MayNotCreate(_)), "{error:?}");
    assert_eq!(error.server().unwrap().code().code(), "42501");
    admin.batch_execute(&format!("drop role {role}")).await.unwrap();
}
