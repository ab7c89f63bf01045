//! What runs first and last in each call that has something to do.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Back, DryRun, Kind, Migrations, PlannedFile, Prover, Report};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table, history, migrator};

const FILES: [(&str, &str); 6] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V1__a.down.sql", "drop table a;"),
    ("V2__b.sql", "create table b (id int);"),
    ("R__v.sql", "create or replace view v as select 1 as one;"),
    ("before_run.sql", "create table if not exists runs (what text); insert into runs values ('before');"),
    ("after_run.sql", "insert into runs values ('after');"),
];

fn names(report: &Report) -> Vec<&str> {
    report.done.iter().map(|done| done.migration.file()).collect()
}

async fn runs(database: &TestDatabase) -> Vec<String> {
    let rows = database.connection().await.query("select what from runs", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn they_run_once_around_all_that_a_call_does_and_not_for_nothing() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    let report = migrator.up().await.unwrap();
    assert_eq!(names(&report), ["before_run.sql", "V1__a.sql", "V2__b.sql", "R__v.sql", "after_run.sql"]);
    assert_eq!(report.done[0].migration.kind(), Kind::Hook);
    assert_eq!(runs(&database).await, ["before", "after"]);
    assert!(migrator.up().await.unwrap().done.is_empty());
    assert_eq!(runs(&database).await.len(), 2);
    assert_eq!(history(&database).await, [1, 2]);
    let logged = "select count(*) from pgkeel.migration_log where kind = 'hook' and status = 'ok' and name in ('before_run', 'after_run')";
    assert_eq!(count(&database, logged).await, 2);
    let status = migrator.status().await.unwrap();
    assert!(status.conflicts.is_empty() && status.interrupted.is_empty());
}

#[tokio::test]
async fn a_way_back_has_them_too() {
    let database = TestDatabase::empty().await;
    let mut files = FILES.to_vec();
    files.remove(2);
    let migrator = migrator(&database, &files);
    migrator.up().await.unwrap();
    assert_eq!(
        names(&migrator.down(Back::Steps(1)).await.unwrap()),
        ["before_run.sql", "V1__a.sql", "after_run.sql"]
    );
    assert_eq!(runs(&database).await, ["before", "after", "before", "after"]);
}

#[tokio::test]
async fn what_the_first_refuses_does_not_run_and_the_last_does_not_run_behind_a_failure() {
    let database = TestDatabase::empty().await;
    let mut files = FILES;
    files[4].1 = "create table if not exists runs (what text);\nselect 1/0;";
    let error = migrator(&database, &files).up().await.unwrap_err();
    let failed = error.file().unwrap();
    assert_eq!((failed.file.as_str(), failed.at.unwrap().line), ("before_run.sql", 2));
    assert!(!has_table(&database, "a").await && !has_table(&database, "runs").await);
    files[4] = FILES[4];
    files[2].1 = "select 1/0;";
    let error = migrator(&database, &files).up().await.unwrap_err();
    assert_eq!(error.before(), ["before_run.sql", "V1__a.sql"]);
    assert_eq!(runs(&database).await, ["before"]);
    assert_eq!(
        names(&migrator(&database, &FILES).up().await.unwrap()),
        ["before_run.sql", "V2__b.sql", "R__v.sql", "after_run.sql"]
    );
}

#[tokio::test]
async fn plans_list_them_and_dry_runs_leave_nothing_of_them() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    let plan = migrator.plan().await.unwrap();
    assert_eq!(plan.files.iter().map(PlannedFile::file).next(), Some("before_run.sql"));
    assert!(!has_table(&database, "runs").await);
    for how in [DryRun::Rollback, DryRun::Shadow] {
        assert_eq!(migrator.clone().with_dry_run(how).up().await.unwrap().done.len(), 5, "{how:?}");
        assert!(!has_table(&database, "runs").await);
    }
    let connection = database.connection().await;
    for statement in plan.sql().strip_prefix("\\set ON_ERROR_STOP on\n").unwrap().split(";\n") {
        connection.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    assert_eq!(runs(&database).await, ["before", "after"]);
    assert!(migrator.up().await.unwrap().done.is_empty());
}

#[tokio::test]
async fn what_the_first_makes_is_no_files_doing_in_a_proof() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table tools.a (id int);"),
        ("V1__a.down.sql", "drop table tools.a;"),
        ("before_run.sql", "create schema if not exists tools;"),
    ];
    let proof =
        Prover::new(database.config(), Migrations::from_static(&files).unwrap()).prove().await.unwrap();
    assert!(proof.is_sound(), "{proof}");
}
