//! The linter, on a database and on the command line.

use pgkeel_migrate::cli::Exit;
use pgkeel_migrate::{LintLevel, Linter, Migrations};
use pgkeel_testkit::TestDatabase;

use crate::cli::run;
use crate::migrator;

const FIRST: (&str, &str) = ("V1__a.sql", "create table a (id bigint);");

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (file, text) in files {
        std::fs::write(directory.path().join(file), text).unwrap();
    }
    directory
}

fn parsed(out: &str) -> serde_json::Value {
    serde_json::from_str(out).unwrap()
}

#[tokio::test]
async fn what_is_pending_is_looked_at_as_this_database_finds_it() {
    let database = TestDatabase::empty().await;
    let files = [FIRST, ("V2__b.sql", "create index a_id_idx on a (id);")];
    let lint = async || {
        let migrator = migrator(&database, &files);
        let linter = Linter::new(migrator.migrations().clone()).without(["irreversible"]).unwrap();
        linter.pending(&migrator.status().await.unwrap()).lint()
    };
    let report = lint().await;
    assert_eq!((report.files, report.findings.len()), (2, 0), "the table is as new as the index");
    migrator(&database, &files[..1]).up().await.unwrap();
    let report = lint().await;
    assert_eq!((report.files, report.findings.len()), (1, 1));
    assert_eq!(report.findings[0].rule, "require-concurrent-index-creation");
    migrator(&database, &files).up().await.unwrap();
    assert_eq!(lint().await.files, 0);
}

#[tokio::test]
async fn findings_are_told_with_their_line_and_what_to_do() {
    let (database, files) = (TestDatabase::empty().await, directory(&[FIRST]));
    let typed = async |words: &[&str]| run(Some(&database), files.path(), words).await;
    assert_eq!(typed(&["up"]).await.0, Exit::Done);
    assert_eq!(typed(&["lint"]).await.1, "nothing is pending\n");
    std::fs::write(files.path().join("V2__b.sql"), "select 1;\ncreate index a_id_idx on a (id);\n").unwrap();
    std::fs::write(files.path().join("V2__b.down.sql"), "drop index a_id_idx;").unwrap();
    let (exit, out, err) = typed(&["lint"]).await;
    assert_eq!((exit, err.as_str()), (Exit::Findings, ""));
    assert_eq!(
        out,
        "V2__b.sql:2:1: error: require-concurrent-index-creation: During normal index creation, table updates are blocked, \
         but reads are still allowed\n  2 | create index a_id_idx on a (id);\n    | ^\n  help: Build it CONCURRENTLY, in a \
         file with -- pgkeel: transaction=off; migrate new NAME --concurrent-index 'table(column)' writes one.\n  fix: \
         create index concurrently a_id_idx on a (id);\nV2__b.down.sql:1:1: warning: require-concurrent-index-deletion: A normal `DROP INDEX` acquires an `ACCESS \
         EXCLUSIVE` lock on the table, blocking other accesses until the index drop can complete\n  1 | drop index a_id_idx;\n    \
         | ^\n  help: Do it CONCURRENTLY, in a file with -- pgkeel: transaction=off.\n  fix: drop index concurrently \
         a_id_idx;\n2 files: 1 error, 1 warning\n"
    );
    let (exit, out, _) = typed(&["lint", "--json"]).await;
    let answer = parsed(&out);
    let finding = &answer["findings"][0];
    assert_eq!((exit, &answer["files"], &answer["errors"]), (Exit::Findings, &2.into(), &1.into()));
    assert_eq!(
        (&finding["line"], &finding["column"], &finding["end_column"]),
        (&2.into(), &1.into(), &33.into())
    );
    assert_eq!(
        (&finding["rule"], &finding["level"]),
        (&"require-concurrent-index-creation".into(), &"error".into())
    );
    assert_eq!(
        (&finding["fix"]["edits"][0]["column"], &finding["fix"]["edits"][0]["text"]),
        (&13.into(), &" concurrently".into())
    );
    let rules = "require-concurrent-index-creation,require-concurrent-index-deletion";
    let (exit, out, _) = typed(&["lint", "--exclude", rules]).await;
    assert_eq!((exit, out.as_str()), (Exit::Done, "2 files, nothing found\n"));
}

