//! Whether a service may serve on a database.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pgkeel_connect::{Address, Config, Executor as _};
use pgkeel_migrate::{
    Against, Back, Error, Gate, LockFile, Migrations, Migrator, Prover, Readiness, SchemaCheck, Scope, Until,
    Verifier, VerifyError,
};
use pgkeel_testkit::{Proxy, TestDatabase, eventually, scaled};

use crate::progress::Progress;
use crate::times::Times;
use crate::{count, has_table, outside, recording as migrator};

const FILES: [(&str, &str); 3] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V2__b.sql", "create table b (id int);"),
    ("V2__b.down.sql", "drop table b;"),
];

fn gate(database: &TestDatabase, files: &[(&str, &str)]) -> Gate {
    Gate::new(database.config(), Migrations::from_static(files).unwrap())
}

async fn check(database: &TestDatabase, files: &[(&str, &str)]) -> Readiness {
    gate(database, files).check().await.unwrap()
}

async fn run(database: &TestDatabase, sql: &str) {
    database.connection().await.batch_execute(sql).await.unwrap();
}

fn as_role(database: &TestDatabase, role: &str) -> Config {
    let address = database.address();
    Config::new(Address::new(address.hosts()[0].clone(), role, address.database()))
}

/// What is known of the schema of a database that is ready.
fn schema(readiness: &Readiness) -> SchemaCheck {
    let Readiness::Ready { schema, .. } = readiness else { panic!("{readiness:?}") };
    *schema
}

#[tokio::test]
async fn a_database_at_the_programs_files_is_ready_and_any_other_says_why_not() {
    let database = TestDatabase::empty().await;
    let pending = check(&database, &FILES).await;
    assert_eq!(pending.to_string(), "2 files, from V1__a.sql to V2__b.sql, are not applied; run migrate up",);
    migrator(&database, &FILES).up().await.unwrap();
    let ready = check(&database, &FILES).await;
    assert_eq!(ready.to_string(), "ready: the database has all of 2 migrations, and the schema is theirs");

    let newer = check(&database, &FILES[..1]).await;
    assert!(matches!(&newer, Readiness::Newer { versions } if versions == &[2]), "{newer:?}");
    let accepted = gate(&database, &FILES[..1]).accepting_newer().check().await.unwrap();
    assert_eq!(schema(&accepted), SchemaCheck::NotAsked);

    let edited = [("V1__a.sql", "create table a (id bigint);"), FILES[1]];
    let conflicting = check(&database, &edited).await;
    assert!(matches!(&conflicting, Readiness::Conflicting { conflicts } if conflicts[0].version() == 1));

    run(&database, "create index stray on a (id)").await;
    let drifted = check(&database, &FILES).await;
    assert!(
        matches!(&drifted, Readiness::Drifted { expected, found, .. } if expected != found),
        "{drifted:?}"
    );
    let unasked = gate(&database, &FILES).without_drift().check().await.unwrap();
    assert_eq!(schema(&unasked), SchemaCheck::NotAsked);
    run(&database, "drop index stray").await;
    assert!(check(&database, &FILES).await.is_ready());
}

#[tokio::test]
async fn pending_drifted_newer_and_interrupted_are_four_reasons_and_none_serves() {
    let stopped = outside("create table b (id int); select 1/0;");
    let stopped = [FILES[0], ("V2__b.sql", stopped.as_str())];
    let mut asked = Times::default();
    let mut progress = Progress::of(scaled(1, 50), "databases");
    for round in 0..scaled(1, 50) {
        let database = TestDatabase::empty().await;
        let mut told = Vec::new();
        let mut ask = async |files: &[(&str, &str)]| {
            let gate = gate(&database, files);
            let begun = Instant::now();
            let readiness = gate.check().await.unwrap();
            asked.add(begun.elapsed());
            assert!(!readiness.is_ready(), "round {round}: {readiness}");
            // Who waits for it is not let in either.
            assert!(gate.wait(Until::Ready, Duration::from_millis(10), |_| ()).await.is_err());
            told.push((readiness.word(), readiness.to_string()));
        };
        ask(&FILES[..1]).await;
        migrator(&database, &FILES).up().await.unwrap();
        ask(&FILES[..1]).await;
        run(&database, "alter table a add stray int").await;
        ask(&FILES).await;
        run(&database, "alter table a drop stray").await;
        migrator(&database, &FILES).down(Back::Steps(1)).await.unwrap();
        migrator(&database, &stopped).up().await.unwrap_err();
        ask(&stopped).await;
        let words: Vec<&str> = told.iter().map(|(word, _)| *word).collect();
        assert_eq!(words, ["pending", "newer", "drifted", "interrupted"], "{told:?}");
        let reasons: BTreeSet<&String> = told.iter().map(|(_, reason)| reason).collect();
        assert_eq!(reasons.len(), 4, "{told:?}");
        progress.add(1);
    }
    println!(
        "check 15: {} times a database was not ready, each with its reason of four, and nobody was let in; asked in {asked}",
        asked.len()
    );
}

