//! Files that stand for others on an empty database.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{
    Against, Back, Conflict, DryRun, Error, Gate, Kind, MarkProblem, Migrations, Migrator, PlannedFile,
    Readiness, Report, Squasher, Target, Verifier,
};
use pgkeel_testkit::TestDatabase;

use crate::interop::{client, runner};
use crate::{count, has_table, history, log, migrator, versions};

pub(crate) const FILES: [(&str, &str); 4] = [
    ("V1__a.sql", "create table a (id int primary key, note text);\ninsert into a values (1, 'one');\n"),
    ("V2__b.sql", "-- pgkeel: transaction=off\ncreate index concurrently a_note_idx on a (note);\n"),
    ("V3__c.sql", "-- pgkeel: destructive=accepted\ndelete from a;\ncreate view c as select id from a;\n"),
    ("V4__d.sql", "create table d (id int);\n"),
];

/// The checkpoint of these files up to a version.
pub(crate) async fn checkpoint(database: &TestDatabase, files: &[(&str, &str)], version: i64) -> String {
    let migrations = Migrations::from_static(files).unwrap();
    Squasher::new(database.config(), migrations).squash(version).await.unwrap().text().to_owned()
}

/// These and a checkpoint of the first three.
fn with<'a>(files: &[(&'a str, &'a str)], checkpoint: &'a str) -> Vec<(&'a str, &'a str)> {
    [files, &[("B3__checkpoint.sql", checkpoint)]].concat()
}

fn conflicts<T: std::fmt::Debug>(done: Result<T, Error>) -> Vec<Conflict> {
    match done {
        Err(Error::Conflicts { conflicts }) => conflicts,
        other => panic!("{other:?}"),
    }
}

fn names(report: &Report) -> Vec<&str> {
    report.done.iter().map(|done| done.migration.file()).collect()
}

async fn rows(database: &TestDatabase) -> Vec<(i64, String, String)> {
    let sql = "select version, name, checksum from pgkeel.refinery_schema_history order by version";
    let rows = database.connection().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[tokio::test]
async fn an_empty_database_starts_at_the_checkpoint_with_the_history_of_the_files() {
    let (ours, chained) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let text = checkpoint(&ours, &FILES, 3).await;
    let files = with(&FILES, &text);
    let migrator = migrator(&ours, &files);
    let status = migrator.status().await.unwrap();
    assert_eq!((versions(&status.pending), status.pending[0].kind()), (vec![3, 4], Kind::Checkpoint));
    let report = migrator.up().await.unwrap();
    assert_eq!(names(&report), ["B3__checkpoint.sql", "V4__d.sql"]);
    assert!(migrator.up().await.unwrap().done.is_empty());
    assert!(has_table(&ours, "c").await && has_table(&ours, "d").await);
    Migrator::new(chained.config(), Migrations::from_static(&FILES).unwrap()).up().await.unwrap();
    assert_eq!(rows(&ours).await, rows(&chained).await);
    let logged = "select count(*) from pgkeel.migration_log where kind = 'checkpoint' and status = 'ok' and version = 3";
    assert_eq!(count(&ours, logged).await, 1);
    assert!(log::rows(&ours).await[1].starts_with("3 up ok transaction "), "{:?}", log::rows(&ours).await);
    // And plain refinery finds nothing to complain of: both its flags are on by default.
    let report = runner(&FILES).run_async(&mut client(&ours).await).await.unwrap();
    assert!(report.applied_migrations().is_empty());
}

#[tokio::test]
async fn any_other_database_goes_on_with_the_files() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let migrator = migrator(&database, &with(&FILES, &text));
    migrator.clone().with_target(Target::Version(2)).up().await.unwrap();
    assert_eq!(history(&database).await, [1, 2]);
    let report = migrator.up().await.unwrap();
    assert!(report.done.iter().all(|done| done.migration.kind() == Kind::Versioned), "{report:?}");
    assert_eq!(history(&database).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn files_that_it_lists_may_be_gone_from_where_they_are_applied() {
    let (old, new) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let text = checkpoint(&old, &FILES, 3).await;
    let left = with(&FILES[3..], &text);
    migrator(&old, &FILES).up().await.unwrap();
    migrator(&new, &left).up().await.unwrap();
    for database in [&old, &new] {
        let migrator = migrator(database, &left);
        let status = migrator.status().await.unwrap();
        assert!(status.conflicts.is_empty() && status.pending.is_empty(), "{status:?}");
        let verifier = Verifier::new(database.config(), Migrations::from_static(&left).unwrap());
        assert!(verifier.verify(&Against::Shadow).await.unwrap().is_clean());
        let gate = Gate::new(database.config(), Migrations::from_static(&left).unwrap());
        let readiness = gate.check().await.unwrap();
        assert!(matches!(readiness, Readiness::Ready { applied: 4, .. }), "{readiness}");
    }
}

#[tokio::test]
async fn a_database_in_between_is_refused_where_files_are_gone() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    migrator(&database, &FILES).with_target(Target::Version(2)).up().await.unwrap();
    let left = migrator(&database, &with(&FILES[3..], &text));
    let found = conflicts(left.up().await);
    assert!(
        matches!(&found[..], [Conflict::Squashed { file, checkpoint, version: 3 }]
            if file == "V3__c.sql" && checkpoint == "B3__checkpoint.sql"),
        "{found:?}"
    );
    assert!(found[0].to_string().contains("restore the file, or apply it with a release"), "{}", found[0]);
    // With the file it goes on.
    migrator(&database, &with(&FILES[2..], &text)).up().await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_target_below_it_takes_the_files_or_says_which_are_gone() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let below = migrator(&database, &with(&FILES[1..], &text)).with_target(Target::Version(2));
    let found = conflicts(below.up().await);
    assert!(matches!(&found[..], [Conflict::Squashed { version: 1, .. }]), "{found:?}");
    let gone = migrator(&database, &with(&FILES[3..], &text));
    let nowhere = gone.clone().with_target(Target::Version(2)).up().await;
    assert!(matches!(nowhere, Err(Error::NoSuchVersion { version: 2 })), "{nowhere:?}");
    gone.with_target(Target::Version(3)).up().await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 3]);
    assert!(!has_table(&database, "d").await);
}

