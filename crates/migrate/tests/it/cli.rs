//! What a user sees.

use std::path::Path;

use pgkeel_migrate::cli::{self, Exit};
use pgkeel_testkit::TestDatabase;

/// How it ended, what was answered, and what was said besides.
async fn run(database: Option<&TestDatabase>, directory: &Path, words: &[&str]) -> (Exit, String, String) {
    let directory = directory.to_str().unwrap();
    let words = ["migrate"].iter().chain(words).copied().chain(["--dir", directory]);
    let matches = cli::command().try_get_matches_from(words).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let connect = async || database.map(TestDatabase::config).ok_or("no database");
    let exit = cli::run_into(&matches, connect, &mut out, &mut err).await.unwrap();
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[tokio::test]
async fn a_new_migration_is_written_filled_in_and_applied() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let (exit, out, _) = run(None, directory.path(), &["new", "add_orders"]).await;
    let path = out.trim_end();
    assert!(exit == Exit::Done && path.ends_with("__add_orders.sql"), "{out}");

    let (exit, _, err) = run(Some(&database), directory.path(), &["status"]).await;
    assert!(exit == Exit::Conflict && err.contains("__add_orders.sql has no statement yet"), "{err}");

    std::fs::write(path, "create table orders (id int);").unwrap();
    assert_eq!(run(Some(&database), directory.path(), &["status"]).await.0, Exit::Done);
    let (exit, out, _) = run(Some(&database), directory.path(), &["status", "--check"]).await;
    assert!(exit == Exit::Pending && out.ends_with("0 applied, 1 pending, 0 in conflict\n"), "{out}");

    let (exit, out, _) = run(Some(&database), directory.path(), &["up"]).await;
    let lines: Vec<&str> = out.lines().collect();
    assert!(exit == Exit::Done && lines[0].ends_with("s  add_orders"), "{out}");
    assert!(lines[1].starts_with("1 migration applied in 0."), "{out}");
    assert_eq!(run(Some(&database), directory.path(), &["up"]).await.1, "nothing was pending\n");
    assert_eq!(run(Some(&database), directory.path(), &["status", "--check"]).await.0, Exit::Done);
}

#[tokio::test]
async fn a_bad_name_is_refused_with_a_good_one() {
    let directory = tempfile::tempdir().unwrap();
    let (exit, out, err) = run(None, directory.path(), &["new", "Add-Orders"]).await;
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains("for example add_orders"), "{err}");
}

#[tokio::test]
async fn a_failing_file_is_told_with_its_place_and_its_sqlstate() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    std::fs::write(directory.path().join("V1__a.sql"), "create table a (id int);").unwrap();
    std::fs::write(directory.path().join("V2__b.sql"), "select 1;\nselect x;").unwrap();
    let (exit, out, err) = run(Some(&database), directory.path(), &["up"]).await;
    assert!(exit == Exit::Failed && out.starts_with("1  ") && out.ends_with("s  a\n"), "{out}");
    assert_eq!(
        err,
        "migrate: V2__b.sql:2:8: the server refused a statement; nothing of this file was applied; V1__a.sql before it was: \
         column \"x\" does not exist (42703)\n"
    );
    let (exit, out, _) = run(Some(&database), directory.path(), &["up", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    let error = &answer["error"];
    assert_eq!(
        (exit, &error["file"], &error["line"], &error["column"]),
        (Exit::Failed, &"V2__b.sql".into(), &2.into(), &8.into())
    );
    assert_eq!((&error["sqlstate"], &error["exit"]), (&"42703".into(), &1.into()));
}

#[tokio::test]
async fn status_shows_every_state() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("V1__init.sql", "select 1;");
    write("V3__longer_name.sql", "select 3;");
    assert_eq!(run(Some(&database), directory.path(), &["up"]).await.0, Exit::Done);
    write("V1__init.sql", "select 2;");
    write("V2__late.sql", "select 2;");
    write("V10__next.sql", "select 10;");
    let (exit, out, _) = run(Some(&database), directory.path(), &["status"]).await;
    assert_eq!(exit, Exit::Conflict);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with(" 1  init         edited        2"), "{out}");
    assert_eq!(lines[1], " 2  late         out of order");
    assert!(lines[2].starts_with(" 3  longer_name  applied       2"), "{out}");
    assert_eq!(lines[3], "10  next         pending");
    assert!(lines[4].starts_with("conflict: V1__init.sql was edited"), "{out}");
    assert_eq!(lines[6], "2 applied, 2 pending, 2 in conflict");

    let (_, out, _) = run(Some(&database), directory.path(), &["status", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&answer["applied"][0]["version"], &answer["pending"][1]["file"]),
        (&1.into(), &"V10__next.sql".into())
    );
    assert_eq!(answer["conflicts"][1]["kind"], "out of order");
}

#[tokio::test]
async fn the_callers_own_error_comes_back_and_a_missing_directory_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let matches = cli::command()
        .try_get_matches_from(["migrate", "up", "--dir", directory.path().to_str().unwrap()])
        .unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let ended = cli::run_into(&matches, async || Err("no settings"), &mut out, &mut err).await;
    assert_eq!((ended, out.len(), err.len()), (Err("no settings"), 0, 0));
    let (exit, _, err) = run(None, &directory.path().join("none"), &["up"]).await;
    assert!(exit == Exit::Usage && err.contains("no access to the migrations in"), "{err}");
}
