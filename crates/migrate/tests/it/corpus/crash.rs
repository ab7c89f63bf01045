//! Clients and sessions that are killed at any moment.

use std::time::{Duration, Instant};

use pgkeel_connect::Executor as _;
use pgkeel_migrate::Migrator;
use pgkeel_testkit::{Random, TestDatabase, eventually, is_soak, scaled};

use super::files::Corpus;
use super::{State, corpus, process};
use crate::progress::Progress;
use crate::times::Times;
use crate::{count, locks};

/// How often it is killed in one database.
const A_ROUND: usize = 4;

/// Everybody but who asks.
const OTHERS: &str = "select count(*) from pg_stat_activity where datname = current_database()
    and pid <> pg_backend_pid() and application_name = 'pgkeel-migrate'";

#[tokio::test]
async fn whatever_is_killed_and_when_the_end_is_that_of_an_undisturbed_run() {
    let corpus = corpus().await.first(scaled(60, 1000));
    let undisturbed = TestDatabase::empty().await;
    Migrator::new(undisturbed.config(), corpus.migrations()).up().await.unwrap();
    let expected = State::of(&undisturbed.connection().await).await;
    let (wanted, mut random, mut times) = (scaled(A_ROUND, 100), Random::seeded(), Times::default());
    let (mut moments, mut round, mut progress) = (0, 0, Progress::of(wanted, "moments"));
    while moments < wanted {
        round += 1;
        assert!(round <= wanted, "{moments} moments at which it was at work, in {round} rounds");
        let database = TestDatabase::empty().await;
        for _ in 0..A_ROUND {
            let (is_at_work, killed) = interrupted(&database, &corpus, &mut random).await;
            moments += usize::from(is_at_work);
            eventually("the lock is free", async || (locks(&database).await == 0).then_some(())).await;
            times.add(killed.elapsed());
            eventually("sessions are gone", async || (count(&database, OTHERS).await == 0).then_some(()))
                .await;
        }
        let migrator = Migrator::new(database.config(), corpus.migrations());
        migrator.up().await.unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert!(migrator.status().await.unwrap().interrupted.is_empty());
        State::of(&database.connection().await).await.assert_is(&expected, &format!("round {round}"));
        progress.is_at(moments);
    }
    println!(
        "check 2: killed at {moments} moments, in {round} databases; the lock was free after {times} (bound 3 s); the end was \
         always that of an undisturbed run"
    );
    assert!(!is_soak() || times.longest() < Duration::from_secs(3));
}

/// Kills a client, or ends its sessions; whether it was at work, and when this was.
async fn interrupted(database: &TestDatabase, corpus: &Corpus, random: &mut Random) -> (bool, Instant) {
    let rows = logged(database).await + random.below(60).cast_signed();
    let by_signal = random.below(2) == 0;
    let mut client = process::start(database.address(), corpus.files().len() / 2);
    // It may be done before that moment comes.
    while client.try_wait().unwrap().is_none() && logged(database).await <= rows {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_micros(random.below(10_000))).await;
    let (is_at_work, killed) = (client.try_wait().unwrap().is_none(), Instant::now());
    if by_signal {
        let _ = client.kill();
    } else {
        let end = OTHERS.replace("count(*)", "count(pg_terminate_backend(pid))");
        count(database, &end).await;
    }
    client.wait_with_output().unwrap();
    (is_at_work, killed)
}

async fn logged(database: &TestDatabase) -> i64 {
    let connection = database.connection().await;
    let is_there = "select to_regclass('pgkeel.migration_log') is not null";
    if connection.query_scalar::<bool>(is_there, &[]).await.unwrap() {
        connection.query_scalar("select coalesce(max(id), 0) from pgkeel.migration_log", &[]).await.unwrap()
    } else {
        0
    }
}
