//! What kinds of files and ways to record them mean to each other.

use pgkeel_connect::{Address, Config, Executor as _};
use pgkeel_migrate::cli::{self, Exit};
use pgkeel_migrate::{
    Against, Back, Code, DryRun, Error, Gate, LockFile, Migrations, Migrator, Prover, Readiness, SchemaCheck,
    Stop, Verifier, VerifyError,
};
use pgkeel_testkit::TestDatabase;

use crate::cli::run;
use crate::{count, has_table, recording as migrator};

const A: (&str, &str) = ("V1__a.sql", "create table a (id int, note text);");
const B: (&str, &str) = ("V2__b.sql", "create table b (id int);");
const VIEW: (&str, &str) = ("R__v.sql", "create or replace view v as select id from a;");
const WIDER: (&str, &str) = ("R__v.sql", "create or replace view v as select id, note from a;");

async fn check(database: &TestDatabase, files: &[(&str, &str)]) -> Readiness {
    gate(database, files).check().await.unwrap()
}

fn gate(database: &TestDatabase, files: &[(&str, &str)]) -> Gate {
    Gate::new(database.config(), Migrations::from_static(files).unwrap())
}

fn is_as_expected(readiness: &Readiness) -> bool {
    matches!(readiness, Readiness::Ready { schema: SchemaCheck::AsExpected, .. })
}

fn names(report: &pgkeel_migrate::Report) -> Vec<&str> {
    report.done.iter().map(|done| done.migration.file()).collect()
}

async fn sql(database: &TestDatabase, sql: &str) {
    database.connection().await.batch_execute(sql).await.unwrap();
}

fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (file, text) in files {
        std::fs::write(directory.path().join(file), text).unwrap();
    }
    directory
}

#[tokio::test]
async fn another_text_of_a_repeatable_keeps_a_program_from_starting_but_not_from_going_on() {
    let database = TestDatabase::empty().await;
    let never = check(&database, &[VIEW]).await;
    assert!(never.lacks_something(), "{never}");
    migrator(&database, &[A, VIEW]).up().await.unwrap();
    assert!(is_as_expected(&check(&database, &[A, VIEW]).await));
    let other = check(&database, &[A, WIDER]).await;
    assert_eq!(other.to_string(), "R__v.sql is not applied; run migrate up");
    assert!(!other.is_ready() && !other.lacks_something());
    assert!(check(&database, &[A, B, WIDER]).await.lacks_something());
    // Hooks are none of what has to be applied.
    assert!(check(&database, &[A, VIEW, ("before_run.sql", "select 1;")]).await.is_ready());
}

#[tokio::test]
async fn who_accepts_newer_files_accepts_their_repeatables_but_not_that_one_was_never_applied() {
    let database = TestDatabase::empty().await;
    migrator(&database, &[A, B, WIDER]).up().await.unwrap();
    let older = gate(&database, &[A, VIEW]);
    assert!(matches!(older.check().await.unwrap(), Readiness::Newer { .. }));
    assert!(older.accepting_newer().check().await.unwrap().is_ready());
    let never = gate(&database, &[A, VIEW, ("R__w.sql", "select 1;")]).accepting_newer();
    let Readiness::Pending { files, is_lacking, .. } = never.check().await.unwrap() else { panic!() };
    assert_eq!((files, is_lacking), (vec!["R__w.sql".to_owned()], true));
}

#[tokio::test]
async fn a_record_is_current_behind_a_repeatable_alone_and_stale_if_it_was_applied_without_one() {
    let database = TestDatabase::empty().await;
    migrator(&database, &[A, VIEW]).up().await.unwrap();
    assert_eq!(names(&migrator(&database, &[A, WIDER]).up().await.unwrap()), ["R__v.sql"]);
    assert!(is_as_expected(&check(&database, &[A, WIDER]).await));
    let third = [A, ("R__v.sql", "create or replace view v as select id, note, 1 as one from a;")];
    migrator(&database, &third).without_record().up().await.unwrap();
    let verifier = Verifier::new(database.config(), Migrations::from_static(&third).unwrap());
    let stale = verifier.verify(&Against::Recorded).await.unwrap_err();
    assert!(matches!(stale, VerifyError::StaleRecord), "{stale:?}");
    let ready = check(&database, &third).await;
    assert!(matches!(ready, Readiness::Ready { schema: SchemaCheck::NothingExpected, .. }), "{ready:?}");
}

