//! Trying without anything that stays.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Back, DryRun, Error, Phase, Reason, Stays};
use pgkeel_testkit::TestDatabase;

use crate::{count, locks, migrator, outside, versions};

/// Every object, column and row count that a file here could leave.
async fn traces(database: &TestDatabase) -> String {
    let sql = "select string_agg(trace, ',' order by trace) from (
        select format('%s %s %s', oid, relname, relfilenode) as trace from pg_class where relnamespace not in
            ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace, 'information_schema'::regnamespace)
        union all select format('%s %s', oid, nspname) from pg_namespace where nspname !~ '^pg_(toast_)?temp'
        union all select proname from pg_proc where pronamespace = 'public'::regnamespace) as traces";
    database.connection().await.query_scalar::<Option<String>>(sql, &[]).await.unwrap().unwrap_or_default()
}

#[tokio::test]
async fn a_dry_run_runs_everything_and_leaves_nothing() {
    let database = TestDatabase::empty().await;
    let files = [
        (
            "V1__a.sql",
            "create table a (id int primary key, n int unique deferrable initially deferred);
          insert into a values (1, 1), (2, 1); update a set n = 2 where id = 2;",
        ),
        ("V1__a.down.sql", "drop table a;"),
        (
            "V2__b.sql",
            "set search_path = pg_catalog; create table public.b (id int references public.a); set role postgres;",
        ),
        (
            "V3__c.sql",
            "alter table b add n int default 3; create type mood as enum ('fine'); create temp table scratch (id int);",
        ),
        (
            "V4__d.sql",
            "create temp table scratch (id int); create schema s; create function f() returns int begin atomic select 1; select 2; end;",
        ),
    ];
    for how in [DryRun::Rollback, DryRun::Shadow] {
        let files = files.map(|(file, text)| {
            (
                file,
                if how == DryRun::Shadow {
                    text.replace("set role postgres;", "")
                } else {
                    text.replace("set role postgres;", "set role pg_monitor;")
                },
            )
        });
        let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (*file, text.as_str())).collect();
        let before = traces(&database).await;
        let report = migrator(&database, &files).with_dry_run(how).up().await.unwrap();
        assert!(report.done.len() == 4 && report.is_dry_run, "{how:?}");
        assert_eq!(traces(&database).await, before);
        assert_eq!(locks(&database).await, 0);
    }
}

#[tokio::test]
async fn a_dry_run_finds_what_would_fail() {
    let database = TestDatabase::empty().await;
    for (text, place, code) in [
        ("create table b (id int);\nselect nonsense;", Some("2:8"), "42703"),
        ("create table b (id int unique);\ninsert into b values (1), (1);", Some("2:1"), "23505"),
        (
            "create table b (id int references a deferrable initially deferred); insert into b values (7);",
            None,
            "23503",
        ),
        ("do $$ begin create table b (id int); commit; end $$;", Some("1:1"), "2D000"),
    ] {
        for how in [DryRun::Rollback, DryRun::Shadow] {
            let files = [("V1__a.sql", "create table a (id int primary key);"), ("V2__b.sql", text)];
            let before = traces(&database).await;
            let error = migrator(&database, &files).with_dry_run(how).up().await.unwrap_err();
            let failed = error.file().unwrap();
            assert_eq!(failed.at.map(|at| at.to_string()).as_deref(), place, "{text}");
            assert_eq!((error.server().unwrap().code().code(), failed.file.as_str()), (code, "V2__b.sql"));
            assert_eq!(failed.stays, Stays::Nothing);
            assert_eq!(traces(&database).await, before, "{text}");
        }
    }
}