#[tokio::test]
async fn a_file_that_was_stopped_half_way_is_told_to_the_program_that_has_it_and_is_newer_to_the_one_before()
{
    let database = TestDatabase::empty().await;
    let text = outside("create table b (id int); select 1/0;");
    let files = [FILES[0], ("V2__b.sql", text.as_str())];
    migrator(&database, &files).up().await.unwrap_err();
    let interrupted = check(&database, &files).await;
    assert!(matches!(&interrupted, Readiness::Interrupted { file } if (file.version, file.done) == (2, 1)));
    assert!(interrupted.to_string().ends_with("run migrate up to go on with it"), "{interrupted}");
    let before = check(&database, &files[..1]).await;
    assert!(matches!(&before, Readiness::Newer { versions } if versions == &[2]), "{before:?}");
}

#[tokio::test]
async fn while_somebody_is_at_it_the_holder_is_named_and_nothing_is_waited_for() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES[..1]).up().await.unwrap();
    let files = [FILES[0], ("V2__b.sql", "create table b (id int); select pg_sleep(600);")];
    let slow = migrator(&database, &files);
    let running = tokio::spawn(async move { slow.up().await });
    let pending = eventually("the file runs", async || match check(&database, &files).await {
        Readiness::Pending { files, holder: Some(holder), .. } => Some((files, holder)),
        _ => None,
    })
    .await;
    assert_eq!(
        (pending.0, pending.1.application_name.as_str()),
        (vec!["V2__b.sql".into()], "pgkeel-migrate")
    );
    // The program before goes on: it neither has the file nor waits for its locks.
    assert!(check(&database, &files[..1]).await.is_ready());
    running.abort();
}

#[tokio::test]
async fn each_call_that_changes_something_records_the_schema_and_a_record_that_is_behind_is_no_measure() {
    let database = TestDatabase::empty().await;
    let recorded = "select count(*) from pgkeel.schema_snapshot";
    migrator(&database, &FILES).without_record().up().await.unwrap();
    assert!(!has_table(&database, "pgkeel.schema_snapshot").await);
    assert_eq!(schema(&check(&database, &FILES).await), SchemaCheck::NothingExpected);

    let migrator = migrator(&database, &FILES);
    migrator.down(Back::Steps(1)).await.unwrap();
    assert_eq!(count(&database, recorded).await, 1);
    assert_eq!(schema(&check(&database, &FILES[..1]).await), SchemaCheck::AsExpected);
    migrator.redo().await.unwrap_err(); // there is no way back from the first
    migrator.up().await.unwrap();
    migrator.redo().await.unwrap();
    assert_eq!(schema(&check(&database, &FILES).await), SchemaCheck::AsExpected);

    // As a call leaves it that was killed before it recorded.
    migrator.clone().without_record().down(Back::Steps(1)).await.unwrap();
    assert_eq!(schema(&check(&database, &FILES[..1]).await), SchemaCheck::NothingExpected);
    let verifier = Verifier::new(database.config(), Migrations::from_static(&FILES).unwrap());
    let stale = verifier.verify(&Against::Recorded).await.unwrap_err();
    assert!(matches!(stale, VerifyError::StaleRecord), "{stale:?}");
}

#[tokio::test]
async fn of_files_that_ran_before_one_that_failed_the_schema_is_recorded_too() {
    let database = TestDatabase::empty().await;
    let files = [FILES[0], ("V2__b.sql", "select 1/0;")];
    migrator(&database, &files).up().await.unwrap_err();
    assert_eq!(schema(&check(&database, &files[..1]).await), SchemaCheck::AsExpected);
}

