//! A schema that was there before its history.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::cli::Exit;
use pgkeel_migrate::{Against, DryRun, Error, LockFile, Migrations, Prover, Target, Verifier, VerifyError};
use pgkeel_testkit::TestDatabase;

use super::{recorded, sql, write};
use crate::checkpoints::checkpoint;
use crate::cli::run;
use crate::{has_table, history, migrator};

const FILES: [(&str, &str); 3] = [
    ("V1__orders.sql", "create table orders (id bigint primary key, price numeric(10,2));\n"),
    ("V2__customers.sql", "create table customers (id bigint primary key);\n"),
    ("V3__later.sql", "alter table orders add note text;\n"),
];

/// The same in other words.
const BY_HAND: &str = "create table customers (id int8, primary key (id));
    create table orders (id int8 not null, price decimal(10,2), note text, primary key (id))";

async fn by_hand() -> TestDatabase {
    let database = TestDatabase::empty().await;
    sql(&database, BY_HAND).await;
    database
}

#[tokio::test]
async fn a_schema_that_the_files_make_is_recorded_and_nothing_runs() {
    let database = by_hand().await;
    let migrator = migrator(&database, &FILES);
    let task = tokio::spawn({
        let migrator = migrator.clone();
        async move { migrator.baseline(&Against::Shadow).await }
    });
    let baseline = task.await.unwrap().unwrap();
    assert_eq!((baseline.recorded.len(), baseline.is_dry_run), (3, false));
    assert!(baseline.verification.unwrap().is_clean());
    let (rows, log) = recorded(&database).await;
    assert!(rows.len() == 3 && rows[0].starts_with("1 2"), "{rows:?}");
    assert_eq!(log, ["1 baseline up ok", "2 baseline up ok", "3 baseline up ok"]);
    let fingerprints =
        "select count(*) from pgkeel.migration_log where (fingerprint_after is not null) <> (version = 3)
                        or statements_done <> 0";
    assert_eq!(crate::count(&database, fingerprints).await, 0);
    assert!(migrator.up().await.unwrap().done.is_empty());
    let verifier = Verifier::new(database.config(), Migrations::from_static(&FILES).unwrap());
    assert!(verifier.verify(&Against::Shadow).await.unwrap().is_clean());
}

#[tokio::test]
async fn what_differs_is_named_and_refused_unless_it_is_accepted() {
    let database = by_hand().await;
    sql(&database, "alter table orders alter price type numeric(12,2); create table stray (id int)").await;
    let migrator = migrator(&database, &FILES);
    let error = migrator.baseline(&Against::Shadow).await.unwrap_err();
    assert!(matches!(error, VerifyError::Different { .. }), "{error:?}");
    let told = error.to_string();
    assert!(told.contains("type: expected numeric(10,2), found numeric(12,2)"), "{told}");
    assert!(told.contains("table public.stray is not expected"), "{told}");
    assert!(!has_table(&database, "pgkeel.migration_log").await);

    let accepted = migrator.accepting_differences().baseline(&Against::Shadow).await.unwrap();
    assert!(!accepted.verification.unwrap().is_clean());
    assert_eq!(history(&database).await, [1, 2, 3]);
}

#[tokio::test]
async fn the_rest_stays_pending_and_a_dry_run_leaves_nothing() {
    let database = TestDatabase::empty().await;
    sql(&database, FILES[0].1).await;
    let migrator = migrator(&database, &FILES).with_target(Target::Version(1));
    let tried = migrator.clone().with_dry_run(DryRun::Rollback).baseline(&Against::Shadow).await.unwrap();
    assert!(tried.is_dry_run && tried.recorded.len() == 1);
    assert!(!has_table(&database, "pgkeel.migration_log").await);
    migrator.baseline(&Against::Shadow).await.unwrap();
    assert_eq!(migrator.with_target(Target::Latest).up().await.unwrap().done.len(), 2);
    assert_eq!(history(&database).await, [1, 2, 3]);

    let unknown = crate::migrator(&database, &FILES).with_target(Target::Version(7));
    let again = unknown.baseline(&Against::Shadow).await.unwrap_err();
    assert!(
        matches!(again, VerifyError::Migrate(Error::AlreadyApplied { count: 3, .. })),
        "a history comes first: {again:?}"
    );
}

