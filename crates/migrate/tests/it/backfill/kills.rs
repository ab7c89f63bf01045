//! Clients and sessions that are killed at any moment, and signals.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pgkeel_connect::{Address, Config, HostName};
use pgkeel_migrate::Migrations;
use pgkeel_migrate::cli::{self, Exit};
use pgkeel_testkit::{Random, TestDatabase, eventually, scaled};

use super::{batches, database_of, fill, filled};
use crate::progress::Progress;
use crate::{count, history, locks, log};

const ADDRESS: &str = "PGKEEL_MIGRATE_BACKFILL_ADDRESS";
const DIRECTORY: &str = "PGKEEL_MIGRATE_BACKFILL_DIRECTORY";

/// On its own it does nothing; those below start it, and end it.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_runs_the_command_line() {
    let (Ok(address), Ok(directory)) = (std::env::var(ADDRESS), std::env::var(DIRECTORY)) else { return };
    let matches = cli::command().get_matches_from(["migrate", "up", "--dir", &directory]);
    let connect = async || Ok::<_, ()>(Config::new(address.parse::<Address>().unwrap()));
    let ended = cli::run(&matches, connect).await.unwrap();
    // What ends it by force leaves no time for this.
    println!("ended {}", if ended == Exit::Failed { "early" } else { "late" });
}

fn process(database: &TestDatabase, directory: &Path) -> Child {
    let (address, host) = (database.address(), &database.address().hosts()[0]);
    let HostName::Socket(socket) = host.name() else { panic!("the server of tests listens on a socket") };
    let (user, name) = (address.user(), address.database());
    let url = format!("postgresql://{user}@/{name}?host={}&port={}", socket.display(), host.port());
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "backfill::kills::one_process_runs_the_command_line", "--nocapture"]);
    program.env(ADDRESS, url).env(DIRECTORY, directory);
    program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn directory_with(text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("V1__a.sql"), text).unwrap();
    directory
}

/// Waits until more rows are done, unless the client ends, and a little more.
async fn some_moment(database: &TestDatabase, client: &mut Child, rows: i64, random: &mut Random) {
    eventually("more rows are done", async || {
        (client.try_wait().unwrap().is_some() || filled(database).await.0 > rows).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_micros(random.below(20_000))).await;
}

#[tokio::test]
async fn whatever_is_killed_every_row_has_its_turn_once() {
    const ROWS: u32 = 4000;
    let (mut random, rounds, times) = (Random::seeded(), scaled(2, 20), scaled(4, 8));
    let mut progress = Progress::of(rounds * times, "kills");
    for _ in 0..rounds {
        let (database, directory) = (database_of(ROWS).await, directory_with(&fill("batch=20 pause=1ms")));
        for _ in 0..times {
            let before = filled(&database).await.0;
            let rows = before + random.below(600).cast_signed();
            let mut client = process(&database, directory.path());
            some_moment(&database, &mut client, rows, &mut random).await;
            if random.below(2) == 0 {
                let _ = client.kill();
            } else {
                let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                           where datname = current_database() and application_name = 'pgkeel-migrate'";
                count(&database, end).await;
            }
            client.wait().unwrap();
            eventually("the lock is free", async || (locks(&database).await == 0).then_some(())).await;
            let (once, more) = filled(&database).await;
            assert!(once >= before && more == 0, "{once} {more}");
            progress.add(1);
        }
        let migrations = Migrations::from_dir(directory.path()).unwrap();
        pgkeel_migrate::Migrator::new(database.config(), migrations).up().await.unwrap();
        assert_eq!((filled(&database).await, history(&database).await), ((ROWS.into(), 0), vec![1]));
        // No batch is in two parts.
        assert_eq!(batches(&database).await, i64::from(ROWS / 20));
    }
    println!("backfill: {} kills over {rounds} tables of {ROWS} rows, each row changed once", rounds * times);
}

#[tokio::test]
async fn a_signal_ends_it_in_its_pause() {
    let (database, directory) = (database_of(100).await, directory_with(&fill("batch=30 pause=10min")));
    let client = process(&database, directory.path());
    eventually("a batch is done", async || (filled(&database).await.0 == 30).then_some(())).await;
    let sent = Command::new("kill").args(["-INT", &client.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let ended = client.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && out.contains("ended early"), "{out}{err}");
    assert!(err.contains("V1__a.sql: it was stopped; 30 rows in 1 batch stay"), "{err}");
    assert_eq!(log::rows(&database).await.last().unwrap(), "1 up interrupted statements 0/1");
}
