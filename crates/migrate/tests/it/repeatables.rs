//! Files without a version that are applied whenever their text has changed.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{
    Against, Back, DryRun, Error, Event, Kind, LockConflict, LockFile, Migration, Migrations, Migrator,
    Phase, PlannedFile, Prover, Reason, Report, Status, Target, Verifier, VerifyError,
};
use pgkeel_testkit::{TestDatabase, eventually};

use crate::{count, has_table, history, locks, migrator};

const TABLE: (&str, &str) = ("V1__a.sql", "create table a (id int);");
const VIEW: (&str, &str) = ("R__ids.sql", "create or replace view ids as select id from a;");

fn names(report: &Report) -> Vec<&str> {
    report.done.iter().map(|done| done.migration.file()).collect()
}

fn due(status: &Status) -> Vec<&str> {
    status.due.iter().map(Migration::file).collect()
}

async fn recorded(database: &TestDatabase) -> Vec<String> {
    let rows = "select name from pgkeel.repeatable order by name";
    database.connection().await.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_repeatable_comes_behind_all_versions_and_again_when_it_has_changed() {
    let database = TestDatabase::empty().await;
    let before = migrator(&database, &[VIEW, TABLE]);
    assert_eq!(due(&before.status().await.unwrap()), ["R__ids.sql"]);
    let report = before.up().await.unwrap();
    assert_eq!(names(&report), ["V1__a.sql", "R__ids.sql"]);
    assert_eq!((report.done[1].migration.kind(), report.done[1].statements), (Kind::Repeatable, 1));
    assert_eq!((history(&database).await, recorded(&database).await), (vec![1], vec!["ids".to_owned()]));
    let status = before.status().await.unwrap();
    assert!(status.due.is_empty() && status.repeated[0].file() == "R__ids.sql");
    assert!(before.up().await.unwrap().done.is_empty());

    let same = [TABLE, ("R__ids.sql", "\u{feff}create or replace view ids as select id from a;\r\n\r\n")];
    assert!(migrator(&database, &same).up().await.unwrap().done.is_empty());
    let edited = [TABLE, ("R__ids.sql", "create or replace view ids as select id, id * 2 as twice from a;")];
    assert_eq!(names(&migrator(&database, &edited).up().await.unwrap()), ["R__ids.sql"]);
    assert_eq!(count(&database, "select count(twice) from ids").await, 0);
    let logged =
        "select count(*) from pgkeel.migration_log where kind = 'repeatable' and version = 0 and name = 'ids'
                   and status = 'ok' and length(sha256) = 64";
    assert_eq!(count(&database, logged).await, 2);
    assert_eq!(locks(&database).await, 0);
}

#[tokio::test]
async fn one_that_lacks_another_is_put_behind_it() {
    let database = TestDatabase::empty().await;
    let files = [
        TABLE,
        ("R__1_sum.sql", "create or replace view sum as select sum(twice(id)) as total from doubled;"),
        ("R__2_doubled.sql", "create or replace view doubled as select twice(id) as id from a;"),
        (
            "R__3_twice.sql",
            "create or replace function twice(int) returns int language sql as 'select 2 * $1';",
        ),
    ];
    let mut put_off = Vec::new();
    let observe = |event: Event<'_>| {
        if let Event::PutOff { migration, lacks } = event {
            put_off.push(format!("{migration} {}", lacks.code().code()));
        }
    };
    let report = migrator(&database, &files).up_with(observe).await.unwrap();
    assert_eq!(names(&report), ["V1__a.sql", "R__3_twice.sql", "R__2_doubled.sql", "R__1_sum.sql"]);
    assert_eq!(put_off, ["R__1_sum.sql 42P01", "R__2_doubled.sql 42883", "R__1_sum.sql 42P01"]);
}

#[tokio::test]
async fn what_is_required_comes_first() {
    let database = TestDatabase::empty().await;
    let files = [
        ("R__a.sql", "-- pgkeel: requires=R__b\ncreate table if not exists said as select 1 from b;"),
        ("R__b.sql", "create table if not exists b (id int);"),
    ];
    let report = migrator(&database, &files).up().await.unwrap();
    assert_eq!(names(&report), ["R__b.sql", "R__a.sql"]);
}