#[tokio::test]
async fn repeatables_wait_for_what_a_target_below_it_leaves_out() {
    let (database, other) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let text = checkpoint(&database, &FILES, 3).await;
    let views = ("R__v.sql", "create or replace view v as select id from c;");
    let files = [&with(&FILES[..3], &text)[..], &[views]].concat();
    let below = migrator(&database, &files);
    // As many files as there would be with the checkpoint.
    let report = below.clone().with_target(Target::Version(1)).up().await.unwrap();
    assert_eq!(names(&report), ["V1__a.sql"]);
    assert_eq!(below.up().await.unwrap().done.len(), 3);
    let report = migrator(&other, &files).up().await.unwrap();
    assert_eq!(names(&report), ["B3__checkpoint.sql", "R__v.sql"]);
}

#[tokio::test]
async fn a_file_that_was_stopped_keeps_a_database_from_being_empty() {
    let database = TestDatabase::empty().await;
    let files =
        [("V1__a.sql", "-- pgkeel: transaction=off\ncreate table a (id int);\ncreate table b (id int);\n")];
    let text = checkpoint(&database, &files, 1).await;
    database.connection().await.batch_execute("create table b (id int)").await.unwrap();
    migrator(&database, &files).up().await.unwrap_err();
    database.connection().await.batch_execute("drop table b").await.unwrap();
    let both = [files[0], ("B1__checkpoint.sql", text.as_str())];
    let report = migrator(&database, &both).up().await.unwrap();
    assert_eq!(report.done[0].migration.file(), "V1__a.sql");
    assert!(has_table(&database, "b").await);
}

#[tokio::test]
async fn the_way_back_below_it_takes_the_files() {
    let database = TestDatabase::empty().await;
    let downs = [("V3__c.down.sql", "drop view c;"), ("V4__d.down.sql", "drop table d;")];
    let all = [&FILES[..], &downs].concat();
    let text = checkpoint(&database, &all, 3).await;
    let left = [&with(&FILES[3..], &text)[..], &downs[1..]].concat();
    migrator(&database, &left).up().await.unwrap();
    let found = conflicts(migrator(&database, &left).down(Back::To(2)).await);
    assert!(matches!(&found[..], [Conflict::Irreversible { version: 3, .. }]), "{found:?}");
    assert!(found[0].to_string().contains("B3__checkpoint.sql has taken its place"), "{}", found[0]);
    migrator(&database, &left).down(Back::To(3)).await.unwrap();
    migrator(&database, &with(&all, &text)).down(Back::To(2)).await.unwrap();
    assert_eq!(history(&database).await, [1, 2]);
}

