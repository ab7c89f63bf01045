//! The verb.

use pgkeel_migrate::cli::Exit;
use pgkeel_testkit::TestDatabase;

use super::{sql, write};
use crate::cli::run;
use crate::{has_table, history};

const FILES: [(&str, &str); 2] = [
    ("20240101000000_a.sql", "-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;\n"),
    ("20240102000000_b.sql", "-- migrate:up\ncreate table b (id int);\n-- migrate:down\ndrop table b;\n"),
];

const TABLE: &str = "create table schema_migrations (version varchar primary key);
    insert into schema_migrations values ('20240101000000'); create table a (id int)";

struct Place {
    database: TestDatabase,
    directory: tempfile::TempDir,
    new: String,
}

impl Place {
    /// A database and a directory as dbmate leaves them.
    async fn of_dbmate() -> Self {
        let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
        write(directory.path(), &FILES);
        sql(&database, TABLE).await;
        let new = directory.path().join("new").to_str().unwrap().to_owned();
        Self { database, directory, new }
    }

    async fn import(&self, words: &[&str]) -> (Exit, String, String) {
        let words = [&["import", "--from", "dbmate"], words].concat();
        run(Some(&self.database), self.directory.path(), &words).await
    }

    async fn migrate(&self, words: &[&str]) -> (Exit, String, String) {
        run(Some(&self.database), self.new.as_ref(), words).await
    }

    fn has_files(&self) -> bool {
        std::path::Path::new(&self.new).exists()
    }
}

#[tokio::test]
async fn files_and_history_are_taken_over_together_and_a_second_time_there_is_nothing_to_do() {
    let place = Place::of_dbmate().await;
    let into = ["--into", place.new.as_str()];
    let (exit, out, err) = place.import(&[&into[..], &["--dry-run"]].concat()).await;
    assert_eq!(exit, Exit::Done, "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "V20240101000000__a.sql  from 20240101000000_a.sql");
    assert!(
        lines[4].starts_with("dry run: 4 files for ") && lines[4].ends_with("; nothing is written"),
        "{out}"
    );
    assert_eq!(lines[5], "would record V20240101000000  a");
    assert_eq!(lines[6], "dry run: nothing of it stays; 1 migration recorded as applied, none run");
    assert!(!place.has_files() && !has_table(&place.database, "pgkeel.migration_log").await);

    let (exit, out, err) = place.import(&[&into[..], &["--verify"]].concat()).await;
    assert_eq!(exit, Exit::Done, "{err}");
    assert!(
        out.contains(
            "recorded V20240101000000  a\nthe schema agrees with the migrations at version 20240101000000\n"
        ),
        "{out}"
    );
    assert!(
        out.ends_with(
            "public.schema_migrations is left as it is; drop it once nothing uses dbmate here any more\n"
        ),
        "{out}"
    );
    assert_eq!(history(&place.database).await, [20_240_101_000_000]);

    let (exit, out, _) = place.import(&[&into[..], &["--verify"]].concat()).await;
    assert_eq!(exit, Exit::Done);
    assert!(out.contains(", 0 of them new\nnothing to record: 1 migration is recorded already"), "{out}");
    let (exit, out, _) = place.migrate(&["up"]).await;
    assert!(exit == Exit::Done && out.starts_with("applied V20240102000000  b"), "{out}");
    assert_eq!(place.migrate(&["down", "--to", "0"]).await.0, Exit::Done);
    // What was reverted here is not applied because the tool once did it.
    let (_, out, _) = place.import(&into).await;
    assert!(
        out.contains(
            "note: V20240101000000__a.sql was reverted here since dbmate applied it, and stays pending"
        ),
        "{out}"
    );
    assert!(history(&place.database).await.is_empty());
    assert_eq!(place.migrate(&["up"]).await.0, Exit::Done);
}

#[tokio::test]
async fn each_step_can_be_taken_alone() {
    let place = Place::of_dbmate().await;
    let files = ["import", "--from", "dbmate", "--into", place.new.as_str(), "--files-only", "--json"];
    let (exit, out, err) = run(None, place.directory.path(), &files).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, answer["written"].as_array().map(Vec::len)), (Exit::Done, Some(4)), "{err}");
    assert!(answer["history"].is_null() && !has_table(&place.database, "pgkeel.migration_log").await);
    let (exit, out, err) = place.migrate(&["import", "--from", "dbmate", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (exit, &answer["history"]["recorded"][0]["version"]),
        (Exit::Done, &20_240_101_000_000_i64.into()),
        "{err}"
    );
    assert_eq!(answer["history"]["table"], "public.schema_migrations");
}

#[tokio::test]
async fn nothing_is_written_when_the_history_or_the_schema_is_refused() {
    let place = Place::of_dbmate().await;
    let into = ["--into", place.new.as_str()];
    sql(&place.database, "alter table a add column stray int").await;
    let (exit, _, err) = place.import(&[&into[..], &["--verify"]].concat()).await;
    assert!(exit == Exit::Differs && err.contains("column stray of public.a is not expected"), "{err}");
    sql(&place.database, "insert into schema_migrations values ('7')").await;
    let (exit, out, _) = place.import(&[&into[..], &["--json"]].concat()).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(exit, Exit::Conflict);
    assert!(
        answer["error"]["problems"][0].as_str().unwrap().starts_with("version 7 is applied, but"),
        "{out}"
    );
    write(place.directory.path(), &[("20240103000000_c.sql", "select 1;")]);
    let (exit, _, err) = place.import(&into).await;
    assert!(
        exit == Exit::Conflict && err.contains("20240103000000_c.sql: has statements above -- migrate:up"),
        "{err}"
    );
    assert!(err.ends_with("next: --leave-rest takes the others without these\n"), "{err}");
    assert!(!place.has_files() && !has_table(&place.database, "pgkeel.migration_log").await);

    let (exit, out, err) = place.import(&[&into[..], &["--leave-rest", "--files-only"]].concat()).await;
    assert!(exit == Exit::Done && out.contains("note: 20240103000000_c.sql is left aside\n"), "{out}{err}");
}

#[tokio::test]
async fn wrong_directories_are_told() {
    let place = Place::of_dbmate().await;
    let same = place.directory.path().to_str().unwrap();
    let (exit, _, err) = place.import(&["--into", same]).await;
    assert!(
        exit == Exit::Usage
            && err.contains("--into has to name a directory in which dbmate looks for no files"),
        "{err}"
    );
    let (exit, _, err) = place.import(&[]).await;
    assert!(
        exit == Exit::Conflict
            && err.ends_with("next: if these are the files of dbmate, turn them into ours with --into\n"),
        "{err}"
    );
    let (exit, _, err) = place.import(&["--into", place.new.as_str(), "--table", "no.such"]).await;
    assert!(exit == Exit::Usage && err.contains("there is no table no.such of dbmate"), "{err}");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let command = pgkeel_migrate::cli::command();
    for words in [
        &["import"][..],
        &["import", "--from", "liquibase"],
        &["import", "--from", "sqlx", "--files-only"],
        &["import", "--from", "sqlx", "--as-is"],
        &["import", "--from", "sqlx", "--into", "x", "--files-only", "--verify"],
        &["import", "--from", "sqlx", "--accept-different"],
    ] {
        let words = ["migrate"].iter().chain(words);
        assert!(command.clone().try_get_matches_from(words.clone()).is_err(), "{words:?}");
    }
}
