//! Several processes over the same tenants, and one that is killed among them.

use std::process::{Child, Command, Stdio};

use pgkeel_connect::{Address, Config, HostName};
use pgkeel_migrate::{Migrations, Migrator, Tenants};
use pgkeel_testkit::{Random, TestDatabase, eventually, scaled};

use super::{execute, history, tenant};
use crate::progress::Progress;
use crate::{count, outside};

const TENANTS: usize = 12;
const ADDRESS: &str = "PGKEEL_MIGRATE_TENANTS_ADDRESS";

/// Each statement would fail or count twice if it ran twice for one tenant.
fn migrations() -> Migrations {
    let alone = outside(
        "insert into runs values (3); create index concurrently runs_i on runs (version); vacuum runs",
    );
    let files = [
        ("V1__runs.sql", "create table runs (version int);"),
        ("V2__a.sql", "insert into runs values (2); create table a (id int);"),
        ("V3__alone.sql", alone.as_str()),
        ("V4__b.sql", "insert into runs values (4); alter table a add note text;"),
    ];
    Migrations::from_static(&files).unwrap()
}

/// On its own it does nothing; those below start it.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_migrates_all_tenants() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let migrator = Migrator::new(Config::new(address.parse::<Address>().unwrap()), migrations());
    let report = Tenants::matching(migrator, ["tenant_*"]).up(|event| println!("{event:?}")).await.unwrap();
    assert_eq!((report.well, report.failed), (TENANTS, 0));
}

fn process(database: &TestDatabase) -> Child {
    let (address, host) = (database.address(), &database.address().hosts()[0]);
    let HostName::Socket(socket) = host.name() else { panic!("the server of tests listens on a socket") };
    let (user, name) = (address.user(), address.database());
    let url = format!("postgresql://{user}@/{name}?host={}&port={}", socket.display(), host.port());
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "tenants::race::one_process_migrates_all_tenants"]).env(ADDRESS, url);
    program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

async fn tenants() -> TestDatabase {
    let database = TestDatabase::empty().await;
    let schemas: Vec<String> = (0..TENANTS).map(|number| format!("create schema tenant_{number}")).collect();
    execute(&database, &schemas.join("; ")).await;
    database
}

async fn assert_each_applied_once(database: &TestDatabase) {
    for number in 0..TENANTS {
        let tenant = tenant(&format!("tenant_{number}"));
        assert_eq!(history(database, &tenant).await, [1, 2, 3, 4]);
        assert_eq!(count(database, &format!("select count(*) from {tenant}.runs")).await, 3, "{tenant}");
    }
    assert_eq!(count(database, "select count(*) from pg_index where not indisvalid").await, 0);
}

#[tokio::test]
async fn of_two_processes_each_does_its_part_and_no_tenant_is_done_twice() {
    let mut progress = Progress::of(scaled(1, 10), "races");
    for _ in 0..scaled(1, 10) {
        let database = tenants().await;
        let started: Vec<Child> = (0..2).map(|_| process(&database)).collect();
        for process in started {
            let ended = process.wait_with_output().unwrap();
            let output = String::from_utf8_lossy(&ended.stdout).into_owned();
            assert!(ended.status.success() && output.contains("1 passed"), "{output}");
        }
        assert_each_applied_once(&database).await;
        let logged = "select count(*) from tenant_7.pgkeel_migration_log where status = 'ok'";
        assert_eq!(count(&database, logged).await, 4);
        progress.add(1);
    }
    println!("tenants: {} races of two processes over {TENANTS} tenants, each worked on once", scaled(1, 10));
}

#[tokio::test]
async fn after_a_process_was_killed_the_next_one_does_the_rest() {
    let mut random = Random::seeded();
    let mut progress = Progress::of(scaled(2, 25), "kills");
    for _ in 0..scaled(2, 25) {
        let database = tenants().await;
        let mut first = process(&database);
        let some = 1 + random.below(TENANTS as u64).cast_signed();
        let tables = "select count(*) from pg_tables where tablename = 'a'";
        eventually("some are under way", async || (count(&database, tables).await >= some).then_some(()))
            .await;
        first.kill().unwrap();
        first.wait().unwrap();
        let second = process(&database).wait_with_output().unwrap();
        let output = String::from_utf8_lossy(&second.stdout).into_owned();
        assert!(second.status.success() && output.contains("1 passed"), "{output}");
        assert_each_applied_once(&database).await;
        progress.add(1);
    }
    println!("tenants: {} processes killed among {TENANTS} tenants, the next did the rest", scaled(2, 25));
}
