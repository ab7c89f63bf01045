//! Files of other tools, turned into ours. Their forms are those that the tools document and read.

use pgkeel_migrate::{Error, Migrations, Tool, ToolFiles};

use super::write;

/// The new files by name and text, in the order of names.
fn converted(tool: Tool, files: &[(&str, &str)]) -> Vec<(String, String)> {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(old.path(), files);
    let into = new.path().join("migrations");
    ToolFiles::read(tool, old.path()).unwrap().write_into(&into).unwrap();
    Migrations::from_dir(&into).unwrap();
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap())
    };
    let mut all: Vec<_> = std::fs::read_dir(&into).unwrap().map(read).collect();
    all.sort();
    all
}

fn names(files: &[(String, String)]) -> Vec<&str> {
    files.iter().map(|(name, _)| name.as_str()).collect()
}

/// What cannot be taken.
fn problems(tool: Tool, files: &[(&str, &str)]) -> Vec<String> {
    let old = tempfile::tempdir().unwrap();
    write(old.path(), files);
    let read = ToolFiles::read(tool, old.path()).unwrap();
    let new = tempfile::tempdir().unwrap();
    assert!(matches!(read.write_into(new.path()), Err(Error::Import { .. })));
    assert_eq!(std::fs::read_dir(new.path()).unwrap().count(), 0, "nothing is written");
    read.problems().iter().map(ToString::to_string).collect()
}

#[test]
fn sqlx_keeps_its_bytes_its_ways_back_and_what_is_outside_of_transactions() {
    let files = [
        ("20240101000000_add users.up.sql", "\u{feff}create table users (id int);\r\n"),
        ("20240101000000_add users.down.sql", "drop table users;\n"),
        ("20240102000000_index.sql", "-- no-transaction\ncreate index concurrently i on users (id);"),
        ("20240103000000_later.up.sql", "-- Add up migration script here\n"),
        ("20240103000000_later.down.sql", "-- Add down migration script here\n"),
        ("notes.txt", "x"),
        ("seeds/1_a.sql", "x"),
    ];
    let new = converted(Tool::Sqlx, &files);
    assert_eq!(
        names(&new),
        [
            "V20240101000000__add_users.down.sql",
            "V20240101000000__add_users.sql",
            "V20240102000000__index.sql",
            "V20240103000000__later.sql"
        ]
    );
    assert_eq!(new[0].1, "drop table users;\n");
    let (first, rest) = new[1].1.split_once('\n').unwrap();
    assert!(first.starts_with("-- imported from sqlx: version=20240101000000 checksum="), "{first}");
    assert!(first.ends_with(" file=20240101000000_add users.up.sql"), "{first}");
    assert_eq!(rest, "create table users (id int);\r\n");
    let (_, rest) = new[2].1.split_once('\n').unwrap();
    assert_eq!(rest, format!("-- pgkeel: transaction=off\n{}", files[2].1));
    assert!(new[3].1.ends_with("-- Add up migration script here\nselect 1;\n"), "{}", new[3].1);
}

#[test]
fn diesel_has_a_directory_a_migration() {
    let files = [
        (
            "00000000000000_diesel_initial_setup/up.sql",
            "create function f() returns int as $$ select 1; $$ language sql;\n",
        ),
        ("00000000000000_diesel_initial_setup/down.sql", "drop function f();\n"),
        ("2024-01-02-030405_create_posts/up.sql", "create index concurrently i on posts (id);\n"),
        ("2024-01-02-030405_create_posts/metadata.toml", "run_in_transaction = false\n"),
        (".diesel_lock", ""),
    ];
    let new = converted(Tool::Diesel, &files);
    assert_eq!(
        names(&new),
        [
            "V00000000000000__diesel_initial_setup.down.sql",
            "V00000000000000__diesel_initial_setup.sql",
            "V20240102030405__create_posts.sql"
        ]
    );
    assert_eq!(
        new[2].1,
        "-- imported from diesel: version=20240102030405 file=2024-01-02-030405_create_posts/up.sql\n\
         -- pgkeel: transaction=off\ncreate index concurrently i on posts (id);\n"
    );
    assert_eq!(
        problems(
            Tool::Diesel,
            &[("0_a/down.sql", "x"), ("1_b/up.sql", "select 1"), ("1_c/up.sql", "select 1")]
        ),
        ["0_a/: has no up.sql in it, which diesel refuses", "1_c/up.sql has the version of 1_b/up.sql"]
    );
}