#[tokio::test]
async fn a_lock_file_measures_a_gate_with_repeatables() {
    let database = TestDatabase::empty().await;
    let migrations = Migrations::from_static(&[A, WIDER]).unwrap();
    let lock = Prover::new(database.config(), migrations.clone()).lock().await.unwrap();
    migrator(&database, &[A, WIDER]).up().await.unwrap();
    let gate = Gate::new(database.config(), migrations).against(lock.clone());
    assert!(is_as_expected(&gate.check().await.unwrap()));
    sql(&database, "create or replace view v as select id, note || '' as note from a").await;
    assert!(matches!(gate.check().await.unwrap(), Readiness::Drifted { against: "the lock file", .. }));
    // One that is of another text does not know what this makes.
    let other = self::gate(&database, &[A, VIEW]).against(lock);
    migrator(&database, &[A, VIEW]).up().await.unwrap_err(); // a view does not lose columns
    assert!(matches!(other.check().await.unwrap(), Readiness::Pending { is_lacking: false, .. }));
}

#[tokio::test]
async fn who_may_not_see_what_was_repeated_is_told_so_instead_of_that_it_is_due() {
    let database = TestDatabase::empty().await;
    let role = format!("{}_reader", database.address().database());
    migrator(&database, &[A]).up().await.unwrap();
    let grants = format!(
        "create role {role} login; grant usage on schema pgkeel to {role};
         grant select on all tables in schema pgkeel to {role}"
    );
    sql(&database, &grants).await;
    migrator(&database, &[A, VIEW]).up().await.unwrap();
    let address = database.address();
    let config = Config::new(Address::new(address.hosts()[0].clone(), &role, address.database()));
    let gate = |files: &[(&str, &str)]| Gate::new(config.clone(), Migrations::from_static(files).unwrap());
    let error = gate(&[A, VIEW]).check().await.unwrap_err();
    assert!(error.server().is_some_and(|server| server.code().code() == "42501"), "{error:?}");
    assert!(gate(&[A]).check().await.unwrap().is_ready());
    sql(&database, &format!("grant select on pgkeel.repeatable to {role}")).await;
    assert!(is_as_expected(&gate(&[A, VIEW]).check().await.unwrap()));
    sql(&database, &format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn repeatables_are_due_behind_what_is_marked_as_reverted() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &[A, VIEW]);
    migrator.up().await.unwrap();
    sql(&database, "drop table a cascade").await;
    migrator.mark_reverted(&[1], "by hand").await.unwrap();
    assert_eq!(names(&migrator.up().await.unwrap()), ["V1__a.sql", "R__v.sql"]);
    assert_eq!(count(&database, "select count(*) from v").await, 0);
}