#[tokio::test]
async fn both_dry_runs_leave_nothing() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let migrator = migrator(&database, &with(&FILES[3..], &text));
    for how in [DryRun::Rollback, DryRun::Shadow] {
        let report = migrator.clone().with_dry_run(how).up().await.unwrap();
        assert_eq!(report.done.len(), 2, "{how:?}");
        assert!(!has_table(&database, "a").await && !has_table(&database, "pgkeel.migration_log").await);
    }
    migrator.clone().with_target(Target::Version(3)).up().await.unwrap();
    assert_eq!(migrator.with_dry_run(DryRun::Shadow).up().await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn a_baseline_records_what_it_lists() {
    let (database, chained) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let text = checkpoint(&database, &FILES, 3).await;
    migrator(&chained, &FILES).up().await.unwrap();
    let whole: String = FILES.map(|(_, sql)| sql.replace("concurrently", "")).concat();
    database.connection().await.batch_execute(&whole).await.unwrap();
    let migrator = migrator(&database, &with(&FILES[3..], &text));
    let done = migrator.baseline(&Against::Shadow).await.unwrap();
    assert_eq!(done.recorded.len(), 2);
    assert_eq!(rows(&database).await, rows(&chained).await);
    assert!(migrator.status().await.unwrap().conflicts.is_empty());
}

#[tokio::test]
async fn what_was_applied_as_another_text_is_told() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let mut other = FILES;
    other[0].1 = "create table a (id int primary key, note text, more int);\n";
    migrator(&database, &other).up().await.unwrap();
    let found = conflicts(migrator(&database, &with(&FILES[3..], &text)).up().await);
    assert!(matches!(&found[..], [Conflict::SquashedOther { version: 1, .. }]), "{found:?}");
    // But not for comments and space.
    let commented = TestDatabase::empty().await;
    other[0].1 =
        "-- why\ncreate table a (id int primary key, note text);\n\ninsert into a values (1, 'one');\n";
    migrator(&commented, &other).up().await.unwrap();
    let status = migrator(&commented, &with(&FILES[3..], &text)).status().await.unwrap();
    assert!(status.conflicts.is_empty(), "{:?}", status.conflicts);
}

#[tokio::test]
async fn a_planned_script_records_what_it_lists() {
    let (database, chained) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let text = checkpoint(&database, &FILES, 3).await;
    migrator(&chained, &FILES).with_target(Target::Version(3)).up().await.unwrap();
    let migrator = migrator(&database, &with(&FILES[3..], &text));
    let plan = migrator.clone().with_target(Target::Version(3)).plan().await.unwrap();
    assert_eq!(plan.files.iter().map(PlannedFile::file).collect::<Vec<_>>(), ["B3__checkpoint.sql"]);
    let script = plan.sql().replace("\\set ON_ERROR_STOP on\n", "");
    database.connection().await.batch_execute(&script).await.unwrap();
    assert_eq!(rows(&database).await, rows(&chained).await);
    assert_eq!(versions(&migrator.status().await.unwrap().pending), [4]);
}

#[tokio::test]
async fn one_that_fails_leaves_nothing_and_is_tried_again() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let migrator = migrator(&database, &with(&FILES[3..], &text));
    database.connection().await.batch_execute("create table c (id int)").await.unwrap();
    let error = migrator.up().await.unwrap_err();
    assert_eq!(error.file().unwrap().file, "B3__checkpoint.sql");
    assert!(history(&database).await.is_empty() && !has_table(&database, "a").await);
    database.connection().await.batch_execute("drop table c").await.unwrap();
    assert_eq!(migrator.up().await.unwrap().done.len(), 2);
}