#[tokio::test]
async fn a_lock_file_is_enough_and_one_that_says_nothing_is_passed_over() {
    let database = by_hand().await;
    let files = Migrations::from_static(&FILES).unwrap();
    let lock = Prover::new(database.config(), files.clone()).lock().await.unwrap();
    let dry = migrator(&database, &FILES).with_dry_run(DryRun::Rollback);
    let against = async |lock: LockFile| {
        let baseline = dry.baseline(&Against::LockFile(lock)).await.unwrap();
        let verification = baseline.verification.unwrap();
        assert!(verification.is_clean(), "{verification}");
        verification.against
    };
    assert_eq!(against(lock.clone()).await, "the lock file");

    let stale = Migrations::from_static(&[FILES[0], FILES[1], ("V3__later.sql", "select 1;\n")]).unwrap();
    let stale = Prover::new(database.config(), stale).lock().await.unwrap();
    assert_eq!(against(stale).await, "the migrations");
    let short = Prover::new(database.config(), Migrations::from_static(&FILES[..2]).unwrap());
    assert_eq!(against(short.lock().await.unwrap()).await, "the migrations");
}

#[tokio::test]
async fn tables_of_other_tools_are_left_aside() {
    let database = by_hand().await;
    sql(
        &database,
        "create table goose_db_version (id integer primary key generated by default as identity, version_id bigint not null,
            is_applied boolean not null, tstamp timestamp not null default now());
         create table schema_migrations (version varchar primary key)",
    )
    .await;
    let baseline = migrator(&database, &FILES).baseline(&Against::Shadow).await.unwrap();
    assert_eq!(baseline.left_aside, ["public.goose_db_version", "public.schema_migrations"]);
}

#[tokio::test]
async fn a_file_that_was_stopped_is_no_baseline_by_the_checkpoint_in_its_place() {
    let database = TestDatabase::empty().await;
    let text = |last: &str| crate::outside(&format!("create table a (id int); select 1/{last};"));
    migrator(&database, &[("V1__a.sql", &text("0"))]).up().await.unwrap_err();
    let checkpoint = checkpoint(&database, &[("V1__a.sql", &text("1"))], 1).await;
    let migrator = migrator(&database, &[("B1__checkpoint.sql", &checkpoint)]);
    let error = migrator.baseline(&Against::Shadow).await.unwrap_err();
    assert!(matches!(error, VerifyError::Migrate(Error::Conflicts { .. })), "{error:?}");
    assert!(error.to_string().contains("V1__a.sql was not applied"), "{error}");
}

#[tokio::test]
async fn files_that_are_half_applied_are_no_baseline() {
    let database = TestDatabase::empty().await;
    let text = crate::outside("create table a (id int); select 1/0;");
    let migrator = migrator(&database, &[("V1__a.sql", &text)]);
    migrator.up().await.unwrap_err();
    let error = migrator.baseline(&Against::Shadow).await.unwrap_err();
    assert!(matches!(error, VerifyError::Migrate(Error::Conflicts { .. })), "{error:?}");
    let nothing = crate::migrator(&TestDatabase::empty().await, &[]).baseline(&Against::Shadow).await;
    assert!(matches!(nothing, Err(VerifyError::Migrate(Error::NothingToRecord))), "{nothing:?}");
}

#[tokio::test]
async fn the_verb_says_what_it_does() {
    let (database, directory) = (by_hand().await, tempfile::tempdir().unwrap());
    write(directory.path(), &FILES);
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    let (exit, out, err) = typed(&["baseline", "--dry-run"]).await;
    assert!(exit == Exit::Done && out.starts_with("would record V1  orders\n"), "{out}{err}");
    assert!(
        out.ends_with("dry run: nothing of it stays; 3 migrations recorded as applied, none run\n"),
        "{out}"
    );

    database.connection().await.batch_execute("alter table orders drop note").await.unwrap();
    let (exit, _, err) = typed(&["baseline"]).await;
    assert!(exit == Exit::Differs && err.contains("column note of public.orders is missing"), "{err}");
    assert!(err.ends_with("next: say --to VERSION for fewer files, mend the schema or the files, or say --accept-different\n"), "{err}");
    let (exit, out, _) = typed(&["baseline", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, &answer["error"]["exit"]), (Exit::Differs, &5.into()));
    assert_eq!(answer["verification"]["differences"][0]["name"], "note", "{out}");

    let (exit, out, err) = typed(&["baseline", "--to", "2", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, answer["recorded"].as_array().map(Vec::len)), (Exit::Done, Some(2)), "{out}{err}");
    let (exit, _, err) = typed(&["baseline"]).await;
    assert!(
        exit == Exit::Refused && err.contains("V2__customers.sql is recorded already, 2 in all"),
        "{err}"
    );
    assert_eq!(typed(&["up"]).await.0, Exit::Done);
}