#[tokio::test]
async fn a_baseline_finds_the_schema_with_what_repeatables_make_and_without() {
    let files = [A, WIDER, ("before_run.sql", "create table if not exists runs (id int);")];
    let migrations = Migrations::from_static(&[A, WIDER]).unwrap();
    for (is_there, is_locked) in [(false, false), (true, false), (false, true), (true, true)] {
        let database = TestDatabase::empty().await;
        let lock = Prover::new(database.config(), migrations.clone()).lock().await.unwrap();
        let against = if is_locked { Against::LockFile(lock) } else { Against::Shadow };
        sql(&database, A.1).await;
        if is_there {
            sql(&database, WIDER.1).await;
        }
        let migrator = migrator(&database, &[A, WIDER]);
        let baseline = migrator.baseline(&against).await.unwrap();
        assert!(baseline.verification.unwrap().is_clean() && baseline.recorded.len() == 1);
        assert_eq!(names(&migrator.up().await.unwrap()), ["R__v.sql"]);
        assert!(is_as_expected(&check(&database, &[A, WIDER]).await));
    }
    let database = TestDatabase::empty().await;
    sql(&database, &format!("{} {} create table runs (id int); create table stray (id int)", A.1, WIDER.1))
        .await;
    let error = migrator(&database, &files).baseline(&Against::Shadow).await.unwrap_err();
    let VerifyError::Different { verification } = error else { panic!("{error:?}") };
    let told = verification.to_string();
    assert!(told.contains("table public.stray is not expected") && !told.contains("view public.v"), "{told}");
}

#[tokio::test]
async fn a_history_that_is_taken_over_leaves_destructive_files_to_be_accepted_only_where_they_run() {
    let database = TestDatabase::empty().await;
    let drop_note = ("V2__drop_note.sql", "alter table a drop column note;");
    let drop_b = ("V4__drop_b.sql", "drop table b;");
    let files = [A, drop_note, ("V3__b.sql", "create table b (id int);"), drop_b];
    sql(&database, "create table a (id int); create table b (id int)").await;
    let migrator = migrator(&database, &files);
    migrator.mark_applied(&[1, 2, 3], "made by hand").await.unwrap();
    let Err(Error::Destructive { statements }) = migrator.up().await else { panic!() };
    assert!(statements.len() == 1 && statements[0].file == "V4__drop_b.sql", "{statements:?}");
    migrator.mark_applied(&[4], "not needed").await.unwrap();
    assert!(migrator.up().await.unwrap().done.is_empty() && has_table(&database, "b").await);
}

#[tokio::test]
async fn nothing_runs_of_hooks_before_a_refusal_and_a_way_back_needs_no_acceptance() {
    let database = TestDatabase::empty().await;
    let hook = ("before_run.sql", "create table if not exists runs (id int); insert into runs values (1);");
    let files = [
        hook,
        A,
        ("V2__b.sql", "alter table a drop column note;"),
        ("V2__b.down.sql", "alter table a add note text; delete from a;"),
    ];
    let migrator = migrator(&database, &files);
    assert!(matches!(migrator.up().await, Err(Error::Destructive { .. })));
    assert!(!has_table(&database, "runs").await);
    migrator.clone().accepting_destructive().up().await.unwrap();
    assert!(matches!(migrator.redo().await, Err(Error::Destructive { .. })));
    assert_eq!(count(&database, "select count(*) from runs").await, 1);
    migrator.down(Back::Steps(1)).await.unwrap();
    assert_eq!(count(&database, "select count(*) from runs").await, 2);
}

#[tokio::test]
async fn a_way_back_runs_hooks_that_may_lose_data_too() {
    let database = TestDatabase::empty().await;
    let hook = ("after_run.sql", "create table if not exists runs (id int); delete from runs;");
    let files = [hook, A, ("V1__a.down.sql", "drop table a;")];
    let migrator = migrator(&database, &files);
    assert!(matches!(migrator.up().await, Err(Error::Destructive { .. })));
    migrator.clone().accepting_destructive().up().await.unwrap();
    assert!(matches!(migrator.redo().await, Err(Error::Destructive { .. })));
    assert_eq!(migrator.plan_down(Back::Steps(1)).await.unwrap().files.len(), 2);
    assert_eq!(names(&migrator.down(Back::Steps(1)).await.unwrap()), ["V1__a.sql", "after_run.sql"]);
}

