//! Tables as other tools write them, with files of theirs. Shapes and rows are those of refinery 0.10, sqlx 0.9, diesel 2.3,
//! goose 3.27, golang-migrate 4.19, dbmate 2.35 and Flyway 13.

use pgkeel_migrate::{Error, ImportFrom, Imported, Migrations, Migrator, Tool, ToolFiles, VerifyError};
use pgkeel_testkit::TestDatabase;

use super::{recorded, sql, write};
use crate::history;

/// A directory of the tool's files, turned into ours.
fn files(tool: Tool, files: &[(&str, &str)]) -> Migrations {
    let old = tempfile::tempdir().unwrap();
    write(old.path(), files);
    ToolFiles::read(tool, old.path()).unwrap().with_those_in("nowhere").unwrap()
}

async fn import(
    database: &TestDatabase,
    from: ImportFrom,
    files: &Migrations,
) -> Result<Imported, Vec<String>> {
    match Migrator::new(database.config(), files.clone()).import(&from).await {
        Ok(imported) => Ok(imported),
        Err(VerifyError::Migrate(Error::Import { problems, .. })) => {
            Err(problems.iter().map(ToString::to_string).collect())
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn of_many_that_import_at_once_one_does_it() {
    let database = TestDatabase::empty().await;
    sql(&database, &format!("{SQLX}{}{}", sqlx_row(1, "x", true), sqlx_row(2, "x", true))).await;
    // Files that say nothing of where they came from are found by their versions.
    let files = [("V1__a.sql", "select 1;"), ("V2__b.sql", "select 2;"), ("V3__c.sql", "select 3;")];
    let files = Migrations::from_static(&files).unwrap();
    let starters = (0..6).map(|_| {
        let migrator = Migrator::new(database.config(), files.clone());
        tokio::spawn(
            async move { migrator.import(&ImportFrom::tool(Tool::Sqlx)).await.unwrap().recorded.len() },
        )
    });
    let mut recorded = Vec::new();
    for starter in starters.collect::<Vec<_>>() {
        recorded.push(starter.await.unwrap());
    }
    recorded.sort_unstable();
    assert_eq!(recorded, [0, 0, 0, 0, 0, 2]);
    assert_eq!(history(&database).await, [1, 2]);
    assert_eq!(crate::locks(&database).await, 0);

    let renamed = Migrations::from_static(&[("V1__a.sql", "select 1;"), ("V2__x.sql", "select 2;")]).unwrap();
    let told = import(&database, ImportFrom::tool(Tool::Sqlx), &renamed).await.unwrap_err();
    assert_eq!(told, ["V2__x.sql is recorded here as V2__b.sql already"]);
}

#[tokio::test]
async fn what_only_a_checkpoint_is_left_of_is_taken_over_as_it_lists_it() {
    let database = TestDatabase::empty().await;
    let all = [("V1__a.sql", "select 1;"), ("V2__b.sql", "select 2;"), ("V3__c.sql", "select 3;")];
    let text = crate::checkpoints::checkpoint(&database, &all, 2).await;
    let of = |files: &[(&str, &str)]| Migrations::from_static(files).unwrap();
    let left = of(&[("B2__checkpoint.sql", text.as_str()), all[2]]);
    sql(
        &database,
        "create table schema_migrations (version bigint not null primary key, dirty boolean not null);
        insert into schema_migrations values (3, false)",
    )
    .await;
    let from = || ImportFrom::tool(Tool::GolangMigrate);
    import(&database, from(), &left).await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 3]);
    let migrator = pgkeel_migrate::Migrator::new(database.config(), of(&all));
    assert!(migrator.status().await.unwrap().conflicts.is_empty(), "it is as with the files");
    assert_eq!(import(&database, from(), &left).await.unwrap().recorded.len(), 0);
    assert_eq!(import(&database, from(), &of(&all)).await.unwrap().recorded.len(), 0);
}

const SQLX: &str = "create table _sqlx_migrations (version bigint primary key, description text not null,
    installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
    execution_time bigint not null);";

fn sqlx_row(version: i64, text: &str, success: bool) -> String {
    format!(
        "insert into _sqlx_migrations values ({version}, 'x', '2024-01-02 03:04:05.678901+00', {success},
            sha384('{}'::bytea), 1000);",
        text.replace('\'', "''")
    )
}

