//! What a user sees.

use std::path::Path;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::Stop;
use pgkeel_migrate::cli::{self, Exit};
use pgkeel_testkit::TestDatabase;

/// How it ended, what was answered, and what was said besides.
pub(crate) async fn run(
    database: Option<&TestDatabase>,
    directory: &Path,
    words: &[&str],
) -> (Exit, String, String) {
    let directory = directory.to_str().unwrap();
    let words = ["migrate"].iter().chain(words).copied().chain(["--dir", directory]);
    let matches = cli::command().try_get_matches_from(words).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let connect = async || database.map(TestDatabase::config).ok_or("no database");
    let exit = cli::run_into(&matches, connect, Stop::new(), &mut out, &mut err).await.unwrap();
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
    assert!(exit == Exit::Done && lines[0].contains("  add_orders  tx  1 statement  0."), "{out}");
    assert!(lines[0].starts_with("applied V2") && lines[1].starts_with("1 migration applied in 0."), "{out}");
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
    assert!(exit == Exit::Failed && out.starts_with("applied V1  a  tx  1 statement  0."), "{out}");
    assert_eq!(
        err,
        "migrate: V2__b.sql:2:8: the server refused a statement; nothing of this file was applied; V1__a.sql before it was: \
         column \"x\" does not exist (42703)\n  2 | select x;\n    |        ^\nnext: mend V2__b.sql, then migrate up\n"
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
    let ended = cli::run_into(&matches, async || Err("no settings"), Stop::new(), &mut out, &mut err).await;
    assert_eq!((ended, out.len(), err.len()), (Err("no settings"), 0, 0));
    let (exit, _, err) = run(None, &directory.path().join("none"), &["up"]).await;
    assert!(exit == Exit::Usage && err.contains("no access to the migrations in"), "{err}");
}

#[tokio::test]
async fn files_go_down_and_again_and_are_only_tried() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("V1__a.sql", "create table a (id int);");
    write("V2__b.sql", "create table b (id int);");
    write("V2__b.down.sql", "drop table b;");
    let migrate = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    let (exit, out, _) = migrate(&["up", "--dry-run"]).await;
    assert!(
        exit == Exit::Done
            && out.contains("would apply V1  a  tx  1 statement")
            && out.ends_with("nothing of it stays\n"),
        "{out}"
    );
    let (_, out, _) = migrate(&["up", "--to", "V1"]).await;
    assert!(out.contains("applied V1  a") && !out.contains("V2"), "{out}");
    assert_eq!(migrate(&["up", "--to", "7"]).await.0, Exit::Usage);
    assert_eq!(migrate(&["up"]).await.0, Exit::Done);
    let (exit, out, _) = migrate(&["redo"]).await;
    assert!(exit == Exit::Done && out.contains("1 migration reverted, 1 migration applied in "), "{out}");
    let (exit, out, _) = migrate(&["down", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (exit, &answer["done"][0]["direction"], &answer["done"][0]["version"]),
        (Exit::Done, &"down".into(), &2.into())
    );
    let (exit, out, err) = migrate(&["down", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, &answer["error"]["conflicts"][0]["kind"]), (Exit::Refused, &"irreversible".into()));
    assert!(err.contains("V1__a.sql cannot be reverted"), "{err}");
}

#[tokio::test]
async fn plans_files_and_the_lock_are_told_without_changing_anything() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("V1__a.sql", "create table a (id int);");
    let migrate = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    let (_, out, _) = migrate(&["plan"]).await;
    assert_eq!(out, "up  V1__a.sql  tx  1 statement  (lock_timeout 5s, statement_timeout 3600s)\n");
    let (_, out, _) = migrate(&["plan", "--sql"]).await;
    assert!(
        out.starts_with("\\set ON_ERROR_STOP on\n") && out.contains("\ncreate table a (id int);\n"),
        "{out}"
    );
    assert_eq!(migrate(&["lock-info"]).await.1, "nobody\n");
    assert_eq!(run(None, directory.path(), &["validate"]).await.1, "1 migration is in order\n");
    write("V2__b.sql", "vacuum;");
    let (exit, _, err) = run(None, directory.path(), &["validate"]).await;
    assert!(
        exit == Exit::Conflict && err.contains("V2__b.sql has VACUUM at 1:1: it cannot run in a transaction"),
        "{err}"
    );
}