#[test]
fn versions_of_several_lengths_keep_the_order_that_they_have_as_texts() {
    let files = [
        ("00000000000000_setup/up.sql", "select 1;"),
        ("2020-12-15-000000_b/up.sql", "select 2;"),
        ("2020-12-7-190800_c/up.sql", "select 3;"),
        ("2023-05-23-1715-no-end-of-it/up.sql", "select 4;"),
        ("2025-12-29-110242-0000_d/up.sql", "select 5;"),
        ("2026-01-20-162913_e/up.sql", "select 6;"),
        ("2026-01-20-162913-0000_f/up.sql", "select 7;"),
    ];
    let new = converted(Tool::Diesel, &files);
    assert_eq!(
        names(&new),
        [
            "V000000000000000000__setup.sql",
            "V202012150000000000__b.sql",
            "V202012719080000000__c.sql",
            "V202305231715000000__no_end_of_it.sql",
            "V202512291102420000__d.sql",
            "V202601201629130000__e.sql",
            "V202601201629130001__f.sql",
        ]
    );
    assert!(
        new[3].1.starts_with("-- imported from diesel: version=202305231715noendofit file="),
        "{}",
        new[3].1
    );
    // Where the numbers have that order already, nothing is added.
    let few = converted(Tool::Diesel, &files[3..5]);
    assert_eq!(names(&few), ["V202305231715__no_end_of_it.sql", "V202512291102420000__d.sql"]);
}

#[test]
fn places_are_those_in_the_tools_file() {
    let goose = "-- +goose Up\n-- +goose StatementBegin\nselect 1\n-- +goose StatementEnd\n\nselect (\n2);\ncommit;\nselect 3;\n\
                 -- +goose Down\nselect 4;\n  copy a from stdin;\n";
    let dbmate = "-- why\n-- migrate:up transaction:false\nselect 1;\n-- migrate:down\n\nrollback;\n";
    let begin = "files run in transactions that are begun for them, so leave this out, or make two files where a part has to be \
                 committed before the rest";
    assert_eq!(
        problems(Tool::Goose, &[("1_a.sql", goose)]),
        [
            format!("1_a.sql has COMMIT at 8:1: {begin}"),
            "1_a.sql has COPY at 12:3: there is nobody to copy from or to, so use INSERT".to_owned()
        ]
    );
    assert_eq!(
        problems(Tool::Dbmate, &[("1_a.sql", dbmate)]),
        [format!("1_a.sql has ROLLBACK at 6:1: {begin}")]
    );
    assert_eq!(
        problems(Tool::Sqlx, &[("1_a.sql", "-- no-transaction\nselect 1;\ncommit;\nselect 2;")]),
        [format!("1_a.sql has COMMIT at 3:1: {begin}")]
    );
}

#[test]
fn a_file_that_names_the_tools_table_is_noted() {
    let old = tempfile::tempdir().unwrap();
    write(
        old.path(),
        &[
            ("1_a.sql", "-- migrate:up\ngrant select on \"schema_migrations\" to a;\n-- migrate:down\n"),
            ("2_b.sql", "-- migrate:up\nselect 'schema_migrations'; -- schema_migrations\n-- migrate:down\n"),
        ],
    );
    let read = ToolFiles::read(Tool::Dbmate, old.path()).unwrap();
    let notes: Vec<&[&str]> = read.files().iter().map(|file| file.notes.as_slice()).collect();
    assert_eq!(notes, [&["it names the tool's own table, which a new database does not have"][..], &[]]);
}

#[test]
fn goose_has_both_ways_in_one_file() {
    let files = [
        (
            "00001_a.sql",
            "-- +goose Up\n-- +goose StatementBegin\ndo $$ begin perform 1; end $$\n-- +goose StatementEnd\nselect 2;\n\
             \n-- +goose Down\nselect 3;\n",
        ),
        ("00002_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently i on t (a);\n"),
        ("helpers.go", "package x"),
    ];
    let new = converted(Tool::Goose, &files);
    assert_eq!(names(&new), ["V00001__a.down.sql", "V00001__a.sql", "V00002__b.sql"]);
    assert_eq!(new[0].1, "select 3;\n");
    assert_eq!(
        new[1].1,
        "-- imported from goose: version=1 file=00001_a.sql\ndo $$ begin perform 1; end $$\n;\nselect 2;\n\n"
    );
    assert!(new[2].1.contains("\n-- pgkeel: transaction=off\ncreate index concurrently"), "{}", new[2].1);
    let refused = [
        ("00001_a.sql", "-- +goose Up\n-- +goose ENVSUB ON\nselect '${HOME}';\n"),
        ("00002_b.go", "package x"),
        ("00003_c.sql", "select 1;"),
    ];
    assert_eq!(
        problems(Tool::Goose, &refused),
        [
            "00001_a.sql:2: goose would fill in variables of the environment (ENVSUB); write there what it stands for",
            "00002_b.go is written in Go; write what it does as SQL, in a file with its version",
            "00003_c.sql: line 1 has a statement above -- +goose Up, which goose refuses"
        ]
    );
}