#[tokio::test]
async fn sqlx() {
    let database = TestDatabase::empty().await;
    let texts = [
        ("1_a.sql", "create table a (id int);\n"),
        ("2_b.up.sql", "create table b (id int);\n"),
        ("3_c.sql", "create table c (id int);\n"),
    ];
    let files = files(Tool::Sqlx, &texts);
    sql(
        &database,
        &format!(
            "{SQLX}{}{}create table a (id int); create table b (id int)",
            sqlx_row(1, texts[0].1, true),
            sqlx_row(2, texts[1].1, true)
        ),
    )
    .await;
    let imported = import(&database, ImportFrom::tool(Tool::Sqlx), &files).await.unwrap();
    assert_eq!(
        (imported.table.as_str(), imported.recorded.len(), imported.already),
        ("public._sqlx_migrations", 2, 0)
    );
    let (rows, log) = recorded(&database).await;
    assert_eq!(rows, ["1 2024-01-02T03:04:05.678901Z", "2 2024-01-02T03:04:05.678901Z"]);
    assert_eq!(
        log,
        ["1 import up ok sqlx in public._sqlx_migrations", "2 import up ok sqlx in public._sqlx_migrations"]
    );
    let again = import(&database, ImportFrom::tool(Tool::Sqlx), &files).await.unwrap();
    assert_eq!((again.recorded.len(), again.already), (0, 2));
    assert_eq!(recorded(&database).await.1.len(), 2);
    assert_eq!(Migrator::new(database.config(), files).up().await.unwrap().done.len(), 1);
    assert_eq!(crate::count(&database, "select count(*) from _sqlx_migrations").await, 2);
}

#[tokio::test]
async fn sqlx_that_failed_or_applied_something_else_is_named() {
    let database = TestDatabase::empty().await;
    let files = files(Tool::Sqlx, &[("1_a.sql", "select 1;\n"), ("2_b.sql", "select 2;\n")]);
    let rows =
        [sqlx_row(1, "select 'other'", true), sqlx_row(2, "select 2;\n", false), sqlx_row(9, "gone", true)];
    sql(&database, &format!("{SQLX}{}", rows.concat())).await;
    let told = import(&database, ImportFrom::tool(Tool::Sqlx), &files).await.unwrap_err();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told[0].starts_with("V1__a.sql is not the file that was applied, by its checksum"), "{told:#?}");
    assert!(told[1].starts_with("version 2 is noted as failed; put right what it left"), "{told:#?}");
    assert!(told[2].starts_with("version 9 is applied, but there is no file of it"), "{told:#?}");
    assert!(!crate::has_table(&database, "pgkeel.migration_log").await);
    sql(&database, "delete from _sqlx_migrations where version <> 1").await;
    import(&database, ImportFrom::tool(Tool::Sqlx).accepting_edited(), &files).await.unwrap();
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn diesel() {
    let database = TestDatabase::empty().await;
    let texts = [
        ("00000000000000_diesel_initial_setup/up.sql", "select 1;\n"),
        ("2024-01-02-030405_posts/up.sql", "select 2;\n"),
        ("2024-02-02-030405_more/up.sql", "select 3;\n"),
    ];
    let table = "create table __diesel_schema_migrations (version varchar(50) primary key not null,
                     run_on timestamp not null default current_timestamp);
                 insert into __diesel_schema_migrations values ('00000000000000', '2024-01-01 00:00:00'), ('20240102030405', '2024-01-03 00:00:00')";
    sql(&database, table).await;
    let imported =
        import(&database, ImportFrom::tool(Tool::Diesel), &files(Tool::Diesel, &texts)).await.unwrap();
    assert_eq!(imported.recorded.len(), 2);
    assert_eq!(history(&database).await, [0, 20_240_102_030_405]);
}

#[tokio::test]
async fn goose_counts_the_newest_row_of_a_version() {
    let database = TestDatabase::empty().await;
    let up = "-- +goose Up\nselect 1;\n";
    let files = files(Tool::Goose, &[("00001_a.sql", up), ("00002_b.sql", up), ("00003_c.sql", up)]);
    let table = "create schema app;
        create table app.goose_db_version (id integer primary key generated by default as identity, version_id bigint not null,
            is_applied boolean not null, tstamp timestamp not null default now());
        insert into app.goose_db_version (version_id, is_applied) values (0, true), (1, true), (2, true), (3, true), (3, false), (2, false), (2, true)";
    sql(&database, table).await;
    let from = ImportFrom::tool(Tool::Goose);
    let error = Migrator::new(database.config(), files.clone()).import(&from).await.unwrap_err();
    assert!(matches!(error, VerifyError::Migrate(Error::NoToolTable { .. })), "{error:?}");
    let imported = import(&database, from.table("app.goose_db_version"), &files).await.unwrap();
    assert_eq!(imported.table, "app.goose_db_version");
    assert_eq!(history(&database).await, [1, 2]);
}