#[tokio::test]
async fn when_nothing_helps_all_that_lack_something_are_named_and_the_rest_is_applied() {
    let database = TestDatabase::empty().await;
    let files = [
        ("R__a.sql", "create or replace view va as select * from vb;"),
        ("R__b.sql", "create or replace view vb as select * from va;"),
        ("R__c.sql", "create or replace view vc as select 1 as one;"),
    ];
    let migrator = migrator(&database, &files);
    for how in [Some(DryRun::Rollback), None] {
        let migrator = how.map_or(migrator.clone(), |how| migrator.clone().with_dry_run(how));
        let error = migrator.up().await.unwrap_err();
        let failed = error.file().unwrap();
        let Reason::Lacking { others, .. } = &failed.reason else { panic!("{error}") };
        assert_eq!((failed.file.as_str(), others.len()), ("R__a.sql", 1), "{error}");
        assert!(others[0].starts_with("R__b.sql: relation \"va\" does not exist"), "{error}");
        assert_eq!(failed.at.unwrap().to_string(), "1:44");
    }
    assert_eq!(recorded(&database).await, ["c"]);
    assert!(has_table(&database, "vc").await && !has_table(&database, "va").await);
}

#[tokio::test]
async fn one_that_fails_for_another_reason_is_not_tried_again() {
    let database = TestDatabase::empty().await;
    let files = [("R__a.sql", "select 1/0;"), ("R__b.sql", "create view b as select 1 as one;")];
    let error = migrator(&database, &files).up().await.unwrap_err();
    assert_eq!((error.file().unwrap().file.as_str(), error.file().unwrap().attempts), ("R__a.sql", 1));
    assert_eq!(count(&database, "select count(*) from pgkeel.migration_log").await, 2);
    assert!(!has_table(&database, "b").await);
}

#[tokio::test]
async fn they_wait_for_what_the_target_leaves_out_but_not_for_a_later_phase() {
    let database = TestDatabase::empty().await;
    let contract = ("V3__c.sql", "-- pgkeel: phase=contract\nselect 1;");
    let later =
        ("R__later.sql", "-- pgkeel: phase=contract\ncreate or replace view later as select 1 as one;");
    let files = [TABLE, ("V2__b.sql", "select 1;"), contract, VIEW, later];
    let migrator = migrator(&database, &files);
    let part = migrator.clone().with_target(Target::Version(1)).up().await.unwrap();
    assert_eq!(names(&part), ["V1__a.sql"]);
    let expand = migrator.clone().with_phase(Phase::Expand).up().await.unwrap();
    assert_eq!(names(&expand), ["V2__b.sql", "R__ids.sql"]);
    assert_eq!(names(&migrator.up().await.unwrap()), ["V3__c.sql", "R__later.sql"]);
}

#[tokio::test]
async fn a_way_back_leaves_them_and_makes_them_due() {
    let database = TestDatabase::empty().await;
    let down = ("V1__a.down.sql", "drop table a cascade;");
    let migrator = migrator(&database, &[TABLE, down, VIEW]);
    migrator.up().await.unwrap();
    let plan = migrator.plan_down(Back::Steps(1)).await.unwrap();
    assert!(plan.sql().contains("delete from pgkeel.repeatable;"), "{}", plan.sql());
    assert_eq!(names(&migrator.down(Back::Steps(1)).await.unwrap()), ["V1__a.sql"]);
    assert!(!has_table(&database, "ids").await);
    assert_eq!(due(&migrator.status().await.unwrap()), ["R__ids.sql"]);
    migrator.up().await.unwrap();
    assert!(has_table(&database, "ids").await);
    assert_eq!(names(&migrator.redo().await.unwrap()), ["V1__a.sql", "V1__a.sql", "R__ids.sql"]);
    assert!(has_table(&database, "ids").await && migrator.status().await.unwrap().due.is_empty());
}