#[test]
fn golang_migrate_loses_the_transaction_around_a_file() {
    let files = [
        ("1_a.up.sql", "BEGIN;\n\ncreate table a (id int);\n\nCOMMIT;\n"),
        ("1_a.down.sql", "BEGIN;\ndrop table a;\nCOMMIT;\n"),
        ("2_b.up.sql", "create index concurrently i on a (id);"),
        ("10_c.up.sql", ""),
        ("2_b.sql", "of something else"),
    ];
    let new = converted(Tool::GolangMigrate, &files);
    assert_eq!(names(&new), ["V10__c.sql", "V1__a.down.sql", "V1__a.sql", "V2__b.sql"]);
    assert_eq!(new[1].1, "\ndrop table a;\n\n");
    assert_eq!(
        new[2].1,
        "-- imported from golang-migrate: version=1 file=1_a.up.sql\n\n\ncreate table a (id int);\n\n\n"
    );
    assert!(new[3].1.contains("\n-- pgkeel: transaction=off\n"), "{}", new[3].1);
    assert_eq!(new[0].1, "-- imported from golang-migrate: version=10 file=10_c.up.sql\nselect 1;\n");
    assert_eq!(
        problems(
            Tool::GolangMigrate,
            &[("2_b.up.sql", "begin; commit; begin; commit;"), ("3_c.up.json", "")]
        ),
        [
            "3_c.up.json: does not end in .sql",
            "2_b.up.sql has BEGIN at 1:1: files run in transactions that are begun for them, so leave this out, or make two \
             files where a part has to be committed before the rest"
        ]
    );
}

#[test]
fn what_would_undo_nothing_is_left_aside() {
    for tool in [Tool::GolangMigrate, Tool::Sqlx] {
        let old = tempfile::tempdir().unwrap();
        write(old.path(), &[("1_a.down.sql", "x"), ("2_b.up.sql", "select 1;")]);
        let read = ToolFiles::read(tool, old.path()).unwrap();
        assert_eq!((read.files().len(), read.problems().len()), (1, 0));
        assert_eq!(read.left_aside(), ["1_a.down.sql"]);
    }
}

#[test]
fn dbmate_has_a_transaction_a_way() {
    let files = [
        ("20240101000000_a.sql", "-- migrate:up transaction:false\nvacuum;\n\n-- migrate:down\nselect 2;\n"),
        ("20240102000000.sql", "-- migrate:up\nselect 3;\n-- migrate:down\n"),
    ];
    let new = converted(Tool::Dbmate, &files);
    assert_eq!(
        names(&new),
        ["V20240101000000__a.down.sql", "V20240101000000__a.sql", "V20240102000000__migration.sql"]
    );
    assert_eq!(new[0].1, "select 2;\n");
    assert!(new[1].1.ends_with("\n-- pgkeel: transaction=off\nvacuum;\n\n"), "{}", new[1].1);
    let part = "-- migrate:up\nselect 1;\n-- migrate:down\n";
    let new = converted(Tool::Dbmate, &[("1_a.sql", part), ("10_b.sql", part), ("9_c.sql", part)]);
    assert_eq!(names(&new), ["V10__b.sql", "V11__a.sql", "V90__c.sql"]);
    assert_eq!(
        problems(
            Tool::Dbmate,
            &[("1_a.sql", part), ("10_b.sql", part), ("9_c.sql", part), ("9_d.sql", part)]
        ),
        ["9_d.sql has the version of 9_c.sql"]
    );
}

#[test]
fn flyway_has_versions_with_points_that_become_one_number() {
    let files = [
        ("V1__a.sql", "create table a (id int);\n"),
        ("V1.2__b.sql", "create table b (id int);\n"),
        ("V1_10__c.sql", "create index concurrently i on b (id);\n"),
        ("sub/V2.0.1__d.sql", "insert into a values (1); -- ${literal}\n"),
        ("sub/V2.0.1__d.sql.conf", "executeInTransaction=false\nplaceholderReplacement=false\n"),
        ("U1.2__b.sql", "drop table b;\n"),
        ("flyway.toml", ""),
    ];
    let new = converted(Tool::Flyway, &files);
    assert_eq!(
        names(&new),
        ["V1000000__a.sql", "V1002000__b.down.sql", "V1002000__b.sql", "V1010000__c.sql", "V2000001__d.sql"]
    );
    assert!(new[0].1.starts_with("-- imported from flyway: version=1 checksum="), "{}", new[0].1);
    assert!(
        new[3].1.contains("\n-- pgkeel: transaction=off\n")
            && new[4].1.contains("\n-- pgkeel: transaction=off\n")
    );
    assert_eq!(names(&converted(Tool::Flyway, &[files[0]])), ["V1__a.sql"]);
    let stamped = [("V1.0.0__a.sql", "select 1;"), ("V2.15.0.20241203000001__b.sql", "select 2;")];
    assert_eq!(
        names(&converted(Tool::Flyway, &stamped)),
        ["V100000000000000000__a.sql", "V215020241203000001__b.sql"]
    );
    let too_long = [("V1.0.0.3.1__a.sql", "select 1;"), ("V2.15.0.20241203000001__b.sql", "select 2;")];
    assert_eq!(
        names(&converted(Tool::Flyway, &too_long)),
        ["V1000000000000000031__a.sql", "V2150202412030000010__b.sql"]
    );
}

