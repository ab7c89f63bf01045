//! The server, its sessions, the database, checkpoints and the log.

use std::time::Duration;

use pgkeel_catalog::{
    Capabilities, Reason, activity, checkpoints, database, database_size, opening, server, wal,
};
use pgkeel_connect::{Executor as _, dial};
use pgkeel_testkit::{TestDatabase, eventually};

use crate::Sample;

#[tokio::test]
async fn the_server_is_what_its_settings_say() {
    let test = TestDatabase::empty().await;
    let sample = Sample::of(&test).await;
    let seen = server(&sample.connection).await.unwrap();
    let version: String = sample.connection.query_scalar("show server_version", &[]).await.unwrap();
    let number: i32 = sample
        .connection
        .query_scalar("select current_setting('server_version_num')::int", &[])
        .await
        .unwrap();
    assert_eq!((seen.version, seen.in_recovery), (version, false));
    assert_eq!((seen.max_connections, seen.superuser_reserved, seen.reserved), (100, 3, 0));
    assert_eq!(i64::from(sample.capabilities.version()), i64::from(number));
    assert!(seen.uptime > Duration::ZERO && !sample.capabilities.in_recovery());
}

#[tokio::test]
async fn sessions_are_counted_by_state_wait_and_application() {
    let test = TestDatabase::empty().await;
    let name = test.address().database().to_owned();
    let open = async || dial(&test.config().with_application_name(name.clone())).await.unwrap();
    let (holder, idle, waiter) = (open().await, open().await, open().await);
    holder.batch_execute("create table t ()").await.unwrap();
    holder.batch_execute("begin; lock table t").await.unwrap();
    idle.batch_execute("select 1").await.unwrap();
    let waiting = tokio::spawn(async move { waiter.batch_execute("begin; lock table t").await });

    let seen = eventually("one waits for the other", async || {
        let sample = Sample::of(&test).await;
        let seen = activity(&sample.connection, &sample.capabilities, 50).await.unwrap();
        (seen.blocked >= 1).then_some(seen)
    })
    .await;
    let ours = seen.applications.iter().find(|application| application.name == name).unwrap();
    assert_eq!((ours.sessions, ours.active, ours.idle_in_transaction), (3, 1, 1));
    assert!(
        seen.by_wait["Lock"] >= 1 && seen.by_state["idle"] >= 1 && seen.idle_in_transaction >= 1,
        "{seen:?}"
    );
    assert!(seen.oldest_transaction.is_some() && seen.longest_idle_in_transaction.is_some());
    assert_eq!(seen.sessions, seen.by_state.values().sum::<u64>());
    assert_eq!(seen.hidden, 0);
    assert!(seen.longest_query.is_some_and(|query| query.pid > 0));
    drop(holder);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_database_is_counted_as_its_view_counts() {
    let test = TestDatabase::empty().await;
    let worker = test.connection().await;
    worker.batch_execute("create table t (a int)").await.unwrap();
    for sql in
        ["insert into t select generate_series(1, 100)", "begin; delete from t; rollback", "select * from t"]
    {
        worker.batch_execute(sql).await.unwrap();
    }
    drop(worker);
    let seen = eventually("the counters have arrived", async || {
        let sample = Sample::of(&test).await;
        let seen = database(&sample.connection).await.unwrap();
        (seen.rows_inserted >= 100 && seen.rollbacks >= 1).then_some((seen, sample))
    });
    let (seen, sample) = seen.await;
    // In one transaction the figures stand still.
    let told = "select xact_commit, xact_rollback, blks_hit, tup_deleted, deadlocks from pg_stat_database
        where datname = current_database()";
    let row = sample.connection.query_one(told, &[]).await.unwrap();
    let told: Vec<i64> = (0..5).map(|column| row.get(column)).collect();
    let ours = [seen.commits, seen.rollbacks, seen.blocks_hit, seen.rows_deleted, seen.deadlocks];
    assert_eq!(ours.map(|count| i64::try_from(count).unwrap()).to_vec(), told);
    assert_eq!(seen.name, test.address().database());

    let size: i64 =
        sample.connection.query_scalar("select pg_database_size(current_database())", &[]).await.unwrap();
    let ours = database_size(&sample.connection, &sample.capabilities).await.unwrap().known().unwrap();
    assert!(ours.abs_diff(size.unsigned_abs()) < 1 << 20, "{ours} {size}");
}

#[tokio::test]
async fn checkpoints_and_log_grow_when_somebody_asks_for_them() {
    let test = TestDatabase::empty().await;
    let before = Sample::of(&test).await;
    let (first, log) = (
        checkpoints(&before.connection, &before.capabilities).await.unwrap(),
        wal(&before.connection, &before.capabilities).await.unwrap(),
    );
    let worker = test.connection().await;
    worker.batch_execute("create table t (a int); insert into t values (1)").await.unwrap();
    worker.batch_execute("checkpoint").await.unwrap();
    eventually("the checkpoint is counted", async || {
        let after = Sample::of(&test).await;
        let second = checkpoints(&after.connection, &after.capabilities).await.unwrap();
        (second.requested > first.requested && second.timed >= first.timed).then_some(())
    })
    .await;
    if before.capabilities.version() < 140_000 {
        assert_eq!(log.skipped().unwrap().reason, Reason::ServerTooOld);
        return;
    }
    let log = log.known().unwrap();
    eventually("the log is counted", async || {
        let after = Sample::of(&test).await;
        let now = wal(&after.connection, &after.capabilities).await.unwrap().known().unwrap();
        (now.bytes > log.bytes && now.records > log.records).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_planted_operator_is_never_run() {
    let test = TestDatabase::empty().await;
    let connection = test.connection().await;
    let sql = "create schema evil;
        create function evil.boom(name, name) returns boolean language plpgsql as $$
          begin raise exception 'planted'; end $$;
        create operator evil.= (leftarg = name, rightarg = name, function = evil.boom);
        create operator evil.<> (leftarg = name, rightarg = name, function = evil.boom);
        set search_path = evil, pg_catalog";
    connection.batch_execute(sql).await.unwrap();
    let planted = connection.batch_execute("select from pg_class where relname = 'x'::name").await;
    assert!(planted.is_err(), "the plant works");
    connection.batch_execute(&opening(pgkeel_catalog::Limits::default())).await.unwrap();
    let capabilities = Capabilities::read(&connection).await.unwrap();
    database(&connection).await.unwrap();
    activity(&connection, &capabilities, 5).await.unwrap();
}
