//! Migrations that are functions of the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pgkeel_connect::Executor as _;
use pgkeel_migrate::cli::{self, Exit};
use pgkeel_migrate::{
    Back, Code, Conflict, DryRun, Error, Kind, Migrations, Migrator, Prover, Reason, Report, Stays, Stop,
    Template,
};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table, history};

const FILES: [(&str, &str); 4] = [
    ("V1__a.sql", "create table a (id int, twice int); insert into a values (1), (2);"),
    ("V1__a.down.sql", "drop table a;"),
    ("V3__c.sql", "create table c (id int);"),
    ("V3__c.down.sql", "drop table c;"),
];

/// Doubles what is in `a`, and back.
fn twice(revision: &str) -> Code {
    Code::new(2, "twice", revision, |tx| {
        Box::pin(async move {
            for row in tx.query("select id from a order by id", &[]).await? {
                let id: i32 = row.try_get(0)?;
                tx.execute("update a set twice = $2 where id = $1", &[&id, &(id * 2)]).await?;
            }
            Ok(())
        })
    })
    .with_down(|tx| Box::pin(async move { Ok(tx.batch_execute("update a set twice = null").await?) }))
}

fn with(database: &TestDatabase, code: Code) -> Migrator {
    let migrations = Migrations::from_static(&FILES).unwrap().with_code([code]).unwrap();
    Migrator::new(database.config(), migrations)
}

fn names(report: &Report) -> Vec<&str> {
    report.done.iter().map(|done| done.migration.file()).collect()
}

#[tokio::test]
async fn code_is_applied_and_reverted_in_its_place_among_the_files() {
    let database = TestDatabase::empty().await;
    let migrator = with(&database, twice("1"));
    let report = migrator.up().await.unwrap();
    assert_eq!(names(&report), ["V1__a.sql", "V2__twice.rs", "V3__c.sql"]);
    assert_eq!((report.done[1].migration.kind(), report.done[1].statements), (Kind::Code, 0));
    assert_eq!(count(&database, "select sum(twice) from a").await, 6);
    assert_eq!(history(&database).await, [1, 2, 3]);
    assert!(migrator.up().await.unwrap().done.is_empty());
    let logged =
        "select count(*) from pgkeel.migration_log where kind = 'code' and version = 2 and status = 'ok'";
    assert_eq!(count(&database, logged).await, 1);

    assert_eq!(migrator.down(Back::To(1)).await.unwrap().done.len(), 2);
    assert_eq!(
        (count(&database, "select count(twice) from a").await, history(&database).await),
        (0, vec![1])
    );
    assert_eq!(migrator.up().await.unwrap().done.len(), 2);
}

#[tokio::test]
async fn another_revision_and_missing_code_are_conflicts() {
    let database = TestDatabase::empty().await;
    with(&database, twice("1")).up().await.unwrap();
    let changed = with(&database, twice("2")).status().await.unwrap();
    assert!(
        matches!(&changed.conflicts[..], [Conflict::Edited { version: 2, .. }]),
        "{:?}",
        changed.conflicts
    );
    let without = crate::migrator(&database, &FILES).status().await.unwrap();
    let [Conflict::Missing { file, .. }] = &without.conflicts[..] else { panic!("{:?}", without.conflicts) };
    assert_eq!(file, "V2__twice.rs");
}

#[tokio::test]
async fn code_that_gives_up_leaves_nothing() {
    let database = TestDatabase::empty().await;
    let gives_up = Code::new(2, "b", "1", |tx| {
        Box::pin(async move {
            tx.batch_execute("create table half (id int)").await?;
            Err("canary_4711".into())
        })
    });
    let error = with(&database, gives_up).up().await.unwrap_err();
    let failed = error.file().unwrap();
    assert!(matches!(&failed.reason, Reason::Code(source) if source.to_string() == "canary_4711"), "{error}");
    assert_eq!((failed.file.as_str(), failed.stays, failed.at), ("V2__b.rs", Stays::Nothing, None));
    assert!(!has_table(&database, "half").await);
    assert_eq!(history(&database).await, [1]);
    let told =
        "select count(*) from pgkeel.migration_log where to_jsonb(migration_log)::text like '%canary%'";
    assert_eq!(count(&database, told).await, 0);
}

