//! What would be done.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Back, Direction, Target};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table, history, migrator, outside};

/// Runs a script as `psql` would, which sends each statement by itself. No statement here has a line break behind a
/// semicolon.
async fn play(database: &TestDatabase, script: &str) {
    let connection = database.connection().await;
    let script = script.strip_prefix("\\set ON_ERROR_STOP on\n").expect("psql is told to stop");
    for statement in script.split(";\n") {
        connection.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

#[tokio::test]
async fn a_plan_says_what_runs_and_how_and_only_reads() {
    let database = TestDatabase::empty().await;
    let alone = format!("-- pgkeel: lock_timeout=2s\n{}", outside("select 1; select 2;"));
    let files =
        [("V1__a.sql", "select 1;"), ("V1__a.down.sql", "select 1; select 2;"), ("V2__b.sql", &alone)];
    let migrator = migrator(&database, &files);
    let plan = migrator.plan().await.unwrap();
    let files: Vec<_> =
        plan.files.iter().map(|file| (file.file(), file.statements, file.outside_transaction)).collect();
    assert_eq!(files, [("V1__a.sql", 1, false), ("V2__b.sql", 2, true)]);
    let times: Vec<_> = plan.files.iter().map(|file| file.lock_timeout.as_secs()).collect();
    assert_eq!(times, [5, 2]);
    assert_eq!(migrator.clone().with_target(Target::Steps(1)).plan().await.unwrap().files.len(), 1);
    assert_eq!(count(&database, "select count(*) from pg_namespace where nspname = 'pgkeel'").await, 0);

    migrator.clone().with_target(Target::Steps(1)).up().await.unwrap();
    let back = migrator.plan_down(Back::Steps(1)).await.unwrap();
    assert_eq!((back.files[0].file(), back.files[0].direction), ("V1__a.down.sql", Direction::Down));
}

#[tokio::test]
async fn a_planned_script_does_the_same_as_up_and_down() {
    let database = TestDatabase::empty().await;
    let alone = outside("create index concurrently a_idx on a (id); set work_mem = '64kB'");
    let files = [
        (
            "V1__a.sql",
            "set search_path = public; create table a (id int, note text default 'it''s \\ so') -- no semicolon",
        ),
        ("V1__a.down.sql", "drop table a;"),
        ("V2__b.sql", &alone),
        ("V2__b.down.sql", "drop index a_idx"),
    ];
    let migrator = migrator(&database, &files).with_revision("it's \\ 4711");
    play(&database, &migrator.plan().await.unwrap().sql()).await;
    assert_eq!(history(&database).await, [1, 2]);
    let status = migrator.status().await.unwrap();
    assert!(status.conflicts.is_empty() && status.pending.is_empty() && status.cosmetic.is_empty());
    assert!(has_table(&database, "a_idx").await);
    let logged =
        "select count(*) from pgkeel.migration_log where status = 'ok' and vcs_revision = 'it''s \\ 4711'";
    assert_eq!(count(&database, logged).await, 2);

    play(&database, &migrator.plan_down(Back::To(0)).await.unwrap().sql()).await;
    assert_eq!(history(&database).await, [0_i64; 0]);
    assert!(!has_table(&database, "a").await);
    assert_eq!(migrator.up().await.unwrap().done.len(), 2);
}

#[tokio::test]
async fn of_a_file_that_was_stopped_only_the_rest_is_planned() {
    let database = TestDatabase::empty().await;
    let text =
        outside("create table a (id int); select 1/(select count(*) from a); create table b (id int);");
    let migrator = migrator(&database, &[("V1__a.sql", &text)]);
    migrator.up().await.unwrap_err();
    let plan = migrator.plan().await.unwrap();
    assert_eq!((plan.files[0].done, plan.files[0].statements), (1, 3));
    database.connection().await.batch_execute("insert into a values (1)").await.unwrap();
    play(&database, &plan.sql()).await;
    assert_eq!(history(&database).await, [1]);
    assert!(migrator.status().await.unwrap().interrupted.is_empty());
}
