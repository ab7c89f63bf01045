//! What a user sees of many tenants.

use pgkeel_migrate::cli::{self, Exit};
use pgkeel_testkit::TestDatabase;
use serde_json::Value;

use super::{execute, has_schema};
use crate::cli::run;

async fn three() -> (TestDatabase, tempfile::TempDir) {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("V1__a.sql", "create table a (id int);");
    write("V2__b.sql", "create table b (id int);");
    write("V2__b.down.sql", "drop table b;");
    execute(&database, "create schema t_a; create schema t_b; create schema \"t C\"").await;
    (database, directory)
}

#[tokio::test]
async fn each_tenant_has_a_line_and_all_have_a_sum() {
    let (database, directory) = three().await;
    execute(&database, "create table t_b.b (id int)").await;
    let directory = directory.path();
    let all = ["--each-schema", "t_?", "--each-schema", "t C"];
    let (exit, out, err) = run(Some(&database), directory, &[&["up"][..], &all].concat()).await;
    assert_eq!(exit, Exit::Failed);
    assert!(
        out.contains("t C: 2 migrations applied in 0.") && out.contains("t_a: 2 migrations applied in 0."),
        "{out}"
    );
    assert!(out.ends_with("3 schemas: 2 well, 2 of them changed, 1 failed\n"), "{out}");
    assert!(err.starts_with("migrate: t_b: V2__b.sql:1:") && err.contains("\"b\" already exists"), "{err}");
    assert!(err.ends_with("next: mend V2__b.sql, then migrate up --schema t_b\n"), "{err}");

    let (exit, out, _) = run(Some(&database), directory, &[&["status", "--check"][..], &all].concat()).await;
    assert_eq!(exit, Exit::Pending);
    assert_eq!(out, "t C  V2\nt_a  V2\nt_b  V1  1 pending\n2 at V2, 1 at V1; 1 behind\n3 schemas: 3 well\n");

    let (exit, out, _) = run(Some(&database), directory, &[&["status", "--json"][..], &all].concat()).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    let schemas = answer["schemas"].as_array().unwrap();
    assert_eq!((exit, schemas.len(), &answer["well"]), (Exit::Done, 3, &3.into()));
    assert_eq!(
        (&schemas[2]["schema"], &schemas[2]["result"]["pending"][0]["version"]),
        (&"t_b".into(), &2.into())
    );

    let (_, out, _) = run(Some(&database), directory, &[&["up", "--json"][..], &all].concat()).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    let failed = answer["schemas"].as_array().unwrap().iter().find(|it| it["schema"] == "t_b").unwrap();
    assert_eq!((&failed["exit"], &failed["error"]["sqlstate"]), (&1.into(), &"42P07".into()));
    assert_eq!((&answer["exit"], &answer["failed"], &answer["left"]), (&1.into(), &1.into(), &0.into()));

    execute(&database, "drop table t_b.b").await;
    assert_eq!(run(Some(&database), directory, &[&["up"][..], &all].concat()).await.0, Exit::Done);
    let (exit, out, _) = run(Some(&database), directory, &[&["up"][..], &all].concat()).await;
    assert_eq!((exit, out.as_str()), (Exit::Done, "3 schemas: 3 well\n"));
    let (exit, out, err) = run(Some(&database), directory, &[&["down"][..], &all].concat()).await;
    assert!(exit == Exit::Done && out.contains("t_b: 1 migration reverted in 0."), "{out}{err}");
}

#[tokio::test]
async fn other_verbs_are_carried_out_for_each() {
    let (database, directory) = three().await;
    let directory = directory.path();
    let verb = async |words: &[&str]| {
        let (exit, out, err) =
            run(Some(&database), directory, &[words, &["--each-schema", "t*"]].concat()).await;
        (exit, format!("{out}{err}"))
    };
    let (exit, told) = verb(&["plan"]).await;
    assert!(exit == Exit::Done && told.contains("t_a: up  V1__a.sql  tx  1 statement"), "{told}");
    assert!(told.contains("t_a: up  V2__b.sql  tx  1 statement"), "{told}");
    let (_, script) = verb(&["plan", "--sql"]).await;
    assert!(
        script.contains("-- \"t C\"\n") && script.contains("set local search_path = \"t C\";"),
        "{script}"
    );
    assert!(script.ends_with("-- 3 schemas: 3 well\n"), "{script}");
    let (exit, told) = verb(&["mark", "applied", "1", "--reason", "r"]).await;
    assert!(exit == Exit::Done && told.contains("t C: V1__a.sql counts as applied now\n"), "{told}");
    let (exit, told) = verb(&["verify"]).await;
    assert!(
        exit == Exit::Differs && told.contains("t_b: ") && told.contains("from the migrations at version 1"),
        "{told}"
    );
    assert!(told.ends_with("3 schemas: 0 well, 3 different\n"), "{told}");
    assert_eq!(verb(&["mark", "reverted", "1", "--reason", "r"]).await.0, Exit::Done);
    assert_eq!(verb(&["up"]).await.0, Exit::Done);
    let (exit, told) = verb(&["verify", "--against", "recorded"]).await;
    assert!(
        exit == Exit::Done && told.contains("t_a: the schema agrees with the record at version 2\n"),
        "{told}"
    );
    let (exit, told) = verb(&["verify", "--against", "lock"]).await;
    assert!(
        exit == Exit::Refused && told.contains("t_a: a tenant's schema cannot be held against a lock file"),
        "{told}"
    );
    assert_eq!(verb(&["redo"]).await.0, Exit::Done);
    let (exit, told) = verb(&["repair", "1", "--continue-at", "1"]).await;
    assert!(exit == Exit::Usage && told.contains("3 failed"), "{told}");
    let (exit, told) = verb(&["baseline"]).await;
    assert!(exit == Exit::Refused && told.contains("t_b: a baseline is for a database without"), "{told}");
}