#[tokio::test]
async fn golang_migrate_knows_its_newest_version_alone() {
    let database = TestDatabase::empty().await;
    let texts = [
        ("1_a.up.sql", "select 1;"),
        ("2_b.up.sql", "select 1;"),
        ("10_c.up.sql", "select 1;"),
        ("11_d.up.sql", "select 1;"),
    ];
    let files = files(Tool::GolangMigrate, &texts);
    sql(
        &database,
        "create table schema_migrations (version bigint not null primary key, dirty boolean not null);
                    insert into schema_migrations values (10, true)",
    )
    .await;
    let from = || ImportFrom::tool(Tool::GolangMigrate);
    let told = import(&database, from(), &files).await.unwrap_err();
    assert_eq!(
        told,
        [
            "version 10 is noted as failed; put right what it left, then run migrate force with the version that is there"
        ]
    );
    sql(&database, "update schema_migrations set version = 5, dirty = false").await;
    assert_eq!(import(&database, from(), &files).await.unwrap_err().len(), 1);
    sql(&database, "update schema_migrations set version = 10").await;
    import(&database, from(), &files).await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 10]);
    for (tool, told) in [(Tool::Sqlx, "no column description"), (Tool::Dbmate, "a column dirty")] {
        let from = ImportFrom::tool(tool).table("schema_migrations");
        let error = Migrator::new(database.config(), files.clone()).import(&from).await.unwrap_err();
        assert!(matches!(error, VerifyError::Migrate(Error::OtherTable { .. })), "{error:?}");
        assert!(error.to_string().ends_with(told), "{error}");
    }
}

#[tokio::test]
async fn dbmate() {
    let database = TestDatabase::empty().await;
    let text = "-- migrate:up\nselect 1;\n-- migrate:down\n";
    let files = files(Tool::Dbmate, &[("001_a.sql", text), ("002_b.sql", text), ("003_c.sql", text)]);
    sql(&database, "create table schema_migrations (version varchar primary key); insert into schema_migrations values ('001'), ('003')").await;
    let imported = import(&database, ImportFrom::tool(Tool::Dbmate), &files).await.unwrap();
    assert_eq!(history(&database).await, [1, 3]);
    let conflicts: Vec<String> = imported.conflicts.iter().map(ToString::to_string).collect();
    assert!(
        conflicts.len() == 1 && conflicts[0].starts_with("V002__b.sql was not applied, but the later"),
        "{conflicts:?}"
    );
}

const FLYWAY: &str = "create table flyway_schema_history (installed_rank int not null primary key, version varchar(50),
    description varchar(200) not null, type varchar(20) not null, script varchar(1000) not null, checksum integer,
    installed_by varchar(100) not null, installed_on timestamp not null default now(), execution_time integer not null,
    success boolean not null);";

fn flyway_row(rank: i32, version: &str, kind: &str, checksum: &str, success: bool) -> String {
    let version = if version.is_empty() { "null".to_owned() } else { format!("'{version}'") };
    format!(
        "insert into flyway_schema_history values ({rank}, {version}, 'x', '{kind}', 'x', {checksum}, 'me',
            '2024-01-02 03:04:05', 7, {success});"
    )
}

/// The CRC-32 of nine digits, which the standard gives as cbf43926.
const SUM: &str = "-873187034";