#[tokio::test]
async fn every_file_is_looked_at_without_a_database() {
    let files = directory(&[
        FIRST,
        ("V2__b.sql", "drop table a;\ndo $$ begin end $$;"),
        ("V2__b.down.sql", "select 1;"),
    ]);
    let typed = async |words: &[&str]| run(None, files.path(), words).await;
    let (exit, out, _) = typed(&["lint", "--all"]).await;
    let lines: Vec<&str> = out.lines().filter(|line| line.starts_with('V')).collect();
    assert_eq!(exit, Exit::Findings);
    assert_eq!(lines.len(), 4, "{out}");
    assert!(lines[0].starts_with("V1__a.sql:1:1: warning: irreversible: "), "{out}");
    assert!(
        lines[1].starts_with(
            "V2__b.sql:1:1: error: destructive: DROP TABLE a: it is gone with all that it holds"
        ),
        "{out}"
    );
    assert!(lines[2].starts_with("V2__b.sql:1:1: warning: ban-drop-table: "), "{out}");
    assert!(lines[3].starts_with("V2__b.sql:2:1: info: opaque: "), "{out}");
    assert!(out.ends_with("3 files: 1 error, 2 warnings, 1 info\n"), "{out}");

    let without = ["lint", "--all", "--exclude", "destructive"];
    assert_eq!(typed(&without).await.0, Exit::Done);
    assert_eq!(typed(&[&without[..], &["--strict"]].concat()).await.0, Exit::Findings);
    let (exit, out, _) =
        typed(&["lint", "--all", "--rules", "opaque,ban-drop-table", "--format", "github"]).await;
    let path = files.path().display();
    assert_eq!(exit, Exit::Done);
    assert_eq!(
        out,
        format!(
            "::warning file={path}/V2__b.sql,line=1,endLine=1,col=1,endColumn=14,title=ban-drop-table::Dropping a table may \
             break existing clients%0AIf nothing that runs needs it any more, write -- pgkeel: phase=contract at the top of \
             the file.\n::notice file={path}/V2__b.sql,line=2,endLine=2,col=1,endColumn=19,title=opaque::What DO does when \
             it runs is not looked into\n"
        )
    );
}

#[tokio::test]
async fn a_rule_that_is_none_is_refused() {
    let files = directory(&[FIRST]);
    let (exit, out, err) =
        run(None, files.path(), &["lint", "--all", "--rules", "require-lock-timeout"]).await;
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains("every file runs under a lock_timeout"), "{err}");
    let (exit, _, err) = run(None, files.path(), &["lint", "--all", "--exclude", "nonsense"]).await;
    assert!(exit == Exit::Usage && err.contains("nonsense is no rule that can be looked for"), "{err}");
}

#[tokio::test]
async fn destructive_files_are_refused_with_exit_9_until_they_are_accepted() {
    let database = TestDatabase::empty().await;
    let files = directory(&[FIRST, ("V2__b.sql", "drop table a;")]);
    let typed = async |words: &[&str]| run(Some(&database), files.path(), words).await;
    let (exit, out, err) = typed(&["up"]).await;
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
    assert_eq!(
        err,
        "migrate: nothing was done, because statements may lose data; if they shall, write -- pgkeel: destructive=accepted \
         at the top of the file, or run migrate up --accept-destructive once:\n  V2__b.sql:1:1: DROP TABLE a: it is gone with \
         all that it holds\n"
    );
    let (_, out, _) = typed(&["up", "--json"]).await;
    let error = &parsed(&out)["error"];
    let statement = &error["destructive"][0];
    assert_eq!(
        (&error["exit"], &statement["file"], &statement["line"]),
        (&9.into(), &"V2__b.sql".into(), &1.into())
    );
    assert_eq!(statement["statement"], "DROP TABLE a");
    assert_eq!(typed(&["plan"]).await.0, Exit::Refused);
    assert_eq!(typed(&["plan", "--accept-destructive"]).await.0, Exit::Done);
    assert_eq!(typed(&["up", "--accept-destructive"]).await.0, Exit::Done);
}

#[tokio::test]
async fn templates_are_as_the_linter_wants_them() {
    let files = directory(&[FIRST]);
    let typed = async |words: &[&str]| run(None, files.path(), words).await;
    for words in [
        ["new", "b", "--concurrent-index", "a(id)"],
        ["new", "c", "--not-null", "a(id)"],
        ["new", "d", "--foreign-key", "a(id) references b(id)"],
    ] {
        assert_eq!(typed(&words).await.0, Exit::Done);
    }
    let (exit, out, _) = typed(&["lint", "--all", "--exclude", "irreversible", "--strict"]).await;
    assert_eq!((exit, out.as_str()), (Exit::Done, "7 files, nothing found\n"));
}

#[test]
fn the_migrations_of_the_reference_application_have_no_errors() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let report = Linter::new(Migrations::from_dir(directory).unwrap()).lint();
    let found: Vec<String> =
        report.findings.iter().filter(|it| it.level > LintLevel::Info).map(ToString::to_string).collect();
    assert_eq!(found, Vec::<String>::new());
}