#[tokio::test]
async fn what_the_server_refuses_is_told_as_of_a_file_even_if_the_code_keeps_it_to_itself() {
    let database = TestDatabase::empty().await;
    let refused =
        Code::new(2, "b", "1", |tx| Box::pin(async move { Ok(tx.batch_execute("select nothing").await?) }));
    let error = with(&database, refused).up().await.unwrap_err();
    assert_eq!(error.server().unwrap().code().code(), "42703");
    let silent = Code::new(2, "b", "1", |tx| {
        Box::pin(async move {
            let _ = tx.batch_execute("select nothing").await;
            Ok(())
        })
    });
    let error = with(&database, silent).up().await.unwrap_err();
    assert!(matches!(error.file().unwrap().reason, Reason::Code(_)), "{error}");
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn code_that_ends_its_transaction_is_found_out() {
    let database = TestDatabase::empty().await;
    let ends = Code::new(2, "b", "1", |tx| Box::pin(async move { Ok(tx.batch_execute("commit").await?) }));
    let error = with(&database, ends).up().await.unwrap_err();
    assert!(matches!(error.file().unwrap().reason, Reason::TransactionEnded), "{error}");
}

#[tokio::test]
async fn code_that_goes_on_in_another_transaction_is_found_out() {
    for another in ["commit; begin", "commit; begin read only"] {
        let database = TestDatabase::empty().await;
        let ends =
            Code::new(2, "b", "1", move |tx| Box::pin(async move { Ok(tx.batch_execute(another).await?) }));
        let error = with(&database, ends).up().await.unwrap_err();
        assert!(matches!(error.file().unwrap().reason, Reason::TransactionEnded), "{another}: {error}");
        assert_eq!(history(&database).await, [1], "{another}");
    }
}

#[tokio::test]
async fn code_that_did_not_get_a_lock_is_called_again() {
    let database = TestDatabase::empty().await;
    let (calls, holder) = (Arc::new(AtomicUsize::new(0)), Arc::new(database.connection().await));
    let code = {
        let (calls, holder) = (calls.clone(), holder.clone());
        Code::new(2, "b", "1", move |tx| {
            let (calls, holder) = (calls.clone(), holder.clone());
            Box::pin(async move {
                let lock = if calls.fetch_add(1, Ordering::SeqCst) == 0 {
                    "begin; lock table a"
                } else {
                    "rollback"
                };
                holder.batch_execute(lock).await?;
                Ok(tx.batch_execute("alter table a add column b int").await?)
            })
        })
        .with_directives("lock_timeout=100ms retries=3")
    };
    let report = with(&database, code).up().await.unwrap();
    assert_eq!((report.done[1].attempts, calls.load(Ordering::SeqCst)), (2, 2));
}

#[tokio::test]
async fn dry_runs_and_proofs_call_it() {
    let database = TestDatabase::empty().await;
    let migrator = with(&database, twice("1"));
    for how in [DryRun::Rollback, DryRun::Shadow] {
        assert_eq!(migrator.clone().with_dry_run(how).up().await.unwrap().done.len(), 3, "{how:?}");
    }
    assert!(!has_table(&database, "a").await);
    let proof = Prover::new(database.config(), migrator.migrations().clone()).prove().await.unwrap();
    assert!(proof.is_sound() && proof.steps[1].findings.is_empty(), "{proof}");
}

#[tokio::test]
async fn without_a_way_back_there_is_none_and_a_planned_script_stops() {
    let database = TestDatabase::empty().await;
    let code = Code::new(2, "b", "1", |_| Box::pin(async { Ok(()) }));
    let migrator = with(&database, code);
    let sql = migrator.plan().await.unwrap().sql();
    assert!(sql.contains("\n-- V2__b.rs\ndo $$ begin raise exception '% is code"), "{sql}");
    migrator.up().await.unwrap();
    let Err(Error::Conflicts { conflicts }) = migrator.down(Back::To(1)).await else { panic!() };
    assert!(matches!(&conflicts[..], [Conflict::Irreversible { version: 2, .. }]), "{conflicts:?}");
}

#[test]
fn what_cannot_be_among_the_files_is_refused() {
    let code = |version, name: &str| Code::new(version, name, "1", |_| Box::pin(async { Ok(()) }));
    let refuse = |code: Code| {
        let error = Migrations::from_static(&FILES).unwrap().with_code([code]).unwrap_err();
        error.to_string()
    };
    assert!(refuse(code(1, "b")).contains("V1__a.sql and V1__b.rs have the same version"));
    assert!(refuse(code(7, "b-c")).contains("V7__b-c.rs is not named"));
    assert!(refuse(code(-7, "b")).contains("V-7__b.rs is not named"));
    assert!(
        refuse(code(7, "b").with_directives("transaction=off"))
            .contains("V7__b.rs says transaction=off, but it is")
    );
    assert!(
        refuse(code(7, "b").with_directives("nonsense=1")).contains("V7__b.rs:1:1: the comment for pgkeel")
    );
}

#[tokio::test]
async fn a_programs_command_line_has_it() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    for (file, text) in FILES {
        std::fs::write(directory.path().join(file), text).unwrap();
    }
    let run = async |verb: &str| {
        let words = ["migrate", verb, "--dir", directory.path().to_str().unwrap()];
        let matches = cli::command().try_get_matches_from(words).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let connect = async || Ok::<_, String>(database.config());
        let add = |files: Migrations| files.with_code([twice("1")]);
        let exit = cli::run_into_with(&matches, connect, add, Stop::new(), &mut out, &mut err).await.unwrap();
        (exit, String::from_utf8(out).unwrap())
    };
    let (exit, out) = run("plan").await;
    assert!(exit == Exit::Done && out.contains("up  V2__twice.rs  tx  code  ("), "{out}");
    let (exit, out) = run("up").await;
    assert!(exit == Exit::Done && out.contains("applied V2  twice  tx  code  0."), "{out}");
    assert!(out.contains("3 migrations applied in "), "{out}");
    assert_eq!(run("validate").await.1, "3 migrations are in order\n");
}

