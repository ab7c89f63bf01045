//! Search paths that lead into the schema of the history.

use pgkeel_connect::{Config, Executor as _, HostName};
use pgkeel_migrate::{Error, Migrations, Migrator, Unsuitable};
use pgkeel_testkit::TestDatabase;

use crate::{has_table, migrator};

const FILE: (&str, &str) = ("V1__a.sql", "create table a (id int);");

async fn with_path(path: &str) -> TestDatabase {
    let database = TestDatabase::empty().await;
    let sql = format!(
        "do $$ begin execute format('alter database %I set search_path = {path}', current_database()); end $$"
    );
    database.connection().await.batch_execute(&sql).await.unwrap();
    database
}

/// Other tests on the server may make the same one, also at this moment.
async fn make_role(database: &TestDatabase, name: &str) {
    let sql = format!(
        "do $$ begin create role {name} superuser login;
         exception when duplicate_object or unique_violation then null; end $$"
    );
    database.connection().await.batch_execute(&sql).await.unwrap();
}

fn as_role(database: &TestDatabase, role: &str) -> Config {
    let (name, host) = (database.address().database(), &database.address().hosts()[0]);
    let HostName::Socket(socket) = host.name() else { panic!("the server of tests listens on a socket") };
    let url = format!("postgresql://{role}@/{name}?host={}&port={}", socket.display(), host.port());
    Config::new(url.parse().unwrap())
}

async fn is_refused(migrator: &Migrator) -> bool {
    let refused = migrator.up().await;
    matches!(refused, Err(Error::Unsuitable { reason: Unsuitable::OwnSchema }))
}

#[tokio::test]
async fn a_path_that_leads_there_is_refused_before_anything_is_written() {
    for path in [r#""$user", public"#, "pgkeel, public", r#"nowhere, "pgkeel""#] {
        let database = with_path(path).await;
        make_role(&database, "pgkeel").await; // Of that name, so that its "$user" leads there.
        let migrations = Migrations::from_static(&[FILE]).unwrap();
        let error = Migrator::new(as_role(&database, "pgkeel"), migrations).up().await.unwrap_err();
        assert!(matches!(error, Error::Unsuitable { reason: Unsuitable::OwnSchema }), "{path}: {error:?}");
        assert!(error.to_string().contains("set search_path = public"), "{error}");
        assert!(!has_table(&database, "pgkeel.migration_log").await, "{path}");
    }
}

#[tokio::test]
async fn a_path_that_leads_elsewhere_first_is_none_of_ours() {
    for path in ["public, pgkeel", r#"public, "$user""#, r#""Pgkeel", public"#] {
        let database = with_path(path).await;
        migrator(&database, &[FILE]).up().await.unwrap();
        assert!(has_table(&database, "public.a").await, "{path}");
    }
}

#[tokio::test]
async fn a_role_that_a_file_takes_on_counts_too() {
    let database = with_path(r#""$user", public"#).await;
    let other = format!("pgkeel_other_{}", std::process::id());
    make_role(&database, &other).await;
    database.connection().await.batch_execute(&format!("create schema {other}")).await.unwrap();
    let config = as_role(&database, &other);
    let files = [FILE, ("V2__b.sql", "-- pgkeel: role=pgkeel\ncreate table b (id int);")];
    let migrations = |files: &[(&str, &str)]| Migrations::from_static(files).unwrap();
    assert!(is_refused(&Migrator::new(config.clone(), migrations(&files))).await);
    Migrator::new(config, migrations(&files[..1])).up().await.unwrap();
    assert!(has_table(&database, &format!("{other}.a")).await);
}
