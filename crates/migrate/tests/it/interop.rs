//! Plain refinery, with its own driver, on the same history.

use pgkeel_connect::{Executor as _, HostName};
use pgkeel_migrate::Error;
use pgkeel_testkit::TestDatabase;
use refinery_core::{Migration, Runner};

use crate::{HISTORY, count, has_table, history, migrator, versions};

const FILES: [(&str, &str); 2] = [
    ("V1__init.sql", "create table a (\"größe\" int);\n"),
    ("V20261122011743__Then.sql", "create table b (id int);\n"),
];

pub(crate) async fn client(database: &TestDatabase) -> tokio_postgres::Client {
    let address = database.address();
    let HostName::Socket(directory) = address.hosts()[0].name() else {
        panic!("the server of tests listens on a socket")
    };
    let mut config = tokio_postgres::Config::new();
    config
        .host_path(directory)
        .port(address.hosts()[0].port())
        .user(address.user())
        .dbname(address.database());
    #[expect(clippy::disallowed_methods, reason = "the point is to do without our connection")]
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) fn runner(files: &[(&str, &str)]) -> Runner {
    let unapplied =
        |(file, text): &(&str, &str)| Migration::unapplied(file.strip_suffix(".sql").unwrap(), text);
    let migrations: Vec<Migration> = files.iter().map(|file| unapplied(file).unwrap()).collect();
    let mut runner = Runner::new(&migrations);
    runner.set_migration_table_name(HISTORY);
    runner
}

#[tokio::test]
async fn what_plain_refinery_applied_counts_as_applied() {
    let database = TestDatabase::empty().await;
    database.connection().await.batch_execute("create schema pgkeel").await.unwrap();
    runner(&FILES[..1]).run_async(&mut client(&database).await).await.unwrap();
    let migrator = migrator(&database, &FILES);
    let status = migrator.status().await.unwrap();
    assert!(status.conflicts.is_empty(), "{:?}", status.conflicts);
    assert_eq!((status.applied.len(), versions(&status.pending)), (1, vec![20_261_122_011_743]));
    assert_eq!(migrator.up().await.unwrap().done.len(), 1);
    assert!(has_table(&database, "b").await);
}

#[tokio::test]
async fn a_history_under_the_usual_name_is_not_passed_over() {
    let database = TestDatabase::empty().await;
    let mut usual = runner(&FILES[..1]);
    usual.set_migration_table_name("refinery_schema_history");
    usual.run_async(&mut client(&database).await).await.unwrap();
    let migrator = migrator(&database, &FILES);
    let error = migrator.up().await.unwrap_err();
    assert!(
        matches!(&error, Error::OtherHistory { table } if table == "public.refinery_schema_history"),
        "{error:?}"
    );
    let text = error.to_string();
    let (_, remedy) = text.split_once("run ").unwrap();
    database.connection().await.batch_execute(remedy).await.unwrap();
    assert_eq!(migrator.up().await.unwrap().done.len(), 1);
    assert_eq!(history(&database).await, [1, 20_261_122_011_743]);
}

#[tokio::test]
async fn plain_refinery_accepts_what_was_applied_here() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    let report = runner(&FILES).run_async(&mut client(&database).await).await.unwrap();
    assert!(report.applied_migrations().is_empty());
    assert_eq!(history(&database).await, [1, 20_261_122_011_743]);
}

#[tokio::test]
async fn the_table_of_the_history_is_as_plain_refinery_makes_it() {
    let (ours, theirs) = (TestDatabase::empty().await, TestDatabase::empty().await);
    migrator(&ours, &FILES).up().await.unwrap();
    theirs.connection().await.batch_execute("create schema pgkeel").await.unwrap();
    runner(&FILES).run_async(&mut client(&theirs).await).await.unwrap();
    let columns = "select hashtext(string_agg(format('%s %s %s %s', attname, atttypid::regtype, atttypmod, attnotnull), ',' \
                   order by attnum))::int8 from pg_attribute where attnum > 0 and attrelid = 'pgkeel.refinery_schema_history'::regclass";
    assert_eq!(count(&ours, columns).await, count(&theirs, columns).await);
}