#[tokio::test]
async fn code_that_was_only_recorded_and_is_missing_is_named_as_code() {
    let database = TestDatabase::empty().await;
    with(&database, twice("1")).mark_applied(&[1, 2], "why").await.unwrap();
    let without = crate::migrator(&database, &FILES);
    let conflicts = without.status().await.unwrap().conflicts;
    let [Conflict::Missing { file, .. }] = &conflicts[..] else { panic!("{conflicts:?}") };
    assert_eq!(file, "V2__twice.rs");
    let error = without.baseline(&pgkeel_migrate::Against::Shadow).await.unwrap_err();
    assert!(error.to_string().contains("V2__twice.rs is recorded already"), "{error}");
    assert_eq!(without.mark_reverted(&[2], "why").await.unwrap().files, ["V2__twice.rs"]);
}

/// What a program's own command line answers.
async fn typed(database: &TestDatabase, directory: &std::path::Path, words: &[&str]) -> (Exit, String) {
    let words = ["migrate"].iter().chain(words).copied().chain(["--dir", directory.to_str().unwrap()]);
    let matches = cli::command().try_get_matches_from(words).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let connect = async || Ok::<_, ()>(database.config());
    let add = |files: Migrations| files.with_code([twice("1")]);
    let exit = cli::run_into_with(&matches, connect, add, Stop::new(), &mut out, &mut err).await.unwrap();
    (exit, String::from_utf8([out, err].concat()).unwrap())
}

#[tokio::test]
async fn verbs_that_take_files_take_the_code_of_the_program() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    std::fs::write(directory.path().join(FILES[0].0), FILES[0].1).unwrap();
    let typed = async |words: &[&str]| typed(&database, directory.path(), words).await;
    assert!(typed(&["new", "later"]).await.1.ends_with("V3__later.sql\n"));
    std::fs::write(directory.path().join("V3__later.sql"), "select 1;").unwrap();
    let (exit, out) = typed(&["new", "more", "--code", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(exit == Exit::Done && answer["files"].as_array().unwrap().is_empty());
    assert!(answer["code"].as_str().unwrap().contains("Code::new(4, \"more\""), "{out}");
    let table = "create table schema_migrations (version varchar primary key);
        insert into schema_migrations values ('1'), ('2')";
    database.connection().await.batch_execute(table).await.unwrap();
    let (exit, out) = typed(&["import", "--from", "dbmate"]).await;
    assert!(exit == Exit::Done && out.contains("recorded V2  twice\n"), "{out}");
    assert_eq!(history(&database).await, [1, 2]);
}

/// What `new --code` prints, in a module that has nothing else in scope, as a file of a program is.
mod printed {
    pub(super) const TEXT: &str = include_str!("printed_code.rs");

    include!("printed_code.rs");

    pub(super) fn code() -> pgkeel_migrate::Code {
        slugs()
    }
}

#[tokio::test]
async fn what_new_prints_is_a_migration_as_it_is() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    std::fs::write(directory.path().join(FILES[0].0), FILES[0].1).unwrap();
    let text = Template::named("slugs").with_down().code_for(directory.path()).unwrap();
    assert_eq!(text, printed::TEXT);
    let migrator = with(&database, printed::code());
    assert_eq!(migrator.up().await.unwrap().done.len(), 3);
    assert_eq!(migrator.down(Back::To(1)).await.unwrap().done.len(), 2);
}

#[tokio::test]
async fn code_that_meets_types_of_the_database_may_come_twice() {
    let database = TestDatabase::empty().await;
    let meeting = |version: i64, name: &str| {
        let sql = format!("select 'a'::{name}");
        Code::new(version, name, "1", move |tx| {
            let sql = sql.clone();
            Box::pin(async move { Ok(tx.query(&sql, &[]).await.map(|_| ())?) })
        })
    };
    let types = ("V1__types.sql", "create type mood as enum ('a'); create type size as enum ('a');");
    let migrations = Migrations::from_static(&[types]).unwrap();
    let migrations = migrations.with_code([meeting(2, "mood"), meeting(3, "size")]).unwrap();
    assert_eq!(Migrator::new(database.config(), migrations).up().await.unwrap().done.len(), 3);
}
