//! Calls that are asked to stop.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pgkeel_connect::{Address, Config, Executor as _, HostName};
use pgkeel_migrate::cli::{self, Exit};
use pgkeel_migrate::{
    Against, Error, Migrations, Migrator, Prover, Reason, Squasher, Stays, Stop, Verifier, VerifyError,
};
use pgkeel_testkit::{TestDatabase, eventually};

use crate::{count, has_table, history, locks, log, migrator, outside};

const SLEEPING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";

async fn sleeps(database: &TestDatabase) {
    eventually("it is in its file", async || (count(database, SLEEPING).await == 1).then_some(())).await;
}

/// Asks the call to stop once it sleeps, and returns its error.
pub(crate) async fn stopped(database: &TestDatabase, migrator: Migrator) -> Error {
    let stop = Stop::new();
    let migrator = migrator.with_stop(stop.clone());
    let running = tokio::spawn(async move { migrator.up().await });
    sleeps(database).await;
    stop.request();
    let error = running.await.unwrap().unwrap_err();
    assert!(error.is_stopped(), "{error:?}");
    assert_eq!((locks(database).await, count(database, SLEEPING).await), (0, 0));
    error
}

#[tokio::test]
async fn a_file_in_a_transaction_is_rolled_back_and_logged() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "select 1;"),
        ("V2__b.sql", "create table b (id int);\nselect pg_sleep(600);"),
        ("V3__c.sql", "select 1;"),
    ];
    let error = stopped(&database, migrator(&database, &files)).await;
    let failed = error.file().unwrap();
    assert_eq!((failed.stays, failed.at.unwrap().line), (Stays::Nothing, 2));
    assert_eq!(error.before(), ["V1__a.sql"]);
    assert!(!has_table(&database, "b").await);
    assert_eq!(log::rows(&database).await[3], "2 up failed transaction 0/2");
    let logged = "select count(*) from pgkeel.migration_log where error = 'it was stopped'";
    assert_eq!(count(&database, logged).await, 1);
}

#[tokio::test]
async fn a_file_outside_keeps_the_statements_that_ended() {
    let database = TestDatabase::empty().await;
    let text = outside("create table b (id int); select pg_sleep(600); select 1;");
    let error = stopped(&database, migrator(&database, &[("V1__b.sql", &text)])).await;
    assert_eq!(error.file().unwrap().stays, Stays::Statements { done: 1, of: 3 });
    assert_eq!(log::rows(&database).await[2], "1 up interrupted statements 1/3");
    assert!(
        error.to_string().starts_with("V1__b.sql:2:26: it was stopped; 1 of its 3 statements stay"),
        "{error}"
    );
}

#[tokio::test]
async fn what_a_file_outside_of_a_transaction_asks_first_is_cancelled() {
    let slow = "-- pgkeel: precheck=\"select pg_sleep(600) is not null\"";
    let batches = "-- pgkeel: backfill\ndelete from t where id in (select id from t limit current_setting('pgkeel.batch')::int)";
    for text in [outside("select 1;"), batches.to_owned()] {
        let database = TestDatabase::empty().await;
        let text = format!("{slow}\n{text}");
        let files = [("V1__t.sql", "create table t (id int);"), ("V2__b.sql", &*text)];
        stopped(&database, migrator(&database, &files).accepting_destructive()).await;
        assert_eq!(history(&database).await, [1]);
    }
}