#[tokio::test]
async fn a_checkpoint_is_pending_until_somebody_applies_it() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let left = with(&[("V4__d.sql", "-- pgkeel: requires=V2\ncreate table d (id int);")], &text);
    let gate = Gate::new(database.config(), Migrations::from_static(&left).unwrap());
    match gate.check().await.unwrap() {
        Readiness::Pending { files, .. } => assert_eq!(files, ["B3__checkpoint.sql", "V4__d.sql"]),
        other => panic!("{other}"),
    }
    migrator(&database, &left).up().await.unwrap();
    assert!(gate.check().await.unwrap().is_ready());
    // Newer than a program whose newest is a checkpoint.
    let older = Gate::new(database.config(), Migrations::from_static(&left[1..]).unwrap());
    assert!(matches!(older.check().await.unwrap(), Readiness::Newer { versions } if versions == [4]));
}

#[tokio::test]
async fn of_many_starters_one_applies_it() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let migrator = migrator(&database, &with(&FILES[3..], &text));
    let starters = futures_util::future::join_all((0..8).map(|_| migrator.up())).await;
    let files = starters.into_iter().flat_map(|report| report.unwrap().done).count();
    assert_eq!(files, 2);
    let applied = "select count(*) from pgkeel.migration_log where kind = 'checkpoint' and status = 'ok'";
    assert_eq!((history(&database).await, count(&database, applied).await), (vec![1, 2, 3, 4], 1));
}

#[tokio::test]
async fn where_there_are_tables_it_is_asked_about_what_may_be_lost() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int);"),
        ("V2__b.sql", "-- pgkeel: destructive=accepted\ndrop table if exists legacy;"),
    ];
    let text = checkpoint(&database, &files, 2).await;
    let migrator = migrator(&database, &[("B2__checkpoint.sql", text.as_str())]);
    assert_eq!(migrator.plan().await.unwrap().files.len(), 1);
    database.connection().await.batch_execute("create table legacy as select 1 as id").await.unwrap();
    for refused in [migrator.up().await.map(drop), migrator.plan().await.map(drop)] {
        let Err(Error::Destructive { statements }) = refused else { panic!("{refused:?}") };
        assert_eq!((statements.len(), statements[0].file.as_str()), (1, "B2__checkpoint.sql"));
    }
    assert_eq!(count(&database, "select count(*) from legacy").await, 1);
    assert_eq!(migrator.accepting_destructive().up().await.unwrap().done.len(), 1);
    assert!(!has_table(&database, "legacy").await);
}

#[tokio::test]
async fn a_baseline_with_one_leaves_repeatables_due_whose_work_is_there() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let view = ("R__v.sql", "create or replace view v as select id from d;");
    let whole: String = FILES.map(|(_, sql)| sql.replace("concurrently", "")).concat();
    database.connection().await.batch_execute(&format!("{whole}{}", view.1)).await.unwrap();
    let migrator = migrator(&database, &[&with(&FILES[3..], &text)[..], &[view]].concat());
    assert_eq!(migrator.baseline(&Against::Shadow).await.unwrap().recorded.len(), 2);
    assert_eq!(names(&migrator.up().await.unwrap()), ["R__v.sql"]);
}

#[tokio::test]
async fn what_could_not_be_applied_again_is_not_marked_as_reverted() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let migrator = migrator(&database, &with(&FILES[3..], &text));
    let refused = async |done: Result<_, Error>| match done {
        Err(Error::CannotMark { problems }) => problems,
        other => panic!("{other:?}"),
    };
    let found = refused(migrator.mark_applied(&[4], "why").await).await;
    assert_eq!(found.len(), 3, "{found:?}");
    let found = refused(migrator.mark_applied(&[2], "why").await).await;
    assert_eq!(
        found[0].to_string(),
        "V2__b.sql is gone, and B3__checkpoint.sql, which has taken its place, is for empty databases; restore the file first"
    );
    migrator.up().await.unwrap();
    let found = refused(migrator.mark_reverted(&[2], "why").await).await;
    assert!(
        matches!(&found[..], [MarkProblem::Squashed { file, checkpoint }]
            if file == "V2__b.sql" && checkpoint == "B3__checkpoint.sql"),
        "{found:?}"
    );
    assert_eq!(history(&database).await, [1, 2, 3, 4]);
    migrator.mark_reverted(&[4], "why").await.unwrap();
    // All of them together leave a database for the checkpoint.
    migrator.mark_reverted(&[1, 2, 3], "why").await.unwrap();
    assert_eq!(versions(&migrator.status().await.unwrap().pending), [3, 4]);
}
