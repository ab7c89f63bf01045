//! A process that stands still while another one takes over.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use pgkeel_connect::{Address, Config, Connection, Executor as _};
use pgkeel_migrate::{Error, Migrations, Migrator};
use pgkeel_testkit::{TestDatabase, eventually};

use crate::stop::url;
use crate::{count, history, locks, migrator};

const ADDRESS: &str = "PGKEEL_MIGRATE_FROZEN_ADDRESS";
const FORM: &str = "PGKEEL_MIGRATE_FROZEN_FORM";

/// The second waits for somebody who has locked `gate`, in a transaction or between two statements.
fn files(form: &str) -> [(&'static str, String); 3] {
    let second = format!(
        "-- pgkeel: lock_timeout=10min{form}\ninsert into runs values (2); select count(*) from gate; insert into runs values (20);"
    );
    [
        ("V1__a.sql", "create table runs (version int); insert into runs values (1);".to_owned()),
        ("V2__b.sql", second),
        ("V3__c.sql", "insert into runs values (3);".to_owned()),
    ]
}

fn these<'a>(files: &'a [(&'a str, String); 3]) -> [(&'a str, &'a str); 3] {
    files.each_ref().map(|(file, text)| (*file, text.as_str()))
}

/// On its own it does nothing; those below start it.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_applies_files() {
    let (Ok(address), Ok(form)) = (std::env::var(ADDRESS), std::env::var(FORM)) else { return };
    let migrations = Migrations::from_static(&these(&files(&form))).unwrap();
    let config = Config::new(address.parse::<Address>().unwrap());
    Migrator::new(config, migrations).without_record().up().await.unwrap();
}

/// A process at its second file, which does not go on while the session here has `gate`.
struct Frozen {
    database: TestDatabase,
    gate: Connection,
    process: Process,
}

/// It is ended if nobody waits for it, as it would stand still for ever.
struct Process(Option<Child>);

impl Process {
    fn signal(&self, signal: &str) {
        let id = self.0.as_ref().expect("it is there until it is waited for").id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
    }

    fn ended(mut self) -> Output {
        self.0.take().expect("it is waited for once").wait_with_output().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(process) = &mut self.0 {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Frozen {
    async fn at_work(form: &str) -> Self {
        let database = TestDatabase::empty().await;
        let gate = database.connection().await;
        gate.batch_execute("create table gate ()").await.unwrap();
        gate.batch_execute("begin; lock table gate").await.unwrap();
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args(["--exact", "frozen::one_process_applies_files"]);
        program.env(ADDRESS, url(&database)).env(FORM, form);
        let process = Process(Some(program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()));
        let waits = "select count(*) from pg_locks where not granted and relation = 'gate'::regclass";
        eventually("it waits", async || (count(&database, waits).await == 1).then_some(())).await;
        process.signal("STOP");
        Self { database, gate, process }
    }

    /// Lets it go on, and returns whether it ended well, and what it said.
    fn goes_on(self) -> (TestDatabase, bool, String) {
        self.process.signal("CONT");
        let ended = self.process.ended();
        (self.database, ended.status.success(), String::from_utf8_lossy(&ended.stdout).into_owned())
    }
}

async fn runs(database: &TestDatabase) -> Vec<i32> {
    let rows =
        database.onlooker().await.query("select version from runs order by version", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

const LOGGED: &str = "select count(*) from pgkeel.migration_log";

#[tokio::test]
async fn nobody_takes_over_while_the_session_of_one_that_stands_still_has_the_lock() {
    let frozen = Frozen::at_work("").await;
    let all = files("");
    let other = migrator(&frozen.database, &these(&all)).with_lock_wait(Duration::from_millis(50));
    let error = other.up().await.unwrap_err();
    assert!(matches!(error, Error::Locked { holder: Some(_), .. }), "{error:?}");
    // What it had sent ahead may run now.
    frozen.gate.batch_execute("rollback").await.unwrap();
    let (database, is_well, said) = frozen.goes_on();
    assert!(is_well, "{said}");
    assert_eq!((history(&database).await, runs(&database).await), (vec![1, 2, 3], vec![1, 2, 3, 20]));
}

#[tokio::test]
async fn one_that_stood_still_while_another_took_over_writes_nothing_any_more() {
    for form in ["", " transaction=off"] {
        let frozen = Frozen::at_work(form).await;
        // As its server or the network may do to it.
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and application_name = 'pgkeel-migrate'";
        assert!(count(&frozen.database, end).await >= 1);
        eventually("the lock is free", async || (locks(&frozen.database).await == 0).then_some(())).await;
        frozen.gate.batch_execute("rollback").await.unwrap();
        let all = files(form);
        assert_eq!(migrator(&frozen.database, &these(&all)).up().await.unwrap().done.len(), 2, "{form}");
        let logged = count(&frozen.database, LOGGED).await;
        let (database, is_well, said) = frozen.goes_on();
        assert!(!is_well && said.contains("V2__b.sql"), "{form}: {said}");
        assert_eq!(count(&database, LOGGED).await, logged, "{form}");
        assert_eq!((history(&database).await, runs(&database).await), (vec![1, 2, 3], vec![1, 2, 3, 20]));
    }
}
