//! How calls end that record without running anything: with the schema on record, or stopped.

use std::pin::Pin;
use std::process::{Command, Stdio};
use std::time::Duration;

use pgkeel_connect::{Config, Executor as _, HostName};
use pgkeel_migrate::cli::{self, Exit};
use pgkeel_migrate::{
    Against, Error, Gate, ImportFrom, Migrations, Migrator, Readiness, SchemaCheck, Stop, Tool, Verifier,
    VerifyError,
};
use pgkeel_testkit::{TestDatabase, eventually};

use super::{sql, write};
use crate::{count, has_table, history, locks, recording as migrator};

const FILES: [(&str, &str); 2] =
    [("V1__a.sql", "create table a (id int);"), ("V2__b.sql", "create table b (id int);")];

const DBMATE: &str = "create table schema_migrations (version varchar primary key);
    insert into schema_migrations values ('1')";

async fn recorded(database: &TestDatabase) -> Result<bool, VerifyError> {
    let verifier = Verifier::new(database.config(), Migrations::from_static(&FILES).unwrap());
    Ok(verifier.verify(&Against::Recorded).await?.is_clean())
}

#[tokio::test]
async fn a_baseline_leaves_the_schema_on_record() {
    let database = TestDatabase::empty().await;
    sql(&database, "create table a (id int); create table b (id int)").await;
    let migrator = migrator(&database, &FILES);
    migrator.clone().without_record().baseline(&Against::Shadow).await.unwrap();
    assert!(matches!(recorded(&database).await, Err(VerifyError::NotRecorded)));
    sql(&database, "truncate pgkeel.refinery_schema_history").await;
    migrator.baseline(&Against::Shadow).await.unwrap();
    assert!(recorded(&database).await.unwrap());
    let gate = Gate::new(database.config(), Migrations::from_static(&FILES).unwrap());
    let ready = gate.check().await.unwrap();
    assert!(matches!(ready, Readiness::Ready { schema: SchemaCheck::AsExpected, .. }), "{ready:?}");
}

#[tokio::test]
async fn marks_leave_the_schema_on_record() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    migrator.mark_applied(&[1, 2], "why").await.unwrap();
    assert!(recorded(&database).await.unwrap());
    migrator.mark_reverted(&[2], "why").await.unwrap();
    assert!(recorded(&database).await.unwrap());
    migrator.clone().without_record().mark_applied(&[2], "why").await.unwrap();
    assert!(matches!(recorded(&database).await, Err(VerifyError::StaleRecord)));
}

#[tokio::test]
async fn an_import_leaves_the_schema_on_record() {
    let database = TestDatabase::empty().await;
    sql(&database, &format!("{DBMATE}; create table a (id int)")).await;
    let from = ImportFrom::tool(Tool::Dbmate).verified(Against::Shadow);
    migrator(&database, &FILES).import(&from).await.unwrap();
    assert!(recorded(&database).await.unwrap());
    let compared =
        "select count(*) from pgkeel.migration_log where version = 1 and fingerprint_after is not null";
    assert_eq!(count(&database, compared).await, 1);
}

/// A schema that takes ten minutes to be made, with a word to find it by.
fn slow(word: &str) -> String {
    format!("create table a (id int); select pg_sleep(600), '{word}';")
}

/// The shadow in which the file sleeps.
async fn shadow(database: &TestDatabase, word: &str) -> String {
    let find = format!(
        "select datname::text from pg_stat_activity
         where wait_event = 'PgSleep' and query like '%{word}%' and datname <> current_database()"
    );
    let connection = database.connection().await;
    eventually("a shadow is in its file", async || {
        connection.query_opt(&find, &[]).await.unwrap().map(|row| row.get(0))
    })
    .await
}

async fn has_database(database: &TestDatabase, name: &str) -> bool {
    count(database, &format!("select count(*) from pg_database where datname = '{name}'")).await == 1
}

fn is_unrecorded(error: &VerifyError) -> bool {
    error.is_stopped() && matches!(error, VerifyError::Migrate(Error::StoppedUnrecorded))
}

#[tokio::test]
async fn a_baseline_that_is_stopped_drops_its_shadow_and_records_nothing() {
    let database = TestDatabase::empty().await;
    let (text, stop) = (slow("a baseline that is stopped"), Stop::new());
    let migrator = migrator(&database, &[("V1__a.sql", &text)]).accepting_differences();
    let running = migrator.with_stop(stop.clone());
    let running = tokio::spawn(async move { running.baseline(&Against::Shadow).await });
    let shadow = shadow(&database, "a baseline that is stopped").await;
    stop.request();
    let error = running.await.unwrap().unwrap_err();
    assert!(is_unrecorded(&error), "{error:?}");
    assert_eq!(error.to_string(), "it was stopped, so nothing was recorded");
    assert!(!has_database(&database, &shadow).await);
    assert!(locks(&database).await == 0 && !has_table(&database, "pgkeel.migration_log").await);
}