#[tokio::test]
async fn a_file_that_was_stopped_says_what_to_do() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let write = |text: &str| std::fs::write(directory.path().join("V1__a.sql"), text).unwrap();
    let migrate = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    write("-- pgkeel: transaction=off\ncreate table a (id int);\nselect 1/0;");
    let (exit, _, err) = migrate(&["up"]).await;
    assert!(
        exit == Exit::Failed
            && err.contains("V1__a.sql:3:1: ")
            && err.contains("; 1 of its 2 statements stay"),
        "{err}"
    );
    let (exit, out, _) = migrate(&["status"]).await;
    assert!(
        exit == Exit::Done
            && out.contains("1  a  interrupted\nnote: V1__a.sql was stopped after 1 of 2 statements"),
        "{out}"
    );
    write("-- pgkeel: transaction=off\ncreate table a (id bigint);\nselect 1/1;");
    assert_eq!(migrate(&["up"]).await.0, Exit::Interrupted);
    assert_eq!(migrate(&["status"]).await.0, Exit::Interrupted);
    assert_eq!(migrate(&["repair", "1", "--continue-at", "9"]).await.0, Exit::Usage);
    assert_eq!(migrate(&["repair", "V1", "--continue-at", "2"]).await.1, "V1 goes on with statement 2\n");
    let (exit, out, err) = migrate(&["up"]).await;
    assert!(exit == Exit::Done && out.contains("applied V1  a  no-tx  2 statements"), "{out}");
    assert_eq!(err, "V1__a.sql was stopped behind statement 1 and goes on\n");
}

#[tokio::test]
async fn the_servers_detail_is_shown_only_on_request() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let text = "create table a (mail text unique); insert into a values ('canary_4711'), ('canary_4711');";
    std::fs::write(directory.path().join("V1__a.sql"), text).unwrap();
    let (_, _, err) = run(Some(&database), directory.path(), &["up"]).await;
    let (_, _, with) = run(Some(&database), directory.path(), &["up", "--detail"]).await;
    assert!(
        !err.contains("detail:") && with.contains("detail: Key (mail)=(canary_4711) already exists."),
        "{with}"
    );
}

#[tokio::test]
async fn templates_are_written_with_their_way_back() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("V1__a.sql"), "select 1;").unwrap();
    let (exit, _, _) = run(None, directory.path(), &["new", "b", "--concurrent-index", "t"]).await;
    assert_eq!(exit, Exit::Usage);
    let (exit, out, _) =
        run(None, directory.path(), &["new", "b", "--concurrent-index", "t(a)", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, answer["files"].as_array().unwrap().len()), (Exit::Done, 2));
    assert!(out.contains("V2__b.down.sql"), "{out}");
}

#[tokio::test]
async fn a_lock_file_is_written_and_held_against_the_database() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    std::fs::write(directory.path().join("V1__a.sql"), "create table a (id int);").unwrap();
    std::fs::write(directory.path().join("V1__a.down.sql"), "drop table a;").unwrap();
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    let (exit, out, err) = typed(&["lock"]).await;
    assert!(exit == Exit::Done && out.ends_with("migrations.lock was written, 1 versions\n"), "{out}{err}");
    let (exit, out, _) = typed(&["lock", "--check"]).await;
    assert!(exit == Exit::Done && out.contains("is as the migrations make it"), "{out}");
    assert_eq!(typed(&["up"]).await.0, Exit::Done);
    let (exit, out, _) = typed(&["verify"]).await;
    assert!(exit == Exit::Done && out.contains("agrees with the lock file at version 1"), "{out}");
    database.connection().await.batch_execute("alter table a add column b int").await.unwrap();
    let (exit, out, _) = typed(&["verify"]).await;
    assert!(exit == Exit::Differs && out.contains("1 difference") && out.contains("public.a"), "{out}");
    let (exit, out, _) = typed(&["verify", "--against=shadow", "--markdown"]).await;
    assert!(exit == Exit::Differs && out.starts_with("**1 difference"), "{out}");
    std::fs::write(directory.path().join("V2__b.sql"), "create table b (id int);").unwrap();
    let (exit, out, _) = typed(&["validate"]).await;
    assert!(exit == Exit::Conflict && out == "V2__b.sql is not in the lock file; write it anew\n", "{out}");
    let (exit, out, _) = typed(&["lock", "--check", "--json"]).await;
    assert!(exit == Exit::Differs && out.contains("\"changed\": true"), "{out}");
    let (exit, _, err) = typed(&["verify", "--against=recorded"]).await;
    assert!(exit == Exit::Conflict && err.contains("no recorded snapshot"), "{err}");
}

#[tokio::test]
async fn migrations_are_tested_and_a_rotten_way_back_is_named() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    std::fs::write(directory.path().join("V1__a.sql"), "create table a (id int);").unwrap();
    std::fs::write(directory.path().join("V1__a.down.sql"), "drop table a;").unwrap();
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    let (exit, out, err) = typed(&["test"]).await;
    assert!(exit == Exit::Done && out.starts_with("V1__a.sql: "), "{out}{err}");
    std::fs::write(directory.path().join("V2__b.sql"), "create table b (id int);").unwrap();
    std::fs::write(directory.path().join("V2__b.down.sql"), "select 1;").unwrap();
    let (exit, out, _) = typed(&["test"]).await;
    assert!(exit == Exit::Differs && out.contains("public.b"), "{out}");
    let (exit, out, _) = typed(&["test", "--json"]).await;
    assert!(exit == Exit::Differs && out.contains("\"sound\": false"), "{out}");
}