#[tokio::test]
async fn flyway() {
    let database = TestDatabase::empty().await;
    let texts = [
        ("V1__a.sql", "select 1;"),
        ("V2__b.sql", "select 1;"),
        ("V2.1__c.sql", "12345\r\n6789"),
        ("V2.2__d.sql", "select 1;"),
        ("V3__e.sql", "select 1;"),
        ("V4__f.sql", "select 1;"),
    ];
    let files = files(Tool::Flyway, &texts);
    let rows = [
        flyway_row(0, "", "SCHEMA", "null", true),
        flyway_row(1, "2", "BASELINE", "null", true),
        flyway_row(2, "2.1", "SQL", SUM, true),
        flyway_row(3, "2.2", "SQL", "null", true),
        flyway_row(4, "3", "SQL", "null", true),
        flyway_row(5, "3", "UNDO_SQL", "null", true),
        flyway_row(6, "", "SQL", "17", true),
    ];
    sql(&database, &format!("{FLYWAY}{}", rows.concat())).await;
    import(&database, ImportFrom::tool(Tool::Flyway), &files).await.unwrap();
    assert_eq!(history(&database).await, [1000, 2000, 2001, 2002]);
    let (rows, _) = recorded(&database).await;
    assert!(rows[2].starts_with("2001 2024-01-02T"), "{rows:?}");
}

#[tokio::test]
async fn flyway_that_failed_or_applied_something_else_is_named() {
    let database = TestDatabase::empty().await;
    let files = files(Tool::Flyway, &[("V1__a.sql", "select 1;"), ("V2__b.sql", "select 1;")]);
    let rows = [
        flyway_row(1, "1", "SQL", SUM, true),
        flyway_row(2, "2", "SQL", "null", false),
        flyway_row(3, "3", "JDBC", "null", true),
        flyway_row(4, "4", "SQL", "null", true),
        flyway_row(5, "4", "DELETE", "null", true),
    ];
    sql(&database, &format!("{FLYWAY}{}", rows.concat())).await;
    let told = import(&database, ImportFrom::tool(Tool::Flyway), &files).await.unwrap_err();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told[0].starts_with("V1__a.sql is not the file that was applied"), "{told:#?}");
    assert_eq!(told[1], "version 2 is noted as failed; put right what it left, then run flyway repair");
    assert!(told[2].starts_with("version 3 is applied, but there is no file of it"), "{told:#?}");
}

#[tokio::test]
async fn versions_whose_files_a_checkpoint_has_taken_the_place_of_are_recorded_as_it_lists_them() {
    let (database, other) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let texts: Vec<String> = (1..=3).map(|number| format!("create table t{number} (id int);\n")).collect();
    let all: Vec<(String, &str)> =
        (1..).zip(&texts).map(|(number, text)| (format!("V{number}__t.sql"), text.as_str())).collect();
    let all: Vec<(&str, &str)> = all.iter().map(|(file, text)| (file.as_str(), *text)).collect();
    let text = crate::checkpoints::checkpoint(&other, &all[..2], 2).await;
    let files = Migrations::from_static(&[("B2__checkpoint.sql", text.as_str()), all[2]]).unwrap();
    let from = || ImportFrom::tool(Tool::Sqlx);

    sql(&database, &format!("{SQLX}{}{}", sqlx_row(1, "x", true), "create table t1 (id int)")).await;
    let told = import(&database, from(), &files).await.unwrap_err();
    let lacking =
        "V2__t.sql is not applied, and B2__checkpoint.sql, which has taken its place, is for empty databases";
    assert!(told.len() == 1 && told[0].starts_with(lacking), "{told:#?}");

    sql(&database, &format!("{}{}", sqlx_row(2, "x", true), "create table t2 (id int)")).await;
    let imported = import(&database, from().verified(pgkeel_migrate::Against::Shadow), &files).await.unwrap();
    let names: Vec<&str> = imported.recorded.iter().map(pgkeel_migrate::Migration::file).collect();
    assert_eq!((names, imported.conflicts.len()), (vec!["B2__checkpoint.sql"], 0));
    let (rows, log) = recorded(&database).await;
    assert_eq!(rows, ["1 2024-01-02T03:04:05.678901Z", "2 2024-01-02T03:04:05.678901Z"]);
    assert_eq!(log, ["2 checkpoint up ok sqlx in public._sqlx_migrations"]);
    assert!(import(&database, from(), &files).await.unwrap().recorded.is_empty());
    assert_eq!(Migrator::new(database.config(), files).up().await.unwrap().done.len(), 1);
    // With the files at hand again these are the ones that are applied.
    let whole = crate::migrator(&database, &all).status().await.unwrap();
    assert!(whole.conflicts.is_empty() && whole.cosmetic.is_empty() && whole.pending.is_empty(), "{whole:?}");
}
