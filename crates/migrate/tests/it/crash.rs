//! Clients and sessions that are killed at any moment.

use std::process::{Command, Stdio};
use std::time::Duration;

use pgkeel_connect::{Address, Config, Executor as _, HostName};
use pgkeel_migrate::{Migrations, Migrator};
use pgkeel_testkit::{Random, TestDatabase, eventually, scaled};

use crate::progress::Progress;
use crate::{count, locks, outside};

const STATEMENTS: usize = 6;

/// A row of files that go one behind the other, ten files of each kind that do not, and as many repeatables. Every statement that can be in a transaction says so once.
fn files() -> Vec<(String, String)> {
    let mut files =
        vec![("V1__runs.sql".to_owned(), "create table runs (version int, statement int);".to_owned())];
    for version in 2..10 {
        let flying = format!("create table t{version} (id int); insert into runs values ({version}, 1);");
        files.push((format!("V{version}__flying.sql"), flying));
    }
    for version in (10..30).step_by(2) {
        let inside = format!(
            "create table t{version} (id int, note text); insert into runs values ({version}, 1);
             insert into t{version} select g, g::text from generate_series(1, 300) g; insert into runs values ({version}, 2);"
        );
        files.push((format!("V{version}__inside.sql"), inside));
        let verify = format!("select count(*) = 2 from runs where version = {version};");
        files.push((format!("V{version}__inside.verify.sql"), verify));
        files.push((format!("R__r{version}.sql"), format!("insert into runs values (-{version}, 1);")));
        let table = format!("t{version}");
        let alone = [
            format!("insert into runs values ({}, 1)", version + 1),
            format!("create index concurrently {table}_idx on {table} (id)"),
            format!(
                "create unique index concurrently if not exists {table}_note on {table} (note) where id > 3"
            ),
            format!("insert into runs values ({}, 2)", version + 1),
            format!("drop index concurrently {table}_idx"),
            format!("vacuum {table}"),
        ];
        assert_eq!(alone.len(), STATEMENTS);
        files.push((format!("V{}__alone.sql", version + 1), outside(&alone.join(";\n"))));
    }
    files
}

fn corpus() -> Migrations {
    let files = files();
    let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    Migrations::from_static(&files).unwrap()
}

/// All that the files make.
async fn fingerprint(database: &TestDatabase) -> String {
    let sql = "select md5(string_agg(line, E'\\n' order by line)) from (
        select format('%s %s', version, statement) as line from runs
        union all select format('%s %s', pg_get_indexdef(indexrelid), indisvalid) from pg_index i join pg_class c on c.oid = indrelid
            where relnamespace = 'public'::regnamespace
        union all select format('%s %s %s', attrelid::regclass, attname, atttypid::regtype) from pg_attribute a
            join pg_class c on c.oid = attrelid where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0
        union all select version::text from pgkeel.refinery_schema_history) as lines";
    database.connection().await.query_scalar(sql, &[]).await.unwrap()
}

const ADDRESS: &str = "PGKEEL_MIGRATE_CRASH_ADDRESS";

/// On its own it does nothing; those below start it and kill it.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_migrates_the_corpus() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    Migrator::new(Config::new(address.parse::<Address>().unwrap()), corpus()).up().await.unwrap();
}

fn process(database: &TestDatabase) -> std::process::Child {
    let (address, host) = (database.address(), &database.address().hosts()[0]);
    let HostName::Socket(socket) = host.name() else { panic!("the server of tests listens on a socket") };
    let (user, name) = (address.user(), address.database());
    let url = format!("postgresql://{user}@/{name}?host={}&port={}", socket.display(), host.port());
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "crash::one_process_migrates_the_corpus"]).env(ADDRESS, url);
    program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until something has been logged, and a little more.
async fn some_moment(database: &TestDatabase, random: &mut Random, rows: i64) {
    let logged = "select count(*) from pg_class where oid = to_regclass('pgkeel.migration_log')";
    eventually("enough was logged", async || {
        let is_there = count(database, logged).await == 1;
        let so_many = format!("select count(*) from pgkeel.migration_log where id > {rows}");
        (is_there && count(database, &so_many).await > 0).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_micros(random.below(20_000))).await;
}

async fn logged(database: &TestDatabase) -> i64 {
    let is_there = "select count(*) from pg_class where oid = to_regclass('pgkeel.migration_log')";
    match count(database, is_there).await {
        0 => 0,
        _ => count(database, "select coalesce(max(id), 0) from pgkeel.migration_log").await,
    }
}

#[tokio::test]
async fn whatever_is_killed_the_next_calls_end_where_an_undisturbed_one_does() {
    let undisturbed = TestDatabase::empty().await;
    Migrator::new(undisturbed.config(), corpus()).up().await.unwrap();
    let expected = fingerprint(&undisturbed).await;
    let (mut random, rounds, times) = (Random::seeded(), scaled(1, 25), scaled(4, 8));
    let mut progress = Progress::of(rounds * times, "calls");
    for round in 0..rounds {
        let database = TestDatabase::empty().await;
        let migrator = Migrator::new(database.config(), corpus());
        for _ in 0..times {
            let rows = logged(&database).await + random.below(24).cast_signed();
            if random.below(2) == 0 {
                let mut client = process(&database);
                let mut moment = std::pin::pin!(some_moment(&database, &mut random, rows));
                // It may be done before that moment comes.
                while client.try_wait().unwrap().is_none() {
                    if tokio::time::timeout(Duration::from_millis(20), &mut moment).await.is_ok() {
                        break;
                    }
                }
                let _ = client.kill();
                client.wait().unwrap();
            } else {
                let running = {
                    let migrator = migrator.clone();
                    tokio::spawn(async move { migrator.up().await })
                };
                let mut moment = std::pin::pin!(some_moment(&database, &mut random, rows));
                while !running.is_finished() {
                    if tokio::time::timeout(Duration::from_millis(20), &mut moment).await.is_ok() {
                        break;
                    }
                }
                let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                           where datname = current_database() and application_name = 'pgkeel-migrate'";
                count(&database, end).await;
                let _ = running.await.unwrap();
            }
            eventually("the lock is free", async || (locks(&database).await == 0).then_some(())).await;
            progress.add(1);
        }
        migrator.up().await.unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_eq!(fingerprint(&database).await, expected, "round {round}");
        let twice = "select count(*) from (select from runs group by version, statement having count(*) > 1) as twice";
        assert_eq!(count(&database, twice).await, 0);
        let unlike = "select count(*) from pgkeel.refinery_schema_history as h
            where (select count(*) from pgkeel.migration_log as l where l.version = h.version and status = 'ok') <> 1";
        assert_eq!(count(&database, unlike).await, 0, "round {round}");
        assert_eq!(count(&database, "select count(*) from pg_index where not indisvalid").await, 0);
    }
    println!(
        "check 2: {} calls killed, over {rounds} databases; each statement ran once, and the end was that of an undisturbed run",
        rounds * times
    );
}