#[test]
fn what_flyway_has_besides_is_named() {
    let refused = [
        ("B5__all.sql", "select 1;"),
        ("R__views.sql", "select 1;"),
        ("U9__x.sql", "select 1;"),
        ("V1__a.sql", "select '${schema}';"),
        ("V2__b.java", "class"),
        ("V3__c.sql", "copy a from stdin;\n"),
        ("V4__d.sql", "select 1;"),
        ("V4__d.sql.conf", "shouldExecute=false"),
        ("V5.0__e.sql", "select 1;"),
        ("V5__e.sql", "select 1;"),
        ("afterMigrate.sql", "select 1;"),
    ];
    let told = problems(Tool::Flyway, &refused);
    for part in [
        "B5__all.sql is the whole schema for a new database",
        "U9__x.sql: has no file beside it that it would undo",
        "V1__a.sql:1: flyway would fill in ${schema}",
        "V2__b.java is a program for the Java machine",
        "V3__c.sql has COPY at 1:1: ",
        "V4__d.sql.conf: sets shouldExecute, for which there is nothing here",
        "V5__e.sql has the version of V5.0__e.sql",
        "afterMigrate.sql is a callback of Flyway",
    ] {
        assert!(told.iter().any(|line| line.starts_with(part)), "{part} {told:#?}");
    }
}

#[test]
fn refinery_stays_as_it_is_but_for_what_is_in_no_order() {
    let files = [
        ("V1__a.sql", "create table a (id int);\n"),
        ("sub/V2__B.sql", "create table b (id int);"),
        ("U3__c.sql", "create table c (id int);\n"),
        ("notes.sql", "x"),
    ];
    let new = converted(Tool::Refinery, &files);
    assert_eq!(names(&new), ["V1__a.sql", "V2__B.sql", "V3__c.sql"]);
    assert_eq!((new[0].1.as_str(), new[1].1.as_str()), (files[0].1, files[1].1));
    assert!(new[2].1.contains("\n-- pgkeel: out_of_order=yes\ncreate table c"), "{}", new[2].1);
    assert_eq!(
        problems(Tool::Refinery, &[("V1__a.rs", "fn"), ("V2__b.sql", "x"), ("U2__c.sql", "x")]),
        [
            "V1__a.rs is written in Rust; write what it does as SQL, in a file with its version",
            "V2__b.sql has the version of U2__c.sql"
        ]
    );
}

#[test]
fn nothing_is_overwritten_and_what_is_there_already_is_left() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(old.path(), &[("1_a.sql", "select 1;\n"), ("2_b.sql", "select 2;\n")]);
    let read = || ToolFiles::read(Tool::Sqlx, old.path()).unwrap();
    assert_eq!(read().write_into(new.path()).unwrap().len(), 2);
    assert_eq!(read().write_into(new.path()).unwrap().len(), 0);
    std::fs::remove_file(new.path().join("V1__a.sql")).unwrap();
    std::fs::write(new.path().join("V2__b.sql"), "select 3;\n").unwrap();
    let error = read().write_into(new.path()).unwrap_err();
    assert!(
        error.to_string().ends_with(
            "V2__b.sql is there already, with another text than 2_b.sql would give; move one of them away"
        ),
        "{error}"
    );
    assert!(!new.path().join("V1__a.sql").exists());
    assert_eq!(std::fs::read_to_string(new.path().join("V2__b.sql")).unwrap(), "select 3;\n");
}

#[test]
fn what_cannot_run_here_is_taken_only_when_asked_for() {
    let old = tempfile::tempdir().unwrap();
    write(
        old.path(),
        &[("V1__a.sql", "copy a from stdin;\n"), ("V2__b.java", ""), ("V3__c.sql", "select 1;\n")],
    );
    let read = ToolFiles::read(Tool::Flyway, old.path()).unwrap();
    let names = |files: &ToolFiles| files.files().iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    let as_is = read.clone().as_they_are();
    assert_eq!((names(&as_is).len(), as_is.problems().len()), (2, 1));
    let rest = read.without_the_rest();
    assert_eq!(
        (names(&rest), rest.left_aside()),
        (vec!["V3__c.sql".to_owned()], &["V1__a.sql".to_owned(), "V2__b.java".to_owned()][..])
    );
    assert!(rest.problems().is_empty());
}