#[tokio::test]
async fn a_dry_run_in_a_shadow_asks_for_no_acceptance_of_what_is_not_due() {
    let database = TestDatabase::empty().await;
    let view = ("R__v.sql", "drop view if exists v cascade; create view v as select id from a;");
    migrator(&database, &[A, view]).accepting_destructive().up().await.unwrap();
    let migrator = migrator(&database, &[A, B, view]);
    let tried = migrator.clone().with_dry_run(DryRun::Shadow).up().await.unwrap();
    assert_eq!(names(&tried), ["V2__b.sql"]);
    assert_eq!(names(&migrator.up().await.unwrap()), ["V2__b.sql"]);
}

#[tokio::test]
async fn findings_in_repeatables_and_hooks_are_shown_with_their_lines() {
    let hook = ("after_run.sql", "select 1;\ntruncate a;");
    let repeatable = ("R__v.sql", "\ndrop view if exists v cascade;\ncreate view v as select id from a;");
    let (database, directory) = (TestDatabase::empty().await, written(&[A, repeatable, hook]));
    for words in [&["lint", "--all"][..], &["lint"]] {
        let (exit, out, _) = run(Some(&database), directory.path(), words).await;
        assert_eq!(exit, Exit::Findings);
        assert!(
            out.contains("R__v.sql:2:1: error: destructive: ") && out.contains("  2 | drop view"),
            "{out}"
        );
        assert!(out.contains("after_run.sql:2:1: error: destructive: "), "{out}");
        assert!(out.contains("  2 | truncate a;\n"), "{out}");
    }
    let (exit, out, _) = run(Some(&database), directory.path(), &["up", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    let told = &answer["error"]["destructive"];
    assert_eq!((exit, &answer["error"]["exit"]), (Exit::Refused, &9.into()));
    assert_eq!((&told[0]["file"], &told[1]["file"]), (&"R__v.sql".into(), &"after_run.sql".into()));
}

#[tokio::test]
async fn code_of_the_program_counts_when_its_files_are_waited_for_and_compared() {
    let (database, directory) = (TestDatabase::empty().await, written(&[A]));
    let code = || {
        Code::new(2, "made", "1", |tx| {
            Box::pin(async move { Ok(tx.batch_execute("create table made (id int)").await?) })
        })
    };
    let run = async |words: &[&str]| {
        let words = ["migrate"].iter().chain(words).copied();
        let words = words.chain(["--dir", directory.path().to_str().unwrap()]);
        let matches = cli::command().try_get_matches_from(words).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let connect = async || Ok::<_, String>(database.config());
        let add = |files: Migrations| files.with_code([code()]);
        cli::run_into_with(&matches, connect, add, Stop::new(), &mut out, &mut err).await.unwrap()
    };
    assert_eq!(run(&["status", "--check"]).await, Exit::Pending);
    assert_eq!(run(&["up"]).await, Exit::Done);
    assert_eq!(run(&["wait", "--applied"]).await, Exit::Done);
    assert_eq!(run(&["diff", "files", "database"]).await, Exit::Done);
    assert_eq!(run(&["verify"]).await, Exit::Done);
    assert_eq!(run(&["doctor"]).await, Exit::Done);
    assert_eq!(run(&["lint"]).await, Exit::Done);
}

#[tokio::test]
async fn wait_and_doctor_know_repeatables() {
    let (database, directory) = (TestDatabase::empty().await, written(&[VIEW]));
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    std::fs::write(directory.path().join("R__v.sql"), "create or replace view v as select 1 as one;")
        .unwrap();
    let (exit, out, _) = typed(&["wait", "--applied", "--timeout", "1ms", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    // In so little time it may not even get an answer.
    assert!([Exit::Pending, Exit::Failed].contains(&exit), "{out}");
    assert_eq!(answer["error"]["exit"], exit as u8);
    assert_eq!(typed(&["up", "--no-record"]).await.0, Exit::Done);
    assert_eq!(typed(&["wait", "--applied"]).await.0, Exit::Done);
    let (exit, out, _) = typed(&["doctor"]).await;
    assert!(exit == Exit::Done && out.starts_with("note: what the schema was after"), "{out}");
    assert_eq!(typed(&["status", "--check"]).await.0, Exit::Done);

    let role = format!("{}_deployer", database.address().database());
    sql(&database, &format!("create role {role} login; grant usage on schema pgkeel to {role}")).await;
    let address = database.address();
    let config = Config::new(Address::new(address.hosts()[0].clone(), &role, address.database()));
    let migrations = Migrations::from_dir(directory.path()).unwrap();
    let diagnosis = pgkeel_migrate::Doctor::new(config, migrations).examine().await.unwrap();
    let remedies: Vec<String> = diagnosis.complaints.iter().map(pgkeel_migrate::Complaint::remedy).collect();
    for right in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
        let grant = format!("grant {right} on pgkeel.repeatable to {role};");
        assert!(remedies.iter().any(|remedy| remedy.eq_ignore_ascii_case(&grant)), "{remedies:?}");
    }
    sql(&database, &format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn a_history_of_plain_refinery_has_the_same_remedy_everywhere() {
    let (database, directory) = (TestDatabase::empty().await, written(&[A]));
    sql(
        &database,
        "create table refinery_schema_history (version int4 primary key, name varchar(255),
            applied_on varchar(255), checksum varchar(255))",
    )
    .await;
    let (exit, out, _) = run(Some(&database), directory.path(), &["doctor"]).await;
    assert!(exit == Exit::Conflict && out.contains("\n  migrate import --from refinery\n"), "{out}");
    let (_, _, err) = run(Some(&database), directory.path(), &["up"]).await;
    assert!(err.contains("migrate import --from refinery"), "{err}");
}

#[tokio::test]
async fn a_lock_file_with_repeatables_serves_every_verb() {
    let (database, directory) = (TestDatabase::empty().await, written(&[A, VIEW]));
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    assert_eq!(typed(&["lock"]).await.0, Exit::Done);
    assert!(LockFile::read(directory.path()).unwrap().unwrap().repeatables().is_some());
    for words in [
        &["validate"][..],
        &["test"],
        &["up"],
        &["verify"],
        &["verify", "--against=recorded"],
        &["verify", "--against=shadow"],
        &["diff", "files", "database"],
        &["lock", "--check"],
    ] {
        let (exit, out, err) = typed(words).await;
        assert_eq!(exit, Exit::Done, "{words:?}: {out}{err}");
    }
    std::fs::write(directory.path().join("R__v.sql"), WIDER.1).unwrap();
    for (words, expected) in [
        (&["validate"][..], Exit::Conflict),
        (&["lock", "--check"], Exit::Differs),
        (&["status", "--check"], Exit::Pending),
        (&["verify", "--against=shadow"], Exit::Conflict),
        (&["diff", "files", "database"], Exit::Differs),
    ] {
        let (exit, out, err) = typed(words).await;
        assert_eq!(exit, expected, "{words:?}: {out}{err}");
    }
}

#[test]
fn every_verb_shows_examples_and_exit_codes() {
    for verb in cli::command().get_subcommands_mut() {
        let (name, help) = (verb.get_name().to_owned(), verb.render_long_help().to_string());
        assert!(help.contains(&format!("Examples:\n  migrate {name}")), "{help}");
        assert!(help.contains("\nExit codes:\n"), "{help}");
    }
}

/// As a service would use it that applies its own migrations.
#[tokio::test]
async fn a_service_that_migrates_code_and_repeatables_is_ready_at_once() {
    let database = TestDatabase::empty().await;
    let code = Code::new(2, "filled", "1", |tx| {
        Box::pin(async move { Ok(tx.batch_execute("insert into a values (1)").await?) })
    });
    let migrations = Migrations::from_static(&[A, VIEW]).unwrap().with_code([code]).unwrap();
    Migrator::new(database.config(), migrations.clone()).up().await.unwrap();
    assert!(is_as_expected(&Gate::new(database.config(), migrations).check().await.unwrap()));
}
