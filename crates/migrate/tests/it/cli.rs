//! What a user sees.

use std::path::Path;

use pgkeel_connect::{Address, Config, Executor as _, Host, HostName};
use pgkeel_migrate::Stop;
use pgkeel_migrate::cli::{self, Exit};
use pgkeel_testkit::TestDatabase;

use crate::outside;

/// How it ended, what was answered, and what was said besides.
pub(crate) async fn run(
    database: Option<&TestDatabase>,
    directory: &Path,
    words: &[&str],
) -> (Exit, String, String) {
    typed(database.map(TestDatabase::config), directory, words).await
}

pub(crate) async fn run_at(config: Config, directory: &Path, words: &[&str]) -> (Exit, String, String) {
    typed(Some(config), directory, words).await
}

async fn typed(config: Option<Config>, directory: &Path, words: &[&str]) -> (Exit, String, String) {
    let directory = directory.to_str().unwrap();
    let words = ["migrate"].iter().chain(words).copied().chain(["--dir", directory]);
    let matches = cli::command().try_get_matches_from(words).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let connect = async || config.ok_or("no database");
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
async fn the_first_file_makes_the_directory_and_other_verbs_say_how_to_begin() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("shop/migrations");
    let (exit, _, err) = run(None, &missing, &["validate"]).await;
    assert_eq!(exit, Exit::Usage);
    assert!(err.ends_with("next: say where they are with --dir, or begin with migrate new NAME\n"), "{err}");
    assert_eq!(run(None, &missing, &["new", "Not a name"]).await.0, Exit::Usage);
    assert!(!missing.exists(), "what is refused makes nothing");
    assert_eq!(run(None, &missing, &["new", "add_orders", "--down"]).await.0, Exit::Done);
    assert_eq!(std::fs::read_dir(&missing).unwrap().count(), 2);
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
async fn repeatables_and_hooks_are_told_beside_versions() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let migrate = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("V10__a.sql", "create table a (id int);");
    write("V10__a.verify.sql", "select count(*) = 0 from a;");
    write("before_run.sql", "select 1;");
    let (exit, out, _) = migrate(&["new", "ids", "--repeatable"]).await;
    assert!(exit == Exit::Done && out.ends_with("R__ids.sql\n"), "{out}");
    assert!(migrate(&["validate"]).await.2.contains("R__ids.sql has no statement yet"));
    write("R__ids.sql", "create or replace view ids as select id from old;");
    write("R__old.sql", "create or replace view old as select id from a;");
    let (_, out, _) = migrate(&["validate"]).await;
    assert_eq!(out, "1 migration and 2 repeatables are in order\n");
    let (exit, out, _) = migrate(&["status", "--check"]).await;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(exit, Exit::Pending);
    assert_eq!(lines[..3], ["10  a    pending", " R  ids  pending", " R  old  pending"], "{out}");
    assert_eq!(lines[3], "0 applied, 1 pending, 2 repeatables due, 0 in conflict");
    let (_, out, _) = migrate(&["plan"]).await;
    assert!(
        out.starts_with("run  before_run.sql  tx  1 statement  (") && out.contains("up  R__ids.sql  tx"),
        "{out}"
    );
    assert!(out.contains("up  V10__a.sql  tx  1 statement, verified  ("), "{out}");

    let (exit, out, err) = migrate(&["up"]).await;
    assert!(exit == Exit::Done && out.contains("\napplied R  old  tx  1 statement  0."), "{out}");
    assert!(
        out.starts_with("ran before_run  tx")
            && out.contains("1 migration applied, 2 repeatables applied in ")
    );
    assert!(
        err.contains("R__ids.sql lacks something and is put behind the others: relation \"old\" does not"),
        "{err}"
    );
    let (exit, out, _) = migrate(&["status", "--check"]).await;
    assert!(exit == Exit::Done && out.contains(" R  ids  applied  2"), "{out}");

    write("R__ids.sql", "create or replace view ids as select id, 1 as one from old;");
    std::fs::remove_file(directory.path().join("R__old.sql")).unwrap();
    let (exit, out, _) = migrate(&["status", "--check"]).await;
    assert!(exit == Exit::Pending && out.contains(" R  ids  changed  2"), "{out}");
    assert!(out.contains("note: R__old.sql was applied and is gone"), "{out}");
    let (_, out, _) = migrate(&["status", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    let told = &answer["repeatables"];
    assert_eq!((&told["due"][0], &told["removed"][0]), (&"R__ids.sql".into(), &"old".into()));
    let (_, out, _) = migrate(&["up", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    let done = &answer["done"][1];
    assert_eq!((&done["version"], &done["kind"]), (&serde_json::Value::Null, &"repeatable".into()));

    write("R__bad.sql", "-- é\ncreate view bad as select nothing;");
    let (exit, _, err) = migrate(&["up"]).await;
    assert!(
        exit == Exit::Failed && err.contains("R__bad.sql:2:27: ") && err.contains("  2 | create view bad"),
        "{err}"
    );
    write("R__bad.sql", "select 1;");
    write("V11__b.sql", "create table b (id int);");
    write("V11__b.verify.sql", "select true;\nselect count(*) from b;");
    let (exit, _, err) = migrate(&["up"]).await;
    assert!(
        exit == Exit::Failed && err.contains("V11__b.verify.sql:2:1: what has to hold behind it does not"),
        "{err}"
    );
    assert!(
        err.contains("  2 | select count(*) from b;\n")
            && err.contains("next: mend the migration or V11__b.v"),
        "{err}"
    );
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
    assert!(exit == Exit::Done && out.ends_with("migrations.lock was written, 1 version\n"), "{out}{err}");
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
    let (exit, out, _) = typed(&["verify", "--against=recorded"]).await;
    assert!(exit == Exit::Differs && out.contains("column b of public.a"), "{out}");
    assert_eq!(typed(&["up", "--no-record"]).await.0, Exit::Done);
    let (exit, _, err) = typed(&["verify", "--against=recorded"]).await;
    assert!(exit == Exit::Conflict && err.contains("is of before its last migrations"), "{err}");
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

#[tokio::test]
async fn a_server_or_its_files_are_waited_for_and_a_wrong_role_is_not() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    std::fs::write(directory.path().join("V1__a.sql"), "create table a (id int);").unwrap();
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    let (exit, out, err) = typed(&["wait"]).await;
    assert!(exit == Exit::Done && out.starts_with("the server accepts connections, after "), "{out}{err}");
    let (exit, _, err) = typed(&["wait", "--applied", "--timeout", "900ms"]).await;
    assert_eq!(exit, Exit::Pending);
    assert_eq!(
        err,
        "waiting: V1__a.sql is not applied; run migrate up\n\
         migrate: not ready within 900ms: V1__a.sql is not applied; run migrate up\n"
    );
    let waiting = typed(&["wait", "--applied", "--json"]);
    let applying = typed(&["up"]);
    let ((exit, out, _), _) = tokio::join!(waiting, applying);
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, &answer["ready"]), (Exit::Done, &true.into()));

    let address = database.address();
    let nobody = Address::new(address.hosts()[0].clone(), "nobody_4711", address.database());
    let (exit, _, err) = run_at(Config::new(nobody), directory.path(), &["wait"]).await;
    assert!(exit == Exit::Failed && err.contains("(28000)") && !err.contains("waiting"), "{err}");
    let nowhere = Address::new(Host::new(HostName::Tcp("127.0.0.1".into()), 1), "u", "d");
    let words = ["wait", "--timeout", "900ms"];
    let (exit, _, err) = run_at(Config::new(nowhere), directory.path(), &words).await;
    assert!(exit == Exit::Failed && err.starts_with("waiting: the database cannot be reached: "), "{err}");
}

#[tokio::test]
async fn schemas_are_written_down_and_compared() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let other = TestDatabase::empty().await;
    std::fs::write(directory.path().join("V1__a.sql"), "create table a (id int);").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let written = elsewhere.path().join("a.schema");
    let written = written.to_str().unwrap();
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    let (exit, out, _) = typed(&["diff", "files", "database"]).await;
    assert!(exit == Exit::Differs && out == "table public.a is missing\n", "{out}");
    assert_eq!(typed(&["up"]).await.0, Exit::Done);
    assert_eq!(
        typed(&["diff", "files", "database"]).await,
        (Exit::Done, "no difference\n".into(), String::new())
    );
    let (exit, out, _) = typed(&["snapshot"]).await;
    assert!(exit == Exit::Done && out.starts_with("pgkeel snapshot 1\npostgresql "), "{out}");
    let (exit, told, _) = typed(&["snapshot", "--output", written]).await;
    assert!(exit == Exit::Done && told.contains(" was written, "), "{told}");
    assert_eq!(std::fs::read_to_string(written).unwrap(), out);
    let (_, json, _) = typed(&["snapshot", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let objects = json["objects"].as_array().unwrap();
    assert!(
        objects.iter().any(|it| it["kind"] == "column" && it["attributes"]["type"] == "integer"),
        "{json}"
    );

    database.connection().await.batch_execute("alter table a alter id set not null").await.unwrap();
    let (exit, out, _) = typed(&["diff", written, "database"]).await;
    assert!(exit == Exit::Differs && out.contains("column id of public.a is another\n  not null:"), "{out}");
    let (_, page, _) = typed(&["diff", written, "database", "--markdown"]).await;
    assert!(page.contains("| `column id of public.a` |"), "{page}");
    let (exit, page, _) = typed(&["diff", written, "database", "--json"]).await;
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!(
        (exit, &page["equal"], &page["differences"][0]["attribute"]),
        (Exit::Differs, &false.into(), &"not null".into())
    );

    let address = other.address();
    let HostName::Socket(socket) = address.hosts()[0].name() else { panic!() };
    let address = format!(
        "host={} port={} user={} dbname={}",
        socket.display(),
        address.hosts()[0].port(),
        address.user(),
        address.database()
    );
    let (exit, out, _) = typed(&["diff", "database", &address]).await;
    assert!(exit == Exit::Differs && out == "table public.a is missing\n", "{out}");
    let behind_a_file = directory.path().join("V1__a.sql/a");
    let behind_a_file = behind_a_file.to_str().unwrap();
    for (words, told) in [
        (&["diff", "nowhere", "database"][..], "no access to nowhere"),
        (
            &["diff", "files", directory.path().join("V1__a.sql").to_str().unwrap()],
            "is not a snapshot: line 1",
        ),
        (&["snapshot", "--output", behind_a_file], &format!("no access to {behind_a_file}")),
    ] {
        let (exit, _, err) = typed(words).await;
        assert!(exit == Exit::Usage && err.contains(told), "{err}");
    }
    let words = ["migrate", "diff", "postgresql://u@h:port/d", "database"];
    assert!(cli::command().try_get_matches_from(words).is_err());
}

#[tokio::test]
async fn a_doctor_names_what_is_wrong_with_its_remedy_and_ends_with_the_worst() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    std::fs::write(directory.path().join("V1__a.sql"), "create table a (id int);").unwrap();
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    assert_eq!(typed(&["doctor"]).await.1, "nothing is wrong\n");
    assert_eq!(typed(&["up", "--no-record"]).await.0, Exit::Done);
    let connection = database.connection().await;
    let leave = "insert into a values (1), (1); create index b_ccnew on a (id); create table c (id int);
        update pg_index set indisvalid = false where indexrelid = 'b_ccnew'::regclass;
        alter table a add constraint positive check (id > 0) not valid";
    connection.batch_execute(leave).await.unwrap();
    assert!(connection.batch_execute("create unique index concurrently \"A\" on a (id)").await.is_err());
    let (exit, out, _) = typed(&["doctor"]).await;
    assert_eq!(exit, Exit::Differs);
    assert_eq!(
        out,
        "wrong: the index public.\"A\" of public.a is not valid: a build of it failed\n  \
         reindex index concurrently public.\"A\";\n\
         wrong: the index public.b_ccnew of public.a was left behind by a rebuild that failed\n  \
         drop index concurrently public.b_ccnew;\n\
         note: the constraint positive of public.a was never checked for the rows that were there before\n  \
         alter table public.a validate constraint positive;\n\
         note: what the schema was after the last change is not recorded\n  \
         migrate verify --against=shadow tells drift without it; the next change records it\n"
    );
    // The remedies are what helps.
    for remedy in out.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.ends_with(';')) {
        connection.batch_execute("delete from a").await.unwrap();
        connection.batch_execute(remedy).await.unwrap();
    }
    std::fs::write(directory.path().join("V2__b.sql"), outside("create table b (id int); select 1/0;"))
        .unwrap();
    assert_eq!(typed(&["up"]).await.0, Exit::Failed);
    let (exit, out, _) = typed(&["doctor", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    let first = &answer["complaints"][0];
    assert_eq!(
        (exit, &answer["well"], &first["kind"], &first["remedy"]),
        (Exit::Interrupted, &false.into(), &"interrupted".into(), &"migrate up".into())
    );
    std::fs::write(directory.path().join("V1__a.sql"), "create table a (id bigint);").unwrap();
    let (exit, out, _) = typed(&["doctor"]).await;
    assert!(exit == Exit::Conflict && out.starts_with("wrong: V1__a.sql was edited"), "{out}");
}

#[tokio::test]
async fn who_has_the_lock_and_what_is_wrong_is_told_without_files() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let nowhere = directory.path().join("nowhere");
    crate::recording(&database, &[("V1__a.sql", "create table a ();")]).up().await.unwrap();
    let (exit, out, err) = run(Some(&database), &nowhere, &["lock-info"]).await;
    assert_eq!((exit, out.as_str()), (Exit::Done, "nobody\n"), "{err}");
    // Where a directory is named it has to be there.
    let (exit, _, err) = run(Some(&database), &nowhere, &["doctor"]).await;
    assert!(exit == Exit::Usage && err.contains("no access to the migrations in"), "{err}");

    // The tests run where there are none.
    let matches = cli::command().get_matches_from(["migrate", "doctor"]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let connect = async || Ok::<_, ()>(database.config());
    let exit = cli::run_into(&matches, connect, Stop::new(), &mut out, &mut err).await.unwrap();
    let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
    assert_eq!((exit, out.as_str()), (Exit::Done, "nothing is wrong\n"), "{err}");
    assert!(
        err.starts_with("without files: nothing is said of what they and the history disagree on"),
        "{err}"
    );
}

#[tokio::test]
async fn a_doctor_tells_which_rights_a_role_lacks() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    std::fs::write(directory.path().join("V1__a.sql"), "create table a (id int);").unwrap();
    let role = format!("{}_deployer", database.address().database());
    let connection = database.connection().await;
    connection.batch_execute(&format!("create role {role} login")).await.unwrap();
    let address = database.address();
    let config = Config::new(Address::new(address.hosts()[0].clone(), &role, address.database()));
    let lacks = async || {
        let (exit, out, _) = run_at(config.clone(), directory.path(), &["doctor"]).await;
        let remedies =
            out.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.starts_with("grant"));
        (exit, remedies.map(str::to_owned).collect::<Vec<_>>())
    };
    let (exit, remedies) = lacks().await;
    assert_eq!(
        (exit, remedies),
        (Exit::Failed, vec![format!("grant create on database {} to {role};", address.database())])
    );
    assert_eq!(run(Some(&database), directory.path(), &["up"]).await.0, Exit::Done);
    let (_, remedies) = lacks().await;
    assert_eq!(remedies.len(), 9, "{remedies:?}");
    connection.batch_execute(&remedies.join("\n")).await.unwrap();
    assert_eq!(lacks().await, (Exit::Done, Vec::new()));
    connection.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn the_servers_hint_is_shown_but_not_one_that_a_function_raises() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let write = |text: &str| std::fs::write(directory.path().join("V1__a.sql"), text).unwrap();
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    write("create table t (number int); select numbr from t;");
    let (_, _, err) = typed(&["up"]).await;
    assert!(err.contains("\nhint: Perhaps you meant to reference the column \"t.number\".\n"), "{err}");
    let (_, out, _) = typed(&["up", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(answer["error"]["hint"].as_str().unwrap().starts_with("Perhaps"), "{out}");
    for code in ["", ", errcode = '23505'"] {
        write(&format!("do $$ begin raise 'x' using hint = 'can' || 'ary 4711'{code}; end $$;"));
        let (_, out, err) = typed(&["up", "--json"]).await;
        assert!(!out.contains("canary") && !err.contains("canary"), "{out}{err}");
    }
}
