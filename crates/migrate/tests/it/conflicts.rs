//! Files and history that do not go together.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Conflict, Error, Migrations, UnfitReason};
use pgkeel_testkit::TestDatabase;

use crate::{HISTORY, has_table, history, locks, migrator};

const APPLIED: [(&str, &str); 4] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V2__b.sql", "create table b (id int);"),
    ("V3__c.sql", "create table c (id int);"),
    ("V5__e.sql", "create table e (id int);"),
];

fn conflicts(error: Error) -> Vec<Conflict> {
    match error {
        Error::Conflicts { conflicts } => conflicts,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_conflicts_are_named_at_once_and_nothing_runs() {
    let database = TestDatabase::empty().await;
    migrator(&database, &APPLIED).up().await.unwrap();
    let files = [
        ("V1__a.sql", "create table a (id bigint);"),
        ("V2__bb.sql", "create table b (id int);"),
        ("V4__d.sql", "create table d (id int);"),
        ("V5__e.sql", "create table e (id int);"),
        ("V6__f.sql", "create table f (id int);"),
        ("V7__g.sql", "create table g (id int);\ncommit;"),
    ];
    let migrator = migrator(&database, &files);
    let found = conflicts(migrator.up().await.unwrap_err());
    let [
        Conflict::Edited { file: edited, .. },
        Conflict::Renamed { file: renamed, applied_as, .. },
        Conflict::Missing { file: missing, .. },
        Conflict::OutOfOrder { file: late, behind, .. },
        Conflict::Unfit { file: unfit, .. },
    ] = &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!(
        [edited, renamed, missing, late, unfit],
        ["V1__a.sql", "V2__bb.sql", "V3__c.sql", "V4__d.sql", "V7__g.sql"]
    );
    assert_eq!([applied_as, behind], ["b", "V5__e.sql"]);
    assert_eq!(migrator.status().await.unwrap().conflicts, found);
    assert_eq!(history(&database).await, [1, 2, 3, 5]);
    assert!(!has_table(&database, "f").await);
    assert_eq!(locks(&database).await, 0);
}

#[tokio::test]
async fn a_file_with_commit_is_refused_and_leaves_nothing() {
    let database = TestDatabase::empty().await;
    for text in [
        "create table x (id int); COMMIT; create table y (id int);",
        "create table x (id int);\n/* */ rollback; create table y (id int);",
        "begin; create table x (id int); end;",
    ] {
        let files = [("V1__a.sql", "create table a (id int);"), ("V2__x.sql", text)];
        let found = conflicts(migrator(&database, &files).up().await.unwrap_err());
        let [Conflict::Unfit { file, unfit, .. }] = &found[..] else { panic!("{found:?}") };
        assert_eq!((file.as_str(), unfit.reason), ("V2__x.sql", UnfitReason::ControlsTransaction));
        for table in ["a", "x", "y", HISTORY] {
            assert!(!has_table(&database, table).await, "{text}: {table}");
        }
    }
}

#[tokio::test]
async fn a_commit_that_hides_in_a_block_is_refused_by_the_server_and_leaves_nothing() {
    let database = TestDatabase::empty().await;
    let procedure =
        "create procedure p() language plpgsql as $$ begin create table x (id int); commit; end $$;";
    for text in [
        "create table w (id int); do $$ begin create table x (id int); commit; end $$;",
        &format!("{procedure}\ncall p();"),
    ] {
        let error = migrator(&database, &[("V1__x.sql", text)]).up().await.unwrap_err();
        assert_eq!(error.server().unwrap().code().code(), "2D000", "{error:?}");
        assert!(!has_table(&database, "w").await && !has_table(&database, "x").await);
        assert_eq!(history(&database).await, [0_i64; 0]);
    }
}

#[tokio::test]
async fn files_of_a_directory_are_all_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(directory.path().join(name), text).unwrap();
    write("V1__a.sql", b"\xef\xbb\xbfselect 1;\r\n");
    write("V1__a.down.sql", b"select 1;");
    write("README.md", b"");
    write("migrations.lock", b"");
    let migrations = Migrations::from_dir(directory.path()).unwrap();
    assert_eq!(migrations.iter().next().unwrap().sql(), "select 1;\n");

    write("V01__b.sql", b"select 1;");
    write("V2__add-user.sql", b"select 1;");
    write("V3__latin.sql", b"select '\xe9';");
    write("old.sql", b"");
    std::fs::create_dir(directory.path().join("V4__dir.sql")).unwrap();
    let Err(Error::Files { problems }) = Migrations::from_dir(directory.path()) else { panic!() };
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "V2__add-user.sql is not named V<version>__<name>.sql; did you mean V2__add_user.sql?",
            "V3__latin.sql is not a text in UTF-8",
            "V4__dir.sql/ is not named V<version>__<name>.sql",
            "old.sql is not named V<version>__<name>.sql",
            "V01__b.sql and V1__a.sql have the same version; give one of them another",
        ]
    );
    let missing = directory.path().join("none");
    assert!(matches!(Migrations::from_dir(&missing), Err(Error::Directory { path, .. }) if path == missing));
}

#[tokio::test]
async fn a_history_that_cannot_be_read_is_an_error() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &APPLIED);
    migrator.up().await.unwrap();
    let connection = database.connection().await;
    for (column, value) in [("checksum", "'many'"), ("applied_on", "null")] {
        let spoil = format!("update {HISTORY} set {column} = {value} where version = 3");
        connection.batch_execute(&spoil).await.unwrap();
        let error = migrator.status().await.unwrap_err();
        assert!(
            matches!(error, Error::History { version: 3, column: found } if found == column),
            "{error:?}"
        );
        connection
            .batch_execute(&format!("update {HISTORY} set checksum = '1' where version = 3"))
            .await
            .unwrap();
    }
}
