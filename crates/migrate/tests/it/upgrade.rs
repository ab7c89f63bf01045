//! Databases whose tables an older version of this crate made.

use pgkeel_connect::{Address, Config, Executor as _};
use pgkeel_migrate::{Against, Gate, Migrations, Migrator, Readiness, SchemaCheck, Verifier, VerifyError};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table, recording as migrator};

const FILES: [(&str, &str); 3] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V2__b.sql", "create table b (id int);"),
    ("R__v.sql", "create or replace view v as select id from a;"),
];

/// The log without notes, the record without the history that it is of, and no table of repeatables.
async fn old() -> TestDatabase {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES[..1]).up().await.unwrap();
    sql(
        &database,
        "alter table pgkeel.migration_log drop column note; alter table pgkeel.schema_snapshot drop column applied",
    )
    .await;
    database
}

async fn sql(database: &TestDatabase, sql: &str) {
    database.connection().await.batch_execute(sql).await.unwrap();
}

fn schema(readiness: &Readiness) -> SchemaCheck {
    let Readiness::Ready { schema, .. } = readiness else { panic!("{readiness:?}") };
    *schema
}

#[tokio::test]
async fn the_next_run_that_writes_brings_the_tables_up_to_date() {
    let database = old().await;
    let verifier = Verifier::new(database.config(), Migrations::from_static(&FILES[..1]).unwrap());
    let error = verifier.verify(&Against::Recorded).await.unwrap_err();
    assert!(matches!(error, VerifyError::OldRecord), "{error:?}");
    let gate = |files: &[(&str, &str)]| Gate::new(database.config(), Migrations::from_static(files).unwrap());
    assert_eq!(schema(&gate(&FILES[..1]).check().await.unwrap()), SchemaCheck::NothingExpected);

    let migrator = migrator(&database, &FILES);
    assert_eq!(migrator.status().await.unwrap().pending.len(), 1);
    assert!(migrator.plan().await.unwrap().sql().contains("alter table pgkeel.migration_log add note text;"));
    assert_eq!(migrator.up().await.unwrap().done.len(), 2);
    assert_eq!(schema(&gate(&FILES).check().await.unwrap()), SchemaCheck::AsExpected);
    let columns = "select count(*) from pg_attribute where not attisdropped and (attrelid, attname) in
        (('pgkeel.migration_log'::regclass, 'note'), ('pgkeel.schema_snapshot'::regclass, 'applied'))";
    assert_eq!(count(&database, columns).await, 2);
}

#[tokio::test]
async fn marks_have_their_note_in_an_old_log() {
    let database = old().await;
    sql(&database, FILES[1].1).await;
    migrator(&database, &FILES[..2]).mark_applied(&[2], "by hand").await.unwrap();
    let noted = "select count(*) from pgkeel.migration_log where version = 2 and note = 'by hand'";
    assert_eq!(count(&database, noted).await, 1);
}

#[tokio::test]
async fn who_may_write_an_old_log_but_not_change_it_applies_all_the_same() {
    let database = old().await;
    let role = format!("{}_deployer", database.address().database());
    let rights = format!(
        "create role {role} login; grant usage on schema pgkeel to {role}; grant create, usage on schema public to {role};
         grant select, insert, update, delete on all tables in schema pgkeel to {role}"
    );
    sql(&database, &rights).await;
    let address = database.address();
    let config = Config::new(Address::new(address.hosts()[0].clone(), &role, address.database()));
    let deployer = Migrator::new(config, Migrations::from_static(&FILES[..2]).unwrap());
    let error = deployer.mark_applied(&[2], "by hand").await.unwrap_err();
    assert!(error.server().is_some_and(|server| server.code().code() == "42501"), "{error:?}");
    assert_eq!(deployer.up().await.unwrap().done.len(), 1);
    assert!(has_table(&database, "b").await);
    sql(&database, &format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn a_role_without_the_right_to_make_schemas_records_in_one_that_is_there() {
    let database = TestDatabase::empty().await;
    let role = format!("{}_deployer", database.address().database());
    let rights = format!(
        "create role {role} login; create schema pgkeel authorization {role}; grant create, usage on schema public to {role}"
    );
    sql(&database, &rights).await;
    let address = database.address();
    let config = Config::new(Address::new(address.hosts()[0].clone(), &role, address.database()));
    let migrations = Migrations::from_static(&FILES).unwrap();
    Migrator::new(config.clone(), migrations.clone()).up().await.unwrap();
    let ready = Gate::new(config, migrations).check().await.unwrap();
    assert_eq!(schema(&ready), SchemaCheck::AsExpected);
    sql(&database, &format!("drop owned by {role} cascade; drop role {role}")).await;
}
