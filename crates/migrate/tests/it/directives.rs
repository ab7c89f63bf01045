//! What files say about how they want to be run.

use std::time::Duration;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Conflict, Error, Phase, Reason, Stays};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table, history, migrator, outside};

#[tokio::test]
async fn times_count_for_their_file_alone() {
    let database = TestDatabase::empty().await;
    let seen = "current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')";
    let first = format!(
        "-- pgkeel: lock_timeout=300ms statement_timeout=15min\ncreate table seen as select 1 as id, {seen} as times;"
    );
    let second = format!("insert into seen select 2, {seen};");
    migrator(&database, &[("V1__a.sql", &first), ("V2__b.sql", &second)]).up().await.unwrap();
    let sql = "select string_agg(times, ', ' order by id) from seen";
    let times: String = database.connection().await.query_scalar(sql, &[]).await.unwrap();
    assert_eq!(times, "300ms 15min, 5s 1h");
}

#[tokio::test]
async fn files_run_as_the_role_that_they_ask_for() {
    let database = TestDatabase::empty().await;
    let role = format!("owner_of_{}", database.address().database());
    let admin = database.connection().await;
    admin
        .batch_execute(&format!("create role {role}; grant create on schema public to {role}"))
        .await
        .unwrap();
    let inside = format!("-- pgkeel: role={role}\ncreate table a (id int);");
    let alone = format!(
        "-- pgkeel: role={role}\n{}",
        outside(
            "create table b (id int); create index concurrently b_idx on b (id); create table c (id int);"
        )
    );
    let files =
        [("V1__a.sql", inside.as_str()), ("V2__b.sql", &alone), ("V3__d.sql", "create table d (id int);")];
    migrator(&database, &files).up().await.unwrap();
    let owned =
        format!("select count(*) from pg_tables where schemaname = 'public' and tableowner = '{role}'");
    assert_eq!(count(&database, &owned).await, 3);
    assert!(has_table(&database, "b_idx").await && has_table(&database, "d").await);
    admin.batch_execute(&format!("drop owned by {role} cascade; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn a_precheck_that_does_not_hold_leaves_the_database_as_it_was() {
    let database = TestDatabase::empty().await;
    let check = "-- pgkeel: precheck=\"select count(*) = 0 from a where id < 0\"\n";
    let inside = format!("{check}create table b (id int);");
    let alone = format!("{check}{}", outside("create table b (id int);"));
    for text in [inside, alone] {
        let files = [
            ("V1__a.sql", "create table if not exists a (id int); insert into a values (-1);"),
            ("V2__b.sql", &text),
        ];
        let error = migrator(&database, &files).up().await.unwrap_err();
        let failed = error.file().unwrap();
        assert!(
            matches!(&failed.reason, Reason::Precheck { query } if query.starts_with("select count")),
            "{error}"
        );
        assert!(matches!(failed.stays, Stays::Nothing | Stays::Statements { done: 0, of: 1 }));
        assert!(!has_table(&database, "b").await);
        assert_eq!(history(&database).await, [1]);
    }
}

#[tokio::test]
async fn a_file_may_come_behind_its_time_if_it_says_so() {
    let database = TestDatabase::empty().await;
    let files = [("V1__a.sql", "select 1;"), ("V5__c.sql", "select 1;")];
    migrator(&database, &files).up().await.unwrap();
    let late = |text: &'static str| {
        migrator(&database, &[files[0], ("V3__b.sql", text), files[1], ("V6__d.sql", "select 1;")])
    };
    let Err(Error::Conflicts { conflicts }) = late("select 1;").up().await else { panic!() };
    assert!(matches!(&conflicts[..], [Conflict::OutOfOrder { version: 3, .. }]));
    assert_eq!(late("-- pgkeel: out_of_order=yes\nselect 1;").up().await.unwrap().done.len(), 2);
    assert_eq!(history(&database).await, [1, 3, 5, 6]);
    assert!(late("-- pgkeel: out_of_order=yes\nselect 1;").status().await.unwrap().conflicts.is_empty());
}

#[tokio::test]
async fn what_a_file_requires_has_to_be_applied() {
    let database = TestDatabase::empty().await;
    let needs = ("V3__b.sql", "-- pgkeel: requires=V2\nselect 1;");
    let Err(Error::Conflicts { conflicts }) = migrator(&database, &[needs]).up().await else { panic!() };
    assert!(matches!(&conflicts[..], [Conflict::Requires { required: 2, version: 3, .. }]));
    assert_eq!(migrator(&database, &[("V2__a.sql", "select 1;"), needs]).up().await.unwrap().done.len(), 2);
}

#[tokio::test]
async fn how_often_a_file_is_tried_is_its_own_matter() {
    let database = TestDatabase::empty().await;
    let user = database.connection().await;
    user.batch_execute("create table t (id int)").await.unwrap();
    user.batch_execute("begin; lock table t").await.unwrap();
    let files = [("V1__a.sql", "-- pgkeel: retries=0 lock_timeout=20ms\nalter table t add n int;")];
    let migrator = migrator(&database, &files).with_lock_timeout(Duration::from_mins(10));
    let error = migrator.up().await.unwrap_err();
    assert_eq!((error.file().unwrap().attempts, error.server().unwrap().code().code()), (1, "55P03"));
}

#[tokio::test]
async fn what_the_old_program_cannot_bear_waits_for_the_next_phase() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int);"),
        ("V2__b.sql", "-- pgkeel: phase=contract destructive=accepted\ndrop table a;"),
        ("V3__c.sql", "-- pgkeel: phase=expand\ncreate table c (id int);"),
    ];
    let migrator = migrator(&database, &files);
    let expanding = migrator.clone().with_phase(Phase::Expand);
    assert_eq!(expanding.plan().await.unwrap().files.len(), 1);
    assert_eq!(expanding.up().await.unwrap().done.len(), 1);
    assert!(expanding.up().await.unwrap().done.is_empty());
    assert_eq!(history(&database).await, [1]);
    migrator.up().await.unwrap();
    assert!(!has_table(&database, "a").await && has_table(&database, "c").await);
}
