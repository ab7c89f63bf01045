//! Statements that may lose data run only if somebody has accepted that.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Against, Back, Conflict, DryRun, Error, Migrations, Migrator, Report, Stays, Verifier};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table, history, migrator, outside};

const FILES: [(&str, &str); 2] = [
    ("V1__a.sql", "create table a (id int, note text); insert into a values (1, 'kept');"),
    ("V2__b.sql", "-- why\nselect 1;\nalter table a add c int,\n  drop note;\ntruncate a;"),
];

/// The statements because of which it was refused.
fn refused<T: std::fmt::Debug>(ended: Result<T, Error>) -> Vec<String> {
    match ended {
        Err(Error::Destructive { statements }) => statements.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn count_of(ended: Result<Report, Error>) -> usize {
    ended.unwrap().done.len()
}

#[tokio::test]
async fn what_may_lose_data_is_refused_before_anything_runs_and_named_with_its_place() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    let error = migrator.up().await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("write -- pgkeel: destructive=accepted at the top of the file"), "{told}");
    let expected = [
        "V2__b.sql:4:3: ALTER TABLE a DROP COLUMN note: its values are lost",
        "V2__b.sql:5:1: TRUNCATE a: every row is lost",
    ];
    assert_eq!(refused::<()>(Err(error)), expected);
    assert!(!has_table(&database, "a").await && !has_table(&database, crate::HISTORY).await);
    assert_eq!(refused(migrator.plan().await), expected);
    assert_eq!(refused(migrator.clone().with_dry_run(DryRun::Rollback).up().await), expected);
    assert_eq!(refused(migrator.clone().with_dry_run(DryRun::Shadow).up().await), expected);
    assert_eq!(count_of(migrator.accepting_destructive().up().await), 2);
    assert_eq!(count(&database, "select count(*) from a").await, 0);
}

#[tokio::test]
async fn only_what_this_call_would_run_is_judged() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    let first = migrator.clone().with_target(pgkeel_migrate::Target::Steps(1));
    assert_eq!(count_of(first.up().await), 1);
    assert_eq!(refused(migrator.up().await).len(), 2);
    assert_eq!(count(&database, "select count(*) from a where note = 'kept'").await, 1);
}

#[tokio::test]
async fn a_file_that_accepts_it_is_applied_and_may_say_so_later() {
    let database = TestDatabase::empty().await;
    let accepting = format!("-- pgkeel: destructive=accepted\n{}", FILES[1].1);
    let with = [FILES[0], ("V2__b.sql", accepting.as_str())];
    assert_eq!(count_of(migrator(&database, &with).up().await), 2);

    let without = migrator(&database, &FILES).status().await.unwrap();
    assert_eq!((without.conflicts, without.cosmetic.len()), (Vec::<Conflict>::new(), 1));
}

#[tokio::test]
async fn going_back_is_never_refused_and_going_there_again_is() {
    let database = TestDatabase::empty().await;
    let files = [
        FILES[0],
        ("V1__a.down.sql", "drop table a;"),
        ("V2__b.sql", "delete from a;"),
        ("V2__b.down.sql", "delete from a; select 1;"),
    ];
    let migrator = migrator(&database, &files);
    assert_eq!(count_of(migrator.clone().accepting_destructive().up().await), 2);
    assert_eq!(
        refused(migrator.redo().await),
        ["V2__b.sql:1:1: DELETE FROM a without WHERE: every row is lost"]
    );
    assert_eq!(history(&database).await, [1, 2]);
    assert_eq!(count_of(migrator.clone().accepting_destructive().redo().await), 2);
    assert_eq!(count_of(migrator.down(Back::To(0)).await), 2);
    assert!(!has_table(&database, "a").await);
}

#[tokio::test]
async fn a_file_that_goes_on_is_judged_by_what_is_left_of_it() {
    let database = TestDatabase::empty().await;
    database
        .connection()
        .await
        .batch_execute("create table a (id int); create table b (id int)")
        .await
        .unwrap();
    let failing = outside("truncate a;\nselect 1 / count(*) from b;\ncreate table c (id int);");
    let files = [("V1__a.sql", failing.as_str())];
    let error = migrator(&database, &files).accepting_destructive().up().await.unwrap_err();
    assert_eq!(error.file().unwrap().stays, Stays::Statements { done: 1, of: 3 });
    database.connection().await.batch_execute("insert into b values (1)").await.unwrap();
    assert_eq!(count_of(migrator(&database, &files).up().await), 1);
}

#[tokio::test]
async fn what_was_applied_is_replayed_without_asking_again() {
    let database = TestDatabase::empty().await;
    let files = [FILES[0], FILES[1], ("V3__c.sql", "create table c (id int);")];
    let two = migrator(&database, &FILES).accepting_destructive();
    assert_eq!(count_of(two.up().await), 2);
    let tried = migrator(&database, &files).with_dry_run(DryRun::Shadow).up().await;
    assert_eq!(count_of(tried), 1);
    let migrations = Migrations::from_static(&FILES).unwrap();
    let verifier = Verifier::new(database.config(), migrations).with_shadows_on(database.config());
    assert!(verifier.verify(&Against::Shadow).await.unwrap().is_clean());
}

/// What the judgement rests on: of these, the server keeps every value or refuses.
#[tokio::test]
async fn conversions_that_pass_keep_every_value_on_the_server() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    for (from, value, to) in [
        ("int", "2147483647", "bigint"),
        ("bigint", "9223372036854775807", "numeric"),
        ("numeric(30, 12)", "123456789012345678.000000000001", "numeric"),
        ("numeric(30, 12)", "123456789012345678.000000000001", "text"),
        ("text", "'日本 語'", "varchar"),
        ("text", "'日本'", "varchar(2)"),
        ("timestamp", "'2025-01-02 03:04:05.678901'", "timestamptz"),
        ("text[]", "'{a,b}'", "varchar[]"),
    ] {
        let sql = format!(
            "create table t (v {from}); insert into t values ({value}); alter table t alter v type {to}"
        );
        let change = format!("alter table t alter v type {to}");
        let files = [("V1__a.sql", change.as_str())];
        let planned = Migrator::new(database.config(), Migrations::from_static(&files).unwrap()).plan().await;
        assert!(planned.is_ok(), "{to}");
        connection.batch_execute(&sql).await.unwrap();
        let kept: bool = connection
            .query_scalar(&format!("select v::{from} = {value}::{from} from t"), &[])
            .await
            .unwrap();
        assert!(kept, "{from} to {to}");
        connection.batch_execute("drop table t").await.unwrap();
    }
    let too_long =
        "create table t (v text); insert into t values ('abc'); alter table t alter v type varchar(2)";
    assert!(connection.batch_execute(too_long).await.is_err());
}