#[tokio::test]
async fn whoever_waits_for_others_or_for_a_lock_stops_too() {
    let database = TestDatabase::empty().await;
    let holding = migrator(&database, &[("V1__a.sql", "select pg_sleep(600);")]);
    let holding = tokio::spawn(async move { holding.up().await });
    sleeps(&database).await;
    let stop = Stop::new();
    let waiting = migrator(&database, &[("V1__a.sql", "select 1;")]).with_stop(stop.clone());
    let error = waiting.up_with(|_| stop.request()).await.unwrap_err();
    assert!(matches!(error, Error::Stopped { .. }), "{error:?}");
    holding.abort();

    // In the first one the server has yet to notice that.
    let database = TestDatabase::empty().await;
    let user = database.connection().await;
    user.batch_execute("create table t (id int)").await.unwrap();
    user.batch_execute("begin; lock table t").await.unwrap();
    let stop = Stop::new();
    let files = [("V1__a.sql", "-- pgkeel: lock_timeout=20ms\nalter table t add n int;")];
    let pausing = migrator(&database, &files).with_stop(stop.clone());
    let error = pausing
        .up_with(|event| {
            if matches!(event, pgkeel_migrate::Event::Retrying { .. }) {
                stop.request();
            }
        })
        .await
        .unwrap_err();
    assert!(matches!(error.file().unwrap().reason, Reason::Stopped), "{error:?}");
}

#[tokio::test]
async fn a_request_that_comes_before_the_call_has_nothing_done() {
    let database = TestDatabase::empty().await;
    let stop = Stop::new();
    stop.request();
    let error = migrator(&database, &[("V1__a.sql", "select 1;")]).with_stop(stop).up().await.unwrap_err();
    assert!(error.is_stopped() && history(&database).await.is_empty());
}

/// Two files, the second of which sleeps where it is run; what it says tells it from those of other tests.
fn asleep_in_shadows(database: &TestDatabase) -> [(&'static str, String); 2] {
    let sleep = format!("create table b ();\nselect pg_sleep(600), '{}';", database.address().database());
    [("V1__a.sql", "create table a ();".to_owned()), ("V2__b.sql", sleep)]
}

/// The shadow in which a file of this test sleeps.
async fn shadow_of(database: &TestDatabase) -> String {
    let admin = database.connection().await;
    let sql = "select datname::text from pg_stat_activity
               where wait_event = 'PgSleep' and query like '%' || current_database() || '%'";
    eventually("it is in its file", async || {
        let rows = admin.query(sql, &[]).await.unwrap();
        rows.first().map(|row| row.get::<_, String>(0))
    })
    .await
}

async fn is_there(database: &TestDatabase, shadow: &str) -> bool {
    count(database, &format!("select count(*) from pg_database where datname = '{shadow}'")).await == 1
}

#[tokio::test]
async fn what_is_done_in_shadows_leaves_none() {
    for which in ["lock", "prove", "squash", "verify"] {
        let database = TestDatabase::empty().await;
        let files = asleep_in_shadows(&database);
        let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
        let (migrations, config) = (Migrations::from_static(&files).unwrap(), database.config());
        if which == "verify" {
            migrator(&database, &files).mark_applied(&[1, 2], "by hand").await.unwrap();
        }
        let stop = Stop::new();
        let stopped = stop.clone();
        let running = tokio::spawn(async move {
            match which {
                "lock" => Prover::new(config, migrations).with_stop(stopped).lock().await.map(|_| ()),
                "prove" => Prover::new(config, migrations).with_stop(stopped).prove().await.map(|_| ()),
                "squash" => Squasher::new(config, migrations).with_stop(stopped).squash(2).await.map(|_| ()),
                _ => {
                    let verifier = Verifier::new(config, migrations).with_stop(stopped);
                    verifier.verify(&Against::Shadow).await.map(|_| ())
                }
            }
        });
        let shadow = shadow_of(&database).await;
        assert!(shadow.starts_with("pgkeel_shadow_"), "{shadow}");
        stop.request();
        let error = running.await.unwrap().unwrap_err();
        assert!(!is_there(&database, &shadow).await, "{which}");
        assert!(error.is_stopped() && matches!(error, VerifyError::Stopped { shadow: None }), "{error:?}");
        assert_eq!(error.to_string(), "it was stopped; nothing is left of it");
    }
}

const ADDRESS: &str = "PGKEEL_MIGRATE_STOP_ADDRESS";
const WORDS: &str = "PGKEEL_MIGRATE_STOP_WORDS";

/// On its own it does nothing; the one below starts it and sends it a signal.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_runs_the_command_line() {
    let (Ok(address), Ok(words)) = (std::env::var(ADDRESS), std::env::var(WORDS)) else { return };
    let matches = cli::command().get_matches_from(words.split(' '));
    let connect = async || Ok::<_, ()>(Config::new(address.parse::<Address>().unwrap()));
    assert_eq!(cli::run(&matches, connect).await, Ok(Exit::Failed));
}

