//! Plain refinery, with its own driver, on the same history.

use pgkeel_connect::{Executor as _, HostName};
use pgkeel_migrate::{Against, Error, ImportFrom, Migrator, Tool, ToolFiles};
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
async fn a_history_under_the_usual_name_is_not_passed_over_but_taken_over() {
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
    let from = ImportFrom::tool(Tool::Refinery).verified(Against::Shadow);
    assert_eq!(migrator.import(&from).await.unwrap().recorded.len(), 1);
    assert_eq!(migrator.import(&from).await.unwrap().recorded.len(), 0);
    assert_eq!(migrator.up().await.unwrap().done.len(), 1);
    assert_eq!(history(&database).await, [1, 20_261_122_011_743]);
    // And plain refinery goes on with ours.
    let report = runner(&FILES).run_async(&mut client(&database).await).await.unwrap();
    assert!(report.applied_migrations().is_empty());
}

/// As a build of refinery 0.10 without `int8-versions` has written it, for a file without an end of line, one with two of
/// Windows, and one with the prefix U.
const NARROW: &str = "create table refinery_schema_history (version int4 primary key, name varchar(255),
        applied_on varchar(255), checksum varchar(255));
    insert into refinery_schema_history values
        (1, 'a', '2026-11-22T12:56:42.541393231Z', '8734675930262167353'),
        (2, 'B_b', '2026-11-22T12:56:42.542026495Z', '1132495966037393206'),
        (3, 'u', '2026-11-22T12:56:42.542433478Z', '18098439400701874850');
    create table a (id int); create table b (id int); create table u (id int)";

#[tokio::test]
async fn a_history_of_narrow_versions_is_taken_over() {
    let (database, old) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    database.connection().await.batch_execute(NARROW).await.unwrap();
    for (name, text) in [
        ("V1__a.sql", "create table a (id int);"),
        ("V2__B_b.sql", "create table b (id int);\r\n\r\n"),
        ("U3__u.sql", "create table u (id int);\n"),
    ] {
        std::fs::write(old.path().join(name), text).unwrap();
    }
    let files = ToolFiles::read(Tool::Refinery, old.path()).unwrap().with_those_in("nowhere").unwrap();
    let migrator = Migrator::new(database.config(), files);
    let imported =
        migrator.import(&ImportFrom::tool(Tool::Refinery).verified(Against::Shadow)).await.unwrap();
    assert_eq!(versions(&imported.recorded), [1, 2, 3]);
    assert!(migrator.up().await.unwrap().done.is_empty());
}

#[tokio::test]
async fn files_that_plain_refinery_did_not_apply_are_told_by_their_checksums() {
    for (text, is_same) in
        [("select 1;", true), ("select 1;\r\n\r\nselect 2;\r\n", true), ("select 1; select 3;\n", false)]
    {
        let database = TestDatabase::empty().await;
        let mut usual = runner(&[("V1__a.sql", text)]);
        usual.set_migration_table_name("refinery_schema_history");
        usual.run_async(&mut client(&database).await).await.unwrap();
        let now = if is_same { text } else { "select 1; select 4;\n" };
        let imported =
            migrator(&database, &[("V1__a.sql", now)]).import(&ImportFrom::tool(Tool::Refinery)).await;
        assert_eq!(imported.is_ok(), is_same, "{text:?} {imported:?}");
    }
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
