//! From nothing to everything, once.

use pgkeel_connect::{Address, Config, Executor as _};
use pgkeel_migrate::{DryRun, Event, Migrator, Target};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table, history, locks, migrator, versions};

const FILES: [(&str, &str); 3] = [
    ("V2__lines.sql", "create table lines (id int references orders); insert into lines values (1);"),
    ("V1__orders.sql", "create table orders (id int primary key);\ninsert into orders values (1);"),
    ("V10__note.sql", "alter table orders add note text;"),
];

#[tokio::test]
async fn up_applies_everything_in_the_order_of_versions_and_again_nothing() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    let report = migrator.up().await.unwrap();
    assert_eq!(versions(report.done.iter().map(|done| &done.migration)), [1, 2, 10]);
    assert!(report.took >= report.done.iter().map(|done| done.took).sum::<std::time::Duration>());
    assert_eq!(history(&database).await, [1, 2, 10]);
    assert_eq!(count(&database, "select count(*) from lines").await, 1);

    assert!(migrator.up().await.unwrap().done.is_empty());
    assert_eq!(count(&database, "select count(*) from lines").await, 1);
    assert_eq!(locks(&database).await, 0);
}

#[tokio::test]
async fn only_what_is_new_is_applied() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES[..2]).up().await.unwrap();
    let report = migrator(&database, &FILES).up().await.unwrap();
    assert_eq!(versions(report.done.iter().map(|done| &done.migration)), [10]);
}

#[tokio::test]
async fn every_file_is_announced_and_reported() {
    let database = TestDatabase::empty().await;
    let mut seen = Vec::new();
    let observe = |event: Event<'_>| {
        seen.push(match event {
            Event::Begun { migration, position, of, .. } => format!("{migration} {position}/{of}"),
            Event::Done(done) => format!("{} done", done.migration),
            other => format!("{other:?}"),
        });
    };
    migrator(&database, &FILES[..2]).up_with(observe).await.unwrap();
    assert_eq!(
        seen,
        ["V1__orders.sql 1/2", "V1__orders.sql done", "V2__lines.sql 2/2", "V2__lines.sql done"]
    );
}

#[tokio::test]
async fn status_only_reads() {
    let database = TestDatabase::empty().await;
    let status = migrator(&database, &FILES).status().await.unwrap();
    assert_eq!((status.applied.len(), versions(&status.pending)), (0, vec![1, 2, 10]));
    assert!(status.conflicts.is_empty());
    assert_eq!(count(&database, "select count(*) from pg_namespace where nspname = 'pgkeel'").await, 0);

    migrator(&database, &FILES[..2]).up().await.unwrap();
    let status = migrator(&database, &FILES).status().await.unwrap();
    let applied: Vec<&str> = status.applied.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((applied, versions(&status.pending)), (vec!["orders", "lines"], vec![10]));
    assert!(status.applied[0].applied_on.elapsed().is_ok_and(|age| age.as_secs() < 3600));
}

#[tokio::test]
async fn a_user_who_may_read_only_gets_a_status() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES[..2]).up().await.unwrap();
    let role = format!("reader_of_{}", database.address().database());
    let admin = database.connection().await;
    let grants = format!(
        "create role {role} login password 'x'; grant usage on schema pgkeel to {role};
         grant select on pgkeel.refinery_schema_history to {role}; alter role {role} set default_transaction_read_only = on"
    );
    admin.batch_execute(&grants).await.unwrap();
    let host = database.address().hosts()[0].clone();
    let address = Address::new(host, &role, database.address().database());
    let reader = Migrator::new(Config::new(address), migrator(&database, &FILES).migrations().clone());
    assert_eq!(reader.status().await.unwrap().pending.len(), 1);
    admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn a_user_without_the_right_to_create_schemas_applies_files() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES[..2]).up().await.unwrap();
    let role = format!("owner_of_{}", database.address().database());
    let admin = database.connection().await;
    let grants = format!(
        "create role {role} login password 'x'; grant usage on schema pgkeel to {role}; alter table orders owner to {role};
         grant select, insert on pgkeel.refinery_schema_history, pgkeel.migration_log to {role}"
    );
    admin.batch_execute(&grants).await.unwrap();
    let host = database.address().hosts()[0].clone();
    let address = Address::new(host, &role, database.address().database());
    let owner = Migrator::new(Config::new(address), migrator(&database, &FILES).migrations().clone());
    assert_eq!(owner.up().await.unwrap().done.len(), 1);
    admin.batch_execute(&format!("drop owned by {role} cascade; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn what_a_file_sets_is_gone_for_the_history_and_the_next_file() {
    let database = TestDatabase::empty().await;
    let role = format!("nobody_of_{}", database.address().database());
    let first = format!(
        "create schema own; set search_path = own; create table orders (id int);
         create temp table scratch (id int); set lock_timeout = 1; create role {role}; set role {role};"
    );
    let second = "create temp table scratch (id int); create table public.second as
        select current_setting('search_path') path, current_setting('lock_timeout') wait, current_user::text who;";
    let files = [("V1__a.sql", first.as_str()), ("V2__b.sql", second)];
    migrator(&database, &files).up().await.unwrap();
    assert!(has_table(&database, "own.orders").await);
    let fresh =
        "select count(*) from second where path = '\"$user\", public' and wait = '5s' and who = session_user";
    assert_eq!(count(&database, fresh).await, 1);
    database.connection().await.batch_execute(&format!("drop role {role}")).await.unwrap();
}

/// Each of these fails, or finds something, behind itself on one session.
const LEAVING: &str = "do $$ begin perform currval('s'); raise 'the sequence is known';
    exception when object_not_in_prerequisite_state then null; end $$;
    do $$ begin if exists (select from pg_listening_channels()) then raise 'it listens'; end if; end $$;
    select nextval('s'); listen told; prepare p as select 1; declare c cursor with hold for select 1;";

#[tokio::test]
async fn what_a_file_prepares_opens_and_listens_to_is_gone_for_the_next() {
    let database = TestDatabase::empty().await;
    let again = format!("{LEAVING} select 2;");
    let one_by_one = format!("-- pgkeel: transaction=off\n{LEAVING}");
    let files = [
        ("V1__s.sql", "create sequence s;"),
        ("V2__a.sql", LEAVING),
        ("V3__b.sql", &again),
        ("V4__c.sql", &one_by_one),
        ("V5__d.sql", LEAVING),
    ];
    let migrator = migrator(&database, &files);
    let tried = migrator.clone().with_target(Target::Version(3)).with_dry_run(DryRun::Rollback).up().await;
    assert_eq!(tried.unwrap().done.len(), 3);
    assert_eq!(migrator.up().await.unwrap().done.len(), 5);
}

#[tokio::test]
async fn odd_defaults_of_the_database_do_not_matter() {
    let database = TestDatabase::empty().await;
    let name = database.address().database();
    let odd = format!(
        "alter database {name} set default_transaction_read_only = on;
         alter database {name} set default_transaction_isolation = 'serializable';
         alter database {name} set standard_conforming_strings = off; alter database {name} set search_path = '';
         alter database {name} set idle_in_transaction_session_timeout = 1; alter database {name} set statement_timeout = 1000"
    );
    let admin = database.connection().await;
    admin.batch_execute(&odd).await.unwrap();
    let files = [("V1__a.sql", r"create table public.t as select '\' as backslash from pg_sleep(0.01);")];
    migrator(&database, &files).up().await.unwrap();
    assert_eq!(history(&database).await, [1]);
}
