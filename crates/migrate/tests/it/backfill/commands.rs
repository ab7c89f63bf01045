//! What a user sees of a backfill.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::cli::Exit;
use pgkeel_migrate::{Migrations, Prover, Template};
use pgkeel_testkit::TestDatabase;

use super::{batches, database_of, fill, filled, run};
use crate::{cli, count, history, migrator};

#[tokio::test]
async fn the_command_line_says_how_many_rows_in_how_many_batches() {
    let (database, directory) = (database_of(100).await, tempfile::tempdir().unwrap());
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("V1__a.sql", &fill("batch=30 pause=0"));
    let (_, out, _) = cli::run(Some(&database), directory.path(), &["plan"]).await;
    assert!(out.starts_with("up  V1__a.sql  no-tx  1 statement, repeated (batch 30, pause 0ns)"), "{out}");
    let (_, out, _) = cli::run(Some(&database), directory.path(), &["plan", "--json"]).await;
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(plan["files"][0]["backfill"], serde_json::json!({ "batch": 30, "pause_ms": 0.0 }));
    let (exit, out, err) = cli::run(Some(&database), directory.path(), &["up"]).await;
    assert!(exit == Exit::Done && out.starts_with("applied V1  a  no-tx  100 rows in 4 batches  "), "{out}");
    let first = err.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("V1__a.sql: 30 rows in 1 batch, ")
            && first.ends_with(" rows/s, at most about 70 left"),
        "{err}"
    );

    run(&database, "update t set n = null, times = 0").await;
    write("V2__b.sql", &fill("batch=30 pause=0 max_batches=2"));
    let (exit, out, err) = cli::run(Some(&database), directory.path(), &["up", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    let error = &answer["error"];
    assert_eq!((exit, &error["rows"], &error["batches"]), (Exit::Failed, &60.into(), &2.into()));
    assert!(err.contains("next: mend V2__b.sql, then migrate up\n"), "{err}");
    let (_, out, _) = cli::run(Some(&database), directory.path(), &["status"]).await;
    assert!(out.contains("note: V2__b.sql was stopped between two batches\n"), "{out}");
    write("V2__b.sql", &fill("batch=30 pause=0"));
    let (_, out, _) = cli::run(Some(&database), directory.path(), &["up", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&answer["done"][0]["rows"], &answer["done"][0]["batches"]), (&40.into(), &2.into()));
}

#[tokio::test]
async fn a_planned_script_repeats_it_and_commits_in_between() {
    let database = database_of(100).await;
    let text = fill("batch=30 pause=1ms statement_timeout=1min")
        .replace("set n = id", "set n = id /* $pgkeel_text0$ */");
    let migrator = migrator(&database, &[("V1__a.sql", &text)]);
    let sql = migrator.plan().await.unwrap().sql();
    assert!(
        sql.contains("-- repeated until it changes no row, each time in a transaction of its own\n"),
        "{sql}"
    );
    let connection = database.connection().await;
    for statement in sql.strip_prefix("\\set ON_ERROR_STOP on\n").unwrap().split(";\n") {
        connection.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    assert_eq!((filled(&database).await, batches(&database).await), ((100, 0), 4));
    assert_eq!(history(&database).await, [1]);
    assert!(migrator.status().await.unwrap().pending.is_empty());
}

#[tokio::test]
async fn it_is_proved_like_any_other() {
    let database = TestDatabase::empty().await;
    let back = "-- pgkeel: backfill\nupdate t set n = null where id in (select id from t where n is not null limit current_setting('pgkeel.batch')::int)";
    let files = [
        (
            "V1__a.sql",
            "create table t (id int primary key, n int, times int default 0); insert into t select generate_series(1, 50);",
        ),
        ("V1__a.down.sql", "drop table t;"),
        ("V2__b.sql", &*fill("batch=7 pause=0")),
        ("V2__b.verify.sql", "select not exists (select from t where n is null);"),
        ("V2__b.down.sql", back),
        ("V3__c.sql", "alter table t alter column n set not null;"),
        ("V3__c.down.sql", "alter table t alter column n drop not null;"),
    ];
    let proof =
        Prover::new(database.config(), Migrations::from_static(&files).unwrap()).prove().await.unwrap();
    assert!(proof.is_sound(), "{proof}");
}

#[tokio::test]
async fn a_template_does_nothing_before_it_is_filled_in_and_then_proves_its_end() {
    let (database, directory) = (database_of(2500).await, tempfile::tempdir().unwrap());
    let (exit, out, _) = cli::run(None, directory.path(), &["new", "fill_n", "--backfill", "public.t"]).await;
    let paths: Vec<&str> = out.lines().collect();
    assert!(exit == Exit::Done && paths.len() == 2 && paths[1].ends_with("__fill_n.verify.sql"), "{out}");
    let (exit, _, err) = cli::run(Some(&database), directory.path(), &["up"]).await;
    assert!(exit == Exit::Failed && err.contains("\"key_column\" does not exist"), "{err}");
    for path in paths {
        let text = std::fs::read_to_string(path).unwrap();
        let text =
            text.replace("key_column", "id").replace("column_name = 'value'", "n = id, times = times + 1");
        std::fs::write(path, text.replace("column_name", "n")).unwrap();
    }
    let (exit, out, err) = cli::run(Some(&database), directory.path(), &["up"]).await;
    assert!(exit == Exit::Done && out.contains("  fill_n  no-tx  2500 rows in 3 batches  "), "{out}{err}");
    assert_eq!(filled(&database).await, (2500, 0));
    let all = cli::run(None, directory.path(), &["lint", "--all"]).await;
    assert_eq!(all.0, Exit::Done, "{}{}", all.1, all.2);
    let table = Template::named("a").backfill("t; drop table t");
    assert!(table.is_err());
    assert_eq!(count(&database, "select count(*) from t").await, 2500);
}