#[tokio::test]
async fn one_tenant_is_answered_as_a_database_is() {
    let (database, directory) = three().await;
    let directory = directory.path();
    let one = ["--schema", "new one", "--shared-schema", "public"];
    let (exit, out, _) = run(Some(&database), directory, &[&["up"][..], &one].concat()).await;
    assert!(exit == Exit::Done && out.starts_with("applied V1  a  tx"), "{out}");
    assert!(has_schema(&database, "new one").await);
    let (_, out, _) = run(Some(&database), directory, &[&["status"][..], &one].concat()).await;
    assert!(out.ends_with("2 applied, 0 pending, 0 in conflict\n"), "{out}");
    let (exit, out, _) = run(Some(&database), directory, &[&["verify"][..], &one].concat()).await;
    assert_eq!((exit, out.as_str()), (Exit::Done, "the schema agrees with the migrations at version 2\n"));
    assert_eq!(run(Some(&database), directory, &[&["lock-info"][..], &one].concat()).await.1, "nobody\n");
    std::fs::write(directory.join("V3__c.sql"), "select 1/0;").unwrap();
    let (_, _, err) = run(Some(&database), directory, &[&["up"][..], &one].concat()).await;
    let next = "next: mend V3__c.sql, then migrate up --schema 'new one' --shared-schema public\n";
    assert!(err.ends_with(next), "{err}");
}

#[tokio::test]
async fn what_means_nothing_is_refused_by_name() {
    for words in [
        &["up", "--schema", "pg_catalog"][..],
        &["up", "--schema", "pgkeel"],
        &["up", "--schema", ""],
        &["up", "--schema", "a", "--each-schema", "b"],
        &["up", "--each-schema", "b", "--jobs", "0"],
        &["verify", "--each-schema", "b", "--markdown"],
        &["lock", "--each-schema", "a"],
        &["test", "--schema", "a"],
        &["squash", "--to", "1", "--each-schema", "a"],
        &["import", "--from", "sqlx", "--each-schema", "a"],
    ] {
        let error = cli::command().try_get_matches_from(["migrate"].iter().chain(words)).unwrap_err();
        let told = error.to_string();
        assert!(error.exit_code() == 2 && (told.contains("schema") || told.contains("--jobs")), "{told}");
    }
    let (database, directory) = three().await;
    let (exit, _, err) = run(Some(&database), directory.path(), &["up", "--each-schema", "none_*"]).await;
    assert!(exit == Exit::Usage && err.contains("no schema has a name like \"none_*\""), "{err}");
    let nobody = ["up", "--schemas-from", "select null::text"];
    let (exit, _, err) = run(Some(&database), directory.path(), &nobody).await;
    assert!(
        exit == Exit::Usage && err.contains("the query answers null where it should name a schema"),
        "{err}"
    );
}

#[tokio::test]
async fn tenants_that_were_found_are_made_in_shadows() {
    let (database, directory) = three().await;
    execute(
        &database,
        "create table t_a.a (id int); create table t_b.a (id int); create table \"t C\".a (id int)",
    )
    .await;
    let verb = async |words: &[&str]| {
        run(Some(&database), directory.path(), &[words, &["--each-schema", "t*"]].concat()).await
    };
    let (exit, out, err) = verb(&["baseline", "--to", "1"]).await;
    assert!(exit == Exit::Done && out.ends_with("3 schemas: 3 well\n"), "{out}{err}");
    let (exit, out, err) = verb(&["up", "--dry-run=shadow"]).await;
    assert!(exit == Exit::Done && out.contains("3 schemas: 3 well"), "{out}{err}");
    let (_, out, _) = verb(&["status"]).await;
    assert!(out.contains("3 at V1; 3 behind"), "{out}");
}

#[tokio::test]
async fn each_answer_has_the_code_that_one_schema_would_end_with() {
    let (database, directory) = three().await;
    let verb = async |words: &[&str]| {
        let words = [words, &["--json", "--each-schema", "t_?"]].concat();
        let (exit, out, _) = run(Some(&database), directory.path(), &words).await;
        let answer: Value = serde_json::from_str(&out).unwrap();
        let codes = answer["schemas"].as_array().unwrap().iter();
        let codes = codes.map(|it| (it["schema"].as_str().unwrap().to_owned(), it["exit"].as_u64().unwrap()));
        let mut codes: Vec<_> = codes.collect();
        codes.sort();
        (exit, codes)
    };
    let codes = |a, b| vec![("t_a".to_owned(), a), ("t_b".to_owned(), b)];
    assert_eq!(verb(&["up"]).await, (Exit::Done, codes(0, 0)));
    execute(&database, "alter table t_b.a add more int").await;
    assert_eq!(verb(&["verify"]).await, (Exit::Differs, codes(0, 5)));
    let one = run(Some(&database), directory.path(), &["down", "--schema", "t_a"]).await;
    assert_eq!(one.0, Exit::Done);
    assert_eq!(verb(&["status", "--check"]).await, (Exit::Pending, codes(3, 0)));
}