#[tokio::test]
async fn a_dry_run_of_the_way_back_and_of_both_leaves_all_as_it_is() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int);"),
        ("V1__a.down.sql", "drop table a;"),
        ("V2__b.sql", "create table b (id int);"),
        ("V2__b.down.sql", "drop table b;"),
    ];
    let plain = migrator(&database, &files);
    plain.up().await.unwrap();
    let (before, rows) = (traces(&database).await, "select count(*) from pgkeel.migration_log");
    let logged = count(&database, rows).await;
    for how in [DryRun::Rollback, DryRun::Shadow] {
        let dry = plain.clone().with_dry_run(how);
        assert_eq!(dry.down(Back::To(0)).await.unwrap().done.len(), 2);
        assert_eq!(dry.redo().await.unwrap().done.len(), 2);
        assert!(dry.up().await.unwrap().done.is_empty());
    }
    assert_eq!((traces(&database).await, count(&database, rows).await), (before, logged));
}

#[tokio::test]
async fn each_way_refuses_what_it_cannot_try() {
    let database = TestDatabase::empty().await;
    let alone = outside("create table a (id int); create index concurrently a_idx on a (id);");
    let alone = migrator(&database, &[("V1__a.sql", &alone)]);
    let refused = alone.clone().with_dry_run(DryRun::Rollback).up().await;
    assert!(matches!(refused, Err(Error::CannotRehearse { file, .. }) if file == "V1__a.sql"));
    assert_eq!(alone.with_dry_run(DryRun::Shadow).up().await.unwrap().done.len(), 1);

    let shared = migrator(&database, &[("V1__a.sql", "create role somebody_of_a_dry_run;")]);
    let refused = shared.clone().with_dry_run(DryRun::Shadow).up().await;
    assert!(matches!(refused, Err(Error::CannotRehearse { .. })));
    assert_eq!(shared.with_dry_run(DryRun::Rollback).up().await.unwrap().done.len(), 1);
    assert_eq!(
        count(&database, "select count(*) from pg_roles where rolname = 'somebody_of_a_dry_run'").await,
        0
    );
}

#[tokio::test]
async fn sequences_and_rows_stay_untouched_by_a_shadow() {
    let database = TestDatabase::empty().await;
    let first =
        ("V1__a.sql", "create table a (id int generated always as identity); insert into a default values;");
    migrator(&database, &[first]).up().await.unwrap();
    let second = ("V2__b.sql", "insert into a default values; insert into a default values;");
    let both = migrator(&database, &[first, second]);
    both.clone().with_dry_run(DryRun::Shadow).up().await.unwrap();
    assert_eq!(count(&database, "select last_value from a_id_seq").await, 1);
    both.up().await.unwrap();
    assert_eq!(count(&database, "select last_value from a_id_seq").await, 3);
}

#[tokio::test]
async fn a_shadow_begins_where_the_database_is() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int);"),
        ("V2__b.sql", "-- pgkeel: out_of_order=yes\ncreate table b (id int);"),
        ("V3__c.sql", "-- pgkeel: phase=contract destructive=accepted\ndrop table a;"),
        ("V4__d.sql", "create table d (id int);"),
    ];
    migrator(&database, &[files[0], files[2]]).up().await.unwrap();
    let dry = migrator(&database, &files).with_dry_run(DryRun::Shadow).with_phase(Phase::Expand);
    assert_eq!(versions(dry.up().await.unwrap().done.iter().map(|done| &done.migration)), [2, 4]);
}

#[tokio::test]
async fn values_of_an_enum_are_tried_in_a_shadow() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create type mood as enum ('fine');"),
        ("V2__b.sql", "alter type mood add value 'sad';"),
        ("V3__c.sql", "create table c (how mood default 'sad'); insert into c default values;"),
    ];
    migrator(&database, &files[..1]).up().await.unwrap();
    let both = migrator(&database, &files);
    let error = both.clone().with_dry_run(DryRun::Rollback).up().await.unwrap_err();
    assert!(matches!(error.file().unwrap().reason, Reason::Refused(_)));
    assert!(error.to_string().contains("one by shadow"), "{error}");
    both.clone().with_dry_run(DryRun::Shadow).up().await.unwrap();
    both.up().await.unwrap();
}