/// The address, for another process.
pub(crate) fn url(database: &TestDatabase) -> String {
    let address = database.address();
    let (name, host) = (address.database(), &address.hosts()[0]);
    let HostName::Socket(socket) = host.name() else { panic!("the server of tests listens on a socket") };
    format!("postgresql://{}@/{name}?host={}&port={}", address.user(), socket.display(), host.port())
}

/// A process that runs these words on the database and the files of the directory.
fn process(database: &TestDatabase, words: &str, directory: &Path) -> Child {
    let words = format!("migrate {words} --dir {}", directory.display());
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "stop::one_process_runs_the_command_line", "--nocapture"]);
    program.env(ADDRESS, url(database)).env(WORDS, words).stdout(Stdio::piped()).stderr(Stdio::piped());
    program.spawn().unwrap()
}

/// Sends a signal, and returns what the process has said by its end.
fn ended(process: Child, signal: &str) -> (String, String) {
    let sent = Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let ended = process.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && out.contains("1 passed"), "{out}{err}");
    (out.into_owned(), err.into_owned())
}

#[tokio::test]
async fn signals_stop_the_command_line_in_good_order() {
    for signal in ["-INT", "-TERM"] {
        let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
        std::fs::write(directory.path().join("V1__a.sql"), "create table a (id int); select pg_sleep(600);")
            .unwrap();
        let process = process(&database, "up", directory.path());
        sleeps(&database).await;
        let (_, err) = ended(process, signal);
        assert!(
            err.contains("stopping; once more to end at once")
                && err.contains("V1__a.sql:1:26: it was stopped"),
            "{err}"
        );
        assert_eq!(log::rows(&database).await[1], "1 up failed transaction 0/2");
        assert!(!has_table(&database, "a").await);
    }
}

#[tokio::test]
async fn a_signal_has_verbs_that_use_shadows_drop_them_and_write_nothing() {
    for words in ["verify --against=shadow", "test", "lock", "squash --to 2", "diff files files"] {
        let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
        let files = asleep_in_shadows(&database);
        for (name, text) in &files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
        migrator(&database, &files).mark_applied(&[1, 2], "by hand").await.unwrap();
        let process = process(&database, &format!("{words} --json"), directory.path());
        let shadow = shadow_of(&database).await;
        let (out, err) = ended(process, "-INT");
        assert!(out.contains("\"stopped\": true") && out.contains("\"exit\": 1"), "{words}: {out}");
        assert!(!is_there(&database, &shadow).await, "{words}: {err}");
        assert!(err.ends_with("migrate: it was stopped; nothing is left of it\n"), "{words}: {err}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "{words}");
    }
}

#[tokio::test]
async fn who_stops_a_dry_run_is_told_how_to_begin_it_again() {
    for words in ["up --dry-run", "up --dry-run=shadow"] {
        let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
        for (name, text) in asleep_in_shadows(&database) {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let process = process(&database, words, directory.path());
        shadow_of(&database).await;
        let (_, err) = ended(process, "-INT");
        assert!(err.ends_with(&format!("\nnext: migrate {words}\n")), "{err}");
    }
}

#[tokio::test]
async fn a_cancel_from_elsewhere_is_a_refusal() {
    let database = TestDatabase::empty().await;
    let running =
        migrator(&database, &[("V1__a.sql", "select pg_sleep(600);")]).with_lock_wait(Duration::from_secs(1));
    let running = tokio::spawn(async move { running.up().await });
    sleeps(&database).await;
    let cancel = "select count(pg_cancel_backend(pid)) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
    assert_eq!(count(&database, cancel).await, 1);
    let error = running.await.unwrap().unwrap_err();
    assert!(!error.is_stopped() && error.server().unwrap().code().code() == "57014");
}