#[tokio::test]
async fn a_lock_file_is_the_measure_if_there_is_one() {
    let database = TestDatabase::empty().await;
    let migrations = Migrations::from_static(&FILES).unwrap();
    let lock = Prover::new(database.config(), migrations.clone()).lock().await.unwrap();
    let gate = gate(&database, &FILES).against(lock.clone());
    // What was changed before the record was made counts as drift from the files all the same.
    run(&database, "create table stray (id int)").await;
    Migrator::new(database.config(), migrations).with_recorded(lock.scope().clone()).up().await.unwrap();
    let drifted = gate.check().await.unwrap();
    assert!(matches!(drifted, Readiness::Drifted { against: "the lock file", .. }), "{drifted:?}");
    run(&database, "drop table stray").await;
    assert_eq!(schema(&gate.check().await.unwrap()), SchemaCheck::AsExpected);

    let directory = tempfile::tempdir().unwrap();
    lock.write(directory.path()).unwrap();
    let text = std::fs::read_to_string(directory.path().join(LockFile::NAME)).unwrap();
    assert_eq!(LockFile::parse(&text).unwrap(), lock);
    let other = text.replace(&format!("postgresql {}", lock.major()), "postgresql 11");
    let other = gate.clone().against(LockFile::parse(&other).unwrap());
    assert_eq!(schema(&other.check().await.unwrap()), SchemaCheck::AsExpected);
    run(&database, "create table stray (id int)").await;
    let unknown = schema(&other.check().await.unwrap());
    assert!(matches!(unknown, SchemaCheck::OtherMajor { expected: 11, .. }), "{unknown:?}");
}

#[tokio::test]
async fn a_role_that_only_reads_can_ask_and_one_that_may_not_is_an_error() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    let role = format!("{}_reader", database.address().database());
    run(&database, &format!("create role {role} login")).await;
    let gate = Gate::new(as_role(&database, &role), Migrations::from_static(&FILES).unwrap());
    let error = gate.check().await.unwrap_err();
    assert!(error.server().is_some_and(|server| server.code().code() == "42501"), "{error:?}");
    run(
        &database,
        &format!(
            "grant usage on schema pgkeel to {role}; grant select on pgkeel.refinery_schema_history to {role}"
        ),
    )
    .await;
    assert_eq!(schema(&gate.check().await.unwrap()), SchemaCheck::NothingExpected);
    run(&database, &format!("grant select on all tables in schema pgkeel to {role}")).await;
    assert_eq!(schema(&gate.check().await.unwrap()), SchemaCheck::AsExpected);
    run(&database, &format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn a_role_that_may_not_record_applies_all_the_same() {
    let database = TestDatabase::empty().await;
    let role = format!("{}_owner", database.address().database());
    // All that the files need, and the history; no table can be made beside it.
    migrator(&database, &FILES[..1]).without_record().up().await.unwrap();
    let rights = format!(
        "create role {role} login; grant usage on schema pgkeel to {role}; grant create, usage on schema public to {role};
         grant select, insert, update, delete on all tables in schema pgkeel to {role}"
    );
    run(&database, &rights).await;
    Migrator::new(as_role(&database, &role), Migrations::from_static(&FILES).unwrap()).up().await.unwrap();
    assert_eq!(schema(&check(&database, &FILES).await), SchemaCheck::NothingExpected);
    run(&database, &format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_an_error_and_never_ready() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    let proxy = Proxy::before(database.address()).await;
    let config = Config::new(proxy.address());
    let gate = Gate::new(config, Migrations::from_static(&FILES).unwrap());
    assert!(gate.check().await.unwrap().is_ready());
    drop(proxy);
    let error = gate.check().await.unwrap_err();
    assert!(error.is_disconnected() && matches!(error, VerifyError::Migrate(Error::Connect(_))), "{error:?}");
}

#[tokio::test]
async fn of_many_files_it_costs_little() {
    let database = TestDatabase::empty().await;
    let number = scaled(150, 2000);
    let files: Vec<(String, String)> = (1..=number)
        .map(|n| (format!("V{n}__t.sql"), format!("create table t{n} (id int, note text);")))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let begun = Instant::now();
    migrator(&database, &files).without_record().up().await.unwrap();
    let up = begun.elapsed();
    let ready = check(&database, &files).await;
    assert_eq!(schema(&ready), SchemaCheck::NothingExpected);
    let connection = database.connection().await;
    let scope = Scope::default();
    let begun = Instant::now();
    let snapshot = pgkeel_migrate::Snapshot::take(&connection, &scope).await.unwrap();
    let taken = begun.elapsed();
    snapshot.record(&connection, &scope).await.unwrap();
    let recorded = begun.elapsed();
    let timed = async |gate: Gate| {
        let begun = Instant::now();
        assert!(gate.check().await.unwrap().is_ready());
        begun.elapsed()
    };
    let (files_only, all) =
        (timed(gate(&database, &files).without_drift()).await, timed(gate(&database, &files)).await);
    println!(
        "check 15: {number} files: up {up:.1?}; snapshot {taken:.1?}, with record {recorded:.1?}; gate {files_only:.1?}, with schema \
         {all:.1?}"
    );
}
