//! Many starters at once, each a process of its own.

use std::time::Instant;

use pgkeel_connect::{Connection, Executor as _, dial};
use pgkeel_testkit::{TestCluster, scaled};

use super::files::{Corpus, is_down};
use super::{State, process};
use crate::progress::Progress;
use crate::snapshot::major;
use crate::times::Times;

/// Three of them build indexes concurrently, which waits for the snapshot of everybody else.
const STEPS: usize = 50;

#[tokio::test]
async fn of_many_processes_all_succeed_and_nobody_is_in_the_way_of_another() {
    let (rounds, processes) = (scaled(1, 20), scaled(6, 32));
    let settings = [("max_connections", "200"), ("log_line_prefix", "%e ")];
    let cluster = TestCluster::start_with(|options| {
        settings.into_iter().fold(options, |options, (name, value)| options.setting(name, value))
    });
    let cluster = cluster.await;
    let admin = cluster.connection().await;
    let corpus = Corpus::for_server(major(&admin).await).first(STEPS);
    let migrations = corpus.files().iter().filter(|(file, _)| !is_down(file)).count();
    let builds = |(file, text): &&(&str, &str)| !is_down(file) && text.contains("index concurrently");
    assert_eq!((migrations, corpus.files().iter().filter(builds).count()), (STEPS, 3));
    let (mut expected, mut times): (Option<State>, _) = (None, Times::default());
    let mut progress = Progress::of(rounds, "rounds");
    for round in 0..rounds {
        let name = format!("race_{round}");
        admin.batch_execute(&format!("create database {name}")).await.unwrap();
        let address = cluster.address().clone().with_database(&name);
        let begun = Instant::now();
        let started: Vec<_> = (0..processes).map(|_| process::start(&address, STEPS)).collect();
        for process in started {
            let ended = process.wait_with_output().unwrap();
            let output = String::from_utf8_lossy(&ended.stdout);
            assert!(ended.status.success() && output.contains("1 passed"), "round {round}: {output}");
        }
        times.add(begun.elapsed());
        let connection = dial(&cluster.config().with_database(&name)).await.unwrap();
        assert_each_applied_once(&connection).await;
        let state = State::of(&connection).await;
        state.assert_is(expected.get_or_insert_with(|| state.clone()), &name);
        connection.close().await;
        admin.batch_execute(&format!("drop database {name} with (force)")).await.unwrap();
        progress.add(1);
    }
    let log = cluster.log();
    assert!(log.lines().any(|line| line.starts_with("00000 ")), "a line begins with its SQLSTATE");
    let deadlocks = log.lines().filter(|line| line.starts_with("40P01")).count();
    println!(
        "check 1: {rounds} rounds of {processes} processes, all ended well, each of {STEPS} files logged once; a round took \
         {times}; {deadlocks} deadlocks in the server's log (bound 0), no invalid index"
    );
    assert_eq!(deadlocks, 0);
}

async fn assert_each_applied_once(connection: &Connection) {
    let all = i64::try_from(STEPS).unwrap();
    for (expected, sql) in [
        (all, "select count(*) from pgkeel.refinery_schema_history"),
        (all, "select count(*) from pgkeel.migration_log where status = 'ok'"),
        (
            all,
            "select count(distinct version) from pgkeel.migration_log where status = 'ok' and attempts = 1",
        ),
        (0, "select count(*) from pg_index where not indisvalid"),
        (0, "select count(*) from pg_locks where locktype = 'advisory'"),
    ] {
        assert_eq!(connection.query_scalar::<i64>(sql, &[]).await.unwrap(), expected, "{sql}");
    }
}