/// Has nothing written into the history, and waits until somebody tries.
async fn hold<T: Send + 'static>(
    database: &TestDatabase,
    stop: &Stop,
    work: Pin<Box<dyn Future<Output = T> + Send>>,
) -> T {
    let user = database.connection().await;
    user.batch_execute("begin; lock table pgkeel.refinery_schema_history in exclusive mode").await.unwrap();
    let running = tokio::spawn(work);
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and application_name = 'pgkeel-migrate'";
    eventually("it waits", async || (count(database, waiting).await == 1).then_some(())).await;
    stop.request();
    let done = running.await.unwrap();
    user.batch_execute("rollback").await.unwrap();
    done
}

/// With nobody's patience ending before it is asked to stop.
async fn patient(database: &TestDatabase, stop: &Stop) -> Migrator {
    let migrator = migrator(database, &FILES);
    migrator.mark_applied(&[1], "why").await.unwrap();
    migrator.with_lock_timeout(Duration::from_hours(1)).with_stop(stop.clone())
}

#[tokio::test]
async fn a_mark_that_is_stopped_is_cancelled_and_records_nothing() {
    let (database, stop) = (TestDatabase::empty().await, Stop::new());
    let migrator = patient(&database, &stop).await;
    let marked =
        hold(&database, &stop, Box::pin(async move { migrator.mark_applied(&[2], "why").await })).await;
    assert!(matches!(marked, Err(Error::StoppedUnrecorded)), "{marked:?}");
    assert_eq!((history(&database).await, locks(&database).await), (vec![1], 0));
}

#[tokio::test]
async fn an_import_that_is_stopped_is_cancelled_and_records_nothing() {
    let (database, stop) = (TestDatabase::empty().await, Stop::new());
    let migrator = patient(&database, &stop).await;
    sql(&database, &format!("{DBMATE}, ('2')")).await;
    let import = async move { migrator.import(&ImportFrom::tool(Tool::Dbmate)).await };
    let error = hold(&database, &stop, Box::pin(import)).await.unwrap_err();
    assert!(is_unrecorded(&error), "{error:?}");
    assert_eq!((history(&database).await, locks(&database).await), (vec![1], 0));
}

#[tokio::test]
async fn a_request_that_comes_first_has_nothing_recorded() {
    let (database, stop) = (TestDatabase::empty().await, Stop::new());
    stop.request();
    let migrator = migrator(&database, &FILES).with_stop(stop);
    let marked = migrator.mark_applied(&[1], "why").await;
    assert!(matches!(marked, Err(Error::StoppedUnrecorded)), "{marked:?}");
    assert!(!has_table(&database, "pgkeel.migration_log").await);
}

const ADDRESS: &str = "PGKEEL_MIGRATE_BASELINE_ADDRESS";
const DIRECTORY: &str = "PGKEEL_MIGRATE_BASELINE_DIRECTORY";

/// On its own it does nothing; the one below starts it and sends it a signal.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_runs_a_baseline() {
    let (Ok(address), Ok(directory)) = (std::env::var(ADDRESS), std::env::var(DIRECTORY)) else { return };
    let matches = cli::command().get_matches_from(["migrate", "baseline", "--dir", &directory]);
    let connect = async || Ok::<_, ()>(Config::new(address.parse().unwrap()));
    assert_eq!(cli::run(&matches, connect).await, Ok(Exit::Failed));
}

#[tokio::test]
async fn a_signal_stops_a_baseline_in_good_order() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    write(directory.path(), &[("V1__a.sql", &slow("a baseline with a signal"))]);
    let address = database.address();
    let (name, host) = (address.database(), &address.hosts()[0]);
    let HostName::Socket(socket) = host.name() else { panic!("the server of tests listens on a socket") };
    let url =
        format!("postgresql://{}@/{name}?host={}&port={}", address.user(), socket.display(), host.port());
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "adopt::ending::one_process_runs_a_baseline", "--nocapture"]);
    program.env(ADDRESS, url).env(DIRECTORY, directory.path());
    let process = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let shadow = shadow(&database, "a baseline with a signal").await;
    assert!(Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap().success());
    let ended = process.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && out.contains("1 passed"), "{out}{err}");
    assert!(err.contains("migrate: it was stopped, so nothing was recorded"), "{err}");
    assert!(!has_database(&database, &shadow).await && !has_table(&database, "pgkeel.migration_log").await);
}