#[tokio::test]
async fn a_file_that_was_removed_is_a_note() {
    let database = TestDatabase::empty().await;
    migrator(&database, &[TABLE, VIEW]).up().await.unwrap();
    let without = migrator(&database, &[TABLE]);
    assert_eq!(without.status().await.unwrap().removed, ["ids"]);
    assert!(without.up().await.unwrap().done.is_empty());
    assert!(has_table(&database, "ids").await);
}

#[tokio::test]
async fn dry_runs_try_them_and_leave_nothing() {
    let database = TestDatabase::empty().await;
    let migrator =
        migrator(&database, &[TABLE, VIEW, ("R__a_first.sql", "create or replace view f as table ids;")]);
    for how in [DryRun::Rollback, DryRun::Shadow] {
        let report = migrator.clone().with_dry_run(how).up().await.unwrap();
        assert_eq!(names(&report), ["V1__a.sql", "R__ids.sql", "R__a_first.sql"], "{how:?}");
    }
    assert!(!has_table(&database, "ids").await);
    migrator.up().await.unwrap();
    let edited = ("R__ids.sql", "create or replace view ids as select id, 1 as one from a;");
    let edited = crate::migrator(
        &database,
        &[TABLE, edited, ("R__a_first.sql", "create or replace view f as table ids;")],
    );
    assert_eq!(names(&edited.with_dry_run(DryRun::Shadow).up().await.unwrap()), ["R__ids.sql"]);
}

#[tokio::test]
async fn a_planned_script_does_the_same() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &[TABLE, VIEW]);
    let plan = migrator.plan().await.unwrap();
    assert_eq!(plan.files.iter().map(PlannedFile::file).collect::<Vec<_>>(), ["V1__a.sql", "R__ids.sql"]);
    let connection = database.connection().await;
    for statement in plan.sql().strip_prefix("\\set ON_ERROR_STOP on\n").unwrap().split(";\n") {
        connection.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let status = migrator.status().await.unwrap();
    assert!(status.pending.is_empty() && status.due.is_empty() && has_table(&database, "ids").await);
}

#[tokio::test]
async fn one_whose_session_is_ended_is_due_again() {
    let database = TestDatabase::empty().await;
    migrator(&database, &[TABLE]).up().await.unwrap();
    let slow = format!("{}\nselect pg_sleep(600);", VIEW.1);
    let running = {
        let slow = migrator(&database, &[TABLE, ("R__ids.sql", &slow)]);
        tokio::spawn(async move { slow.up().await })
    };
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database()
               and application_name = 'pgkeel-migrate' and query like '%pg_sleep%' and wait_event = 'PgSleep'";
    eventually("it was ended", async || (count(&database, end).await == 1).then_some(())).await;
    assert!(running.await.unwrap().is_err_and(|error| error.is_disconnected()));
    eventually("the lock is free", async || (locks(&database).await == 0).then_some(())).await;
    assert!(!has_table(&database, "ids").await);
    let again = migrator(&database, &[TABLE, VIEW]);
    assert_eq!(due(&again.status().await.unwrap()), ["R__ids.sql"]);
    assert_eq!(names(&again.up().await.unwrap()), ["R__ids.sql"]);
}

#[tokio::test]
async fn of_many_starters_each_change_is_applied_once() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table runs (n int);"),
        ("R__a.sql", "insert into runs values (1);"),
        ("R__b.sql", "insert into runs values (2);"),
    ];
    let starters = (0..8).map(|_| {
        let migrator = migrator(&database, &files);
        tokio::spawn(async move { migrator.up().await.unwrap().done.len() })
    });
    let mut done = 0;
    for starter in starters.collect::<Vec<_>>() {
        done += starter.await.unwrap();
    }
    assert_eq!((done, count(&database, "select count(*) from runs").await), (3, 2));
}

