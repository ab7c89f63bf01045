//! Many starters at once.

use std::process::{Command, Stdio};
use std::time::Duration;

use pgkeel_connect::{Address, Config, Executor as _, HostName};
use pgkeel_migrate::{Error, Event, Migrations, Migrator};
use pgkeel_testkit::{TestDatabase, eventually, scaled};
use tokio::task::JoinSet;

use crate::progress::Progress;
use crate::{count, history, locks, migrator};

/// Each would fail or count twice if it ran twice. The last waits for every snapshot, those of waiting starters too.
const FILES: [(&str, &str); 5] = [
    ("V1__runs.sql", "create table runs (version int);"),
    ("V2__a.sql", "insert into runs values (2); create table a (id int);"),
    ("V3__b.sql", "insert into runs values (3); select pg_sleep(0.02);"),
    ("V4__c.sql", "insert into runs values (4); create index on a (id);"),
    (
        "V5__d.sql",
        "-- pgkeel: transaction=off\ninsert into runs values (5); create index concurrently a_idx on a (id);
         reindex index concurrently a_idx;",
    ),
];

async fn assert_each_applied_once(database: &TestDatabase) {
    assert_eq!(history(database).await, [1, 2, 3, 4, 5]);
    assert_eq!(count(database, "select count(*) from runs").await, 4);
    assert_eq!(count(database, "select count(*) from pg_index where not indisvalid").await, 0);
    // None was in the way of another.
    let logged = "select count(*) from pgkeel.migration_log where status = 'ok' and attempts = 1";
    assert_eq!(count(database, logged).await, 5);
    assert_eq!(locks(database).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_tasks_all_succeed_and_each_file_is_applied_once() {
    let (rounds, starters) = (scaled(2, 20), scaled(8, 32));
    let mut progress = Progress::of(rounds, "rounds");
    for _ in 0..rounds {
        let database = TestDatabase::empty().await;
        let migrator = migrator(&database, &FILES);
        let mut tasks = JoinSet::new();
        for _ in 0..starters {
            let migrator = migrator.clone();
            tasks.spawn(async move { migrator.up().await.unwrap().done.len() });
        }
        assert_eq!(tasks.join_all().await.iter().sum::<usize>(), FILES.len());
        assert_each_applied_once(&database).await;
        progress.add(1);
    }
    println!("check 1: {rounds} rounds of {starters} tasks, all ended well, each file applied once");
}

#[tokio::test]
async fn whoever_waits_for_the_lock_by_hand_hinders_nothing_and_gets_it_in_the_end() {
    const THERE: &str = "locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
    let database = TestDatabase::empty().await;
    let until_somebody_waits = format!(
        "do $$ begin
             while not exists (select from pg_locks where not granted and {THERE}) loop perform pg_sleep(0.01); end loop;
         end $$;"
    );
    let files = [("V1__a.sql", until_somebody_waits.as_str()), ("V2__b.sql", "create table b (id int);")];
    let migrator = migrator(&database, &files);
    let running = tokio::spawn(async move { migrator.up().await });
    eventually("the lock is taken", async || (locks(&database).await == 1).then_some(())).await;
    let wait = format!(
        "select count(pg_advisory_lock((classid::int8 << 32) | objid::int8)) from pg_locks where {THERE}"
    );
    let (got, done) = tokio::join!(count(&database, &wait), running);
    assert_eq!((got, done.unwrap().unwrap().done.len()), (1, 2));
}

/// What tells a process of this program which database to migrate.
const ADDRESS: &str = "PGKEEL_MIGRATE_TEST_ADDRESS";

/// On its own a test; the one below starts it eight times on one database.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_migrates_a_database() {
    let mut own = None;
    let address: Address = match std::env::var(ADDRESS) {
        Ok(address) => address.parse().unwrap(),
        Err(_) => own.insert(TestDatabase::empty().await).address().clone(),
    };
    let migrations = Migrations::from_static(&FILES).unwrap();
    Migrator::new(Config::new(address), migrations).up().await.unwrap();
}

#[tokio::test]
async fn of_many_processes_all_succeed_and_each_file_is_applied_once() {
    let database = TestDatabase::empty().await;
    let host = &database.address().hosts()[0];
    let (user, name) = (database.address().user(), database.address().database());
    let HostName::Socket(directory) = host.name() else { panic!("the server of tests listens on a socket") };
    let address = format!("postgresql://{user}@/{name}?host={}&port={}", directory.display(), host.port());
    let start = || {
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args(["--exact", "race::one_process_migrates_a_database"]);
        program.env(ADDRESS, &address).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let started: Vec<_> = (0..8).map(|_| start()).collect();
    for process in started {
        let ended = process.wait_with_output().unwrap();
        let output = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(ended.status.success() && output.contains("1 passed"), "{output}");
    }
    assert_each_applied_once(&database).await;
}

#[tokio::test]
async fn who_waits_too_long_learns_who_holds_the_lock() {
    let database = TestDatabase::empty().await;
    let slow = migrator(&database, &[("V1__slow.sql", "select pg_sleep(600);")]);
    let holding = tokio::spawn(async move { slow.up().await });
    let admin = database.connection().await;
    let sleeping =
        "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
    let pid: i32 = eventually("the first is in its file", async || {
        admin.query_opt(sleeping, &[]).await.unwrap().map(|row| row.get(0))
    })
    .await;

    let mut told = Vec::new();
    let waiting = migrator(&database, &FILES).with_lock_wait(Duration::from_millis(100));
    let error = waiting
        .up_with(|event| {
            if let Event::Waiting { holder: Some(holder) } = event {
                told.push(holder.pid);
            }
        })
        .await
        .unwrap_err();
    assert_eq!(told, [pid]);
    let Error::Locked { holder: Some(holder), .. } = &error else { panic!("{error:?}") };
    assert_eq!((holder.pid, holder.application_name.as_str()), (pid, "pgkeel-migrate"));
    assert!(holder.since.is_some());
    assert!(
        error.to_string().contains(&format!("\"pgkeel-migrate\" with process id {pid}, connected since 2")),
        "{error}"
    );
    holding.abort();
}

#[tokio::test]
async fn two_databases_of_one_server_do_not_wait_for_each_other() {
    let (one, other) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let slow = migrator(&one, &[("V1__slow.sql", "select pg_sleep(600);")]);
    let holding = tokio::spawn(async move { slow.up().await });
    eventually("the first holds its lock", async || (locks(&one).await == 1).then_some(())).await;
    migrator(&other, &FILES).with_lock_wait(Duration::from_millis(1)).up().await.unwrap();
    holding.abort();
}