#[tokio::test]
async fn a_lock_file_knows_them_behind_all_versions() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let files = [TABLE, VIEW, ("V2__b.sql", "create table b (id int);")];
    let migrations = Migrations::from_static(&files).unwrap();
    let lock = Prover::new(database.config(), migrations.clone()).lock().await.unwrap();
    lock.write(directory.path()).unwrap();
    assert_eq!(LockFile::read(directory.path()).unwrap(), Some(lock.clone()));
    assert!(lock.repeatables().is_some_and(|it| it.files.len() == 1 && it.checksum("ids").is_some()));
    assert_eq!(lock.check(&migrations), []);

    let verify = async |files: &[(&str, &str)], against: &Against| {
        let migrations = Migrations::from_static(files).unwrap();
        Verifier::new(database.config(), migrations).verify(against).await
    };
    let against = Against::LockFile(lock.clone());
    let up = async |files: &[(&str, &str)], target: Target| {
        migrator(&database, files).with_target(target).up().await.unwrap();
    };
    up(&files, Target::Version(1)).await;
    assert!(verify(&files, &against).await.unwrap().is_clean());
    up(&files, Target::Latest).await;
    assert!(verify(&files, &against).await.unwrap().is_clean());
    assert!(verify(&files, &Against::Shadow).await.unwrap().is_clean());
    database.connection().await.batch_execute("drop view ids").await.unwrap();
    assert!(!verify(&files, &against).await.unwrap().is_clean());
    assert!(!verify(&files, &Against::Shadow).await.unwrap().is_clean());

    let edited = [TABLE, ("R__ids.sql", "create or replace view ids as select 1 as one from a;"), files[2]];
    let conflicts = lock.check(&Migrations::from_static(&edited).unwrap());
    assert!(matches!(&conflicts[..], [LockConflict::RepeatableEdited { .. }]), "{conflicts:?}");
    let due = verify(&edited, &Against::Shadow).await;
    assert!(matches!(due, Err(VerifyError::RepeatableDue { .. })), "{due:?}");
    up(&edited, Target::Latest).await;
    let unknown = verify(&edited, &against).await;
    assert!(matches!(unknown, Err(VerifyError::RepeatablesNotLocked { version: 2 })), "{unknown:?}");
    assert!(verify(&edited, &Against::Shadow).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_proof_finds_one_that_does_not_bear_being_applied_again() {
    let database = TestDatabase::empty().await;
    let prove = async |view: &str| {
        let files = [TABLE, ("V1__a.down.sql", "drop table a;"), ("R__ids.sql", view)];
        Prover::new(database.config(), Migrations::from_static(&files).unwrap()).prove().await.unwrap()
    };
    let sound = prove(VIEW.1).await;
    assert!(sound.is_sound() && sound.lock.repeatables().is_some(), "{sound}");
    assert!(sound.to_string().contains("R__ids.sql, applied twice: sound"), "{sound}");
    let fails = prove("create view ids as select id from a;").await;
    assert!(!fails.is_sound() && fails.to_string().contains("cannot be applied again"), "{fails}");
    let grows = prove("create table if not exists n (id int); alter table n add unique (id);").await;
    assert!(!grows.is_sound() && grows.repeatables.unwrap().findings[0].differences().is_some());
}

#[tokio::test]
async fn it_is_retried_for_a_lock_and_takes_a_role_like_a_version() {
    let database = TestDatabase::empty().await;
    let role = format!("owner_of_{}", database.address().database());
    let admin = database.connection().await;
    admin
        .batch_execute(&format!("create role {role}; grant create on schema public to {role}"))
        .await
        .unwrap();
    let file = format!("-- pgkeel: role={role} lock_timeout=1s\ncreate table if not exists theirs (id int);");
    migrator(&database, &[("R__a.sql", &file)]).up().await.unwrap();
    let owner =
        format!("select count(*) from pg_tables where tablename = 'theirs' and tableowner = '{role}'");
    assert_eq!(count(&database, &owner).await, 1);
    admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn a_user_who_may_not_create_tables_needs_none_without_them() {
    let database = TestDatabase::empty().await;
    let migrator: Migrator = migrator(&database, &[TABLE]);
    migrator.up().await.unwrap();
    assert!(!has_table(&database, "pgkeel.repeatable").await);
    assert!(matches!(
        migrator.clone().with_target(Target::Version(7)).up().await,
        Err(Error::NoSuchVersion { version: 7 })
    ));
}
