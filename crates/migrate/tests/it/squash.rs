//! Making one file of many.

use std::path::Path;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::cli::Exit;
use pgkeel_migrate::{
    Against, Code, Error, Finding, LockFile, Migrations, Prover, Removal, SquashProblem, Squasher, Verifier,
    VerifyError,
};
use pgkeel_testkit::TestDatabase;

use crate::checkpoints::{FILES, checkpoint};
use crate::cli::run;
use crate::{history, migrator};

fn squasher(database: &TestDatabase, files: &[(&str, &str)]) -> Squasher {
    Squasher::new(database.config(), Migrations::from_static(files).unwrap())
}

async fn problems(squasher: &Squasher, version: i64) -> Vec<SquashProblem> {
    match squasher.squash(version).await {
        Err(VerifyError::CannotSquash { problems }) => problems,
        other => panic!("{other:?}"),
    }
}

fn write(directory: &Path, files: &[(&str, &str)]) {
    for (file, text) in files {
        std::fs::write(directory.join(file), text).unwrap();
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn roles_prechecks_and_settings_of_each_file_stay_its_own() {
    let database = TestDatabase::empty().await;
    let user = database.address().user().to_owned();
    let role = format!(
        "-- pgkeel: role=\"{user}\" precheck=\"select current_user = '{user}'\"\ncreate table b (id int);"
    );
    let files = [
        (
            "V1__a.sql",
            "create schema x; set search_path = x; create table a (id int); create temp table t (id int);
             prepare p as select 1; declare c cursor with hold for select 1; listen told;",
        ),
        ("V2__b.sql", role.as_str()),
        (
            "V3__c.sql",
            "create temp table t (id int); set local timezone = 'Asia/Tokyo'; prepare p as select 2;
             declare c cursor for select 2; do $$ begin if (select count(*) from pg_listening_channels()) > 0 then
             raise 'it listens'; end if; end $$; select set_config('search_path', 'x', false)",
        ),
        ("V4__d.sql", "create table d (at timestamptz default '2020-01-01')"),
    ];
    let text = checkpoint(&database, &files, 4).await;
    migrator(&database, &[("B4__checkpoint.sql", text.as_str())]).up().await.unwrap();
    let tables =
        "select string_agg(relnamespace::regnamespace || '.' || relname, ' ' order by relname) from pg_class
                  where relkind = 'r' and relname in ('a', 'b', 'd')";
    let tables: String = database.connection().await.query_scalar(tables, &[]).await.unwrap();
    assert_eq!(tables, "x.a public.b public.d");

    let refused = text.replace(&format!("current_user = ''{user}''"), "false");
    assert_ne!(refused, text);
    let other = TestDatabase::empty().await;
    let error = migrator(&other, &[("B4__checkpoint.sql", refused.as_str())]).up().await.unwrap_err();
    assert_eq!(error.server().unwrap().code().code(), "P0001", "{error:?}");
    assert_eq!(history(&other).await, [0_i64; 0]);
}

#[tokio::test]
async fn what_cannot_be_one_is_named_with_its_place() {
    let database = TestDatabase::empty().await;
    let outside =
        [("V1__a.sql", "create table t ()"), ("V2__b.sql", "-- pgkeel: transaction=off\n\n  vacuum t")];
    let found = problems(&squasher(&database, &outside), 2).await;
    assert_eq!(found.len(), 1);
    assert!(
        found[0].to_string().starts_with("V2__b.sql:3:3: VACUUM T cannot run in a transaction"),
        "{}",
        found[0]
    );

    let code = Code::new(2, "b", "1", |_| Box::pin(async { Ok(()) }));
    let migrations = Migrations::from_static(&outside[..1]).unwrap().with_code([code]).unwrap();
    let with_code = Squasher::new(database.config(), migrations);
    let found = problems(&with_code, 2).await;
    assert!(matches!(&found[..], [SquashProblem::Code { file }] if file == "V2__b.rs"), "{found:?}");
    assert_eq!(with_code.squash(1).await.unwrap().squashes().len(), 1);

    let nowhere = squasher(&database, &FILES).squash(7).await;
    assert!(matches!(nowhere, Err(VerifyError::Migrate(Error::NoSuchVersion { version: 7 }))), "{nowhere:?}");
    let name = squasher(&database, &FILES).with_name("All-Of-It").squash(1).await;
    assert!(matches!(name, Err(VerifyError::Migrate(Error::Name { .. }))), "{name:?}");
    let server = squasher(&database, &[("V1__a.sql", "create role pgkeel_nobody")]).squash(1).await;
    assert!(matches!(server, Err(VerifyError::ServerWide { .. })), "{server:?}");
}

#[tokio::test]
async fn what_fails_in_one_transaction_is_told_by_the_file_that_it_is_from() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table marks (id xid8); insert into marks values (pg_current_xact_id());"),
        ("V2__b.sql", "create table b (id int);"),
        (
            "V3__c.sql",
            "-- first\ndo $$ begin if exists (select from marks where id = pg_current_xact_id()) then
            raise 'both at once'; end if; end $$;",
        ),
    ];
    let done = squasher(&database, &files).squash(3).await;
    assert!(matches!(&done, Err(VerifyError::NotInOne { file, .. }) if file == "V3__c.sql"), "{done:?}");
    assert!(squasher(&database, &files).squash(2).await.is_ok());
}

#[tokio::test]
async fn constraints_that_are_put_off_are_checked_behind_each_file() {
    let database = TestDatabase::empty().await;
    let files = [
        (
            "V1__a.sql",
            "create table a (id int primary key);
            create table b (id int references a deferrable initially deferred);
            create table c (id int references a deferrable);",
        ),
        ("V2__b.sql", "insert into b values (1); insert into a values (1);"),
        (
            "V3__c.sql",
            "alter table b add column more int; set constraints all deferred; insert into c values (1)",
        ),
        ("V4__d.sql", "create table d (id int references a deferrable initially deferred);"),
        (
            "V5__e.sql",
            "insert into d values (2); insert into b values (2); insert into a values (2);
            do $$ begin insert into c values (3); raise 'it is put off';
            exception when foreign_key_violation then null; end $$;",
        ),
        ("V6__f.sql", "alter table d add column more int; alter table c add column more int;"),
    ];
    let text = checkpoint(&database, &files, 6).await;
    migrator(&database, &[("B6__checkpoint.sql", text.as_str())]).up().await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 3, 4, 5, 6]);
    // One of files without such constraints says nothing of them.
    assert!(!checkpoint(&database, &FILES, 3).await.contains("set constraints"));
}

#[tokio::test]
async fn where_sequences_are_is_compared() {
    let database = TestDatabase::empty().await;
    let files = [
        (
            "V1__a.sql",
            "create sequence s; create table marks (id xid8); insert into marks values (pg_current_xact_id());",
        ),
        ("V2__b.sql", "select setval('s', 5 + count(*)) from marks where id = pg_current_xact_id();"),
    ];
    match squasher(&database, &files).squash(2).await {
        Err(VerifyError::OtherOutcome { rows, .. }) => {
            assert_eq!(rows, ["not public.s at 5", "but public.s at 6"]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_in_the_rows_is_compared_but_not_what_is_of_the_moment() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "do $$ begin perform set_config('timezone', 'Asia/Tokyo', false); end $$;"),
        (
            "V2__b.sql",
            "create table b as select '2020-01-01'::timestamptz as at, now() as made, gen_random_uuid() as id, null as no;",
        ),
    ];
    match squasher(&database, &files).squash(2).await {
        Err(VerifyError::OtherOutcome { rows, .. }) => assert_eq!(rows, ["other values in public.b.at"]),
        other => panic!("{other:?}"),
    }
    let fine = [("V1__a.sql", "set timezone = 'Asia/Tokyo';"), files[1]];
    assert!(squasher(&database, &fine).squash(2).await.is_ok());
}

#[tokio::test]
async fn what_happens_in_the_shadows_is_told_as_it_happens() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    write(directory.path(), &FILES);
    let (exit, out, err) = run(Some(&database), directory.path(), &["squash", "--to", "3", "--json"]).await;
    assert_eq!(exit, Exit::Done, "{err}");
    serde_json::from_str::<serde_json::Value>(&out).unwrap();
    for file in ["V1  a", "V2  b", "V3  c", "B3  checkpoint"] {
        assert!(err.lines().any(|line| line.starts_with(&format!("in a shadow: applied {file}"))), "{err}");
    }
}

#[tokio::test]
async fn a_file_that_came_later_below_a_checkpoint_is_no_fault_of_it() {
    let database = TestDatabase::empty().await;
    let files = [FILES[0], ("V3__c.sql", "create table c (id int);")];
    let text = checkpoint(&database, &files, 3).await;
    let later = ("V2__late.sql", "-- pgkeel: out_of_order=yes\ncreate table late (id int);");
    let all = [files[0], later, files[1], ("B3__checkpoint.sql", text.as_str())];
    let prover = Prover::new(database.config(), Migrations::from_static(&all).unwrap());
    let proof = prover.prove().await.unwrap();
    assert!(proof.is_sound(), "{proof}");
    let lock = prover.lock().await.unwrap();
    assert!(squasher(&database, &all).with_lock(lock).squash(3).await.unwrap().is_there());
    migrator(&database, &all).up().await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 3]);
}

#[tokio::test]
async fn what_comes_out_different_is_not_written() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (at timestamptz default now()); insert into a default values;"),
        // In one transaction there is one `now()`.
        ("V2__b.sql", "-- pgkeel: destructive=accepted\ndelete from a where at < now();"),
    ];
    match squasher(&database, &files).squash(2).await {
        Err(VerifyError::OtherOutcome { differences, rows, .. }) => {
            assert!(differences.is_empty(), "{differences}");
            assert_eq!(rows, ["but public.a with rows: 1"]);
        }
        other => panic!("{other:?}"),
    }
    let schema = [
        ("V1__a.sql", "create table marks (id xid8); insert into marks values (pg_current_xact_id());"),
        (
            "V2__b.sql",
            "do $$ begin if exists (select from marks where id = pg_current_xact_id()) then
            create table once (id int); end if; end $$;",
        ),
    ];
    let error = squasher(&database, &schema).squash(2).await.unwrap_err();
    assert!(error.to_string().contains("does not make what the files make that it lists:\n"), "{error}");
    assert!(error.to_string().contains("public.once"), "{error}");
}

#[tokio::test]
async fn a_checkpoint_of_a_checkpoint_has_all_of_it() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 2).await;
    let left = [("B2__checkpoint.sql", text.as_str()), FILES[2], FILES[3]];
    let next = squasher(&database, &left).with_name("later").squash(4).await.unwrap();
    assert_eq!(next.squashes().iter().map(|it| it.version).collect::<Vec<_>>(), [1, 2, 3, 4]);
    migrator(&database, &[(next.file(), next.text())]).up().await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 3, 4]);
    // And of a version that only a checkpoint is left of there is nothing to make one of.
    let found = problems(&squasher(&database, &left), 2).await;
    assert!(matches!(&found[..], [SquashProblem::Exists { .. }]), "{found:?}");
}

#[tokio::test]
async fn one_that_was_changed_is_found_out() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await.replace("create view c as", "create view e as");
    let files = [&FILES[..], &[("B3__checkpoint.sql", text.as_str())]].concat();
    let prover = Prover::new(database.config(), Migrations::from_static(&files).unwrap());
    let proof = prover.prove().await.unwrap();
    assert!(!proof.is_sound());
    let [checkpoint] = &proof.checkpoints[..] else { panic!("{proof}") };
    assert!(matches!(checkpoint.findings[..], [Finding::CheckpointDiffers { .. }]), "{proof}");
    assert!(proof.to_string().contains("B3__checkpoint.sql: FAULT\n"), "{proof}");
    assert!(
        proof.to_markdown().contains("`B3__checkpoint.sql`: it does not make what"),
        "{}",
        proof.to_markdown()
    );
    assert!(matches!(prover.lock().await, Err(VerifyError::OtherOutcome { .. })));
    let again = squasher(&database, &files).squash(3).await;
    assert!(matches!(again, Err(VerifyError::OtherOutcome { .. })), "{again:?}");
}

#[tokio::test]
async fn the_lock_file_goes_along() {
    let database = TestDatabase::empty().await;
    let text = checkpoint(&database, &FILES, 3).await;
    let all = [&FILES[..], &[("B3__checkpoint.sql", text.as_str())]].concat();
    let locked = async |files: &[(&str, &str)]| {
        let migrations = Migrations::from_static(files).unwrap();
        (Prover::new(database.config(), migrations.clone()).lock().await.unwrap(), migrations)
    };
    let (whole, migrations) = locked(&all).await;
    assert_eq!((whole.entries().len(), whole.checkpoints().len()), (4, 1));
    assert_eq!(whole.checkpoints()[0].schema, whole.entry(3).unwrap().schema);
    assert_eq!(whole.check(&migrations), []);
    let (left, migrations) = locked(&all[3..]).await;
    assert_eq!((left.entries().len(), left.checkpoints()), (1, whole.checkpoints()));
    assert_eq!((left.check(&migrations), whole.check(&migrations)), (vec![], vec![]));
    assert_eq!(left.check(&Migrations::from_static(&FILES[3..]).unwrap()).len(), 1);
    // At the version of the checkpoint its line is the one that counts.
    migrator(&database, &all[4..]).up().await.unwrap();
    let verifier = Verifier::new(database.config(), migrations);
    assert!(verifier.verify(&Against::LockFile(left)).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_lock_file_that_says_otherwise_stops_it() {
    let database = TestDatabase::empty().await;
    let other = [("V1__a.sql", "create table other (id int);")];
    let lock = Prover::new(database.config(), Migrations::from_static(&other).unwrap()).lock().await.unwrap();
    let done = squasher(&database, &FILES[..1]).with_lock(lock).squash(1).await;
    assert!(matches!(done, Err(VerifyError::StaleLock { version: 1 })), "{done:?}");
}

#[tokio::test]
async fn files_are_removed_only_if_nothing_of_them_is_lost() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let all =
        [&FILES[..2], &[("V2__b.down.sql", "drop index a_note_idx;"), ("V1__a.verify.sql", "select true;")]];
    let all = all.concat();
    write(directory.path(), &all);
    let checkpoint = squasher(&database, &all).squash(2).await.unwrap();
    let lost = |done: Result<_, VerifyError>| match done {
        Err(VerifyError::CannotSquash { problems }) => problems,
        other => panic!("{other:?}"),
    };
    let found = lost(checkpoint.removable(directory.path(), Removal::Replaced));
    assert!(matches!(&found[..], [SquashProblem::Lost { .. }, SquashProblem::Lost { .. }]), "{found:?}");
    // Not before the checkpoint is there, and not what was edited meanwhile.
    assert!(checkpoint.remove_replaced(directory.path(), Removal::All).is_err());
    checkpoint.write(directory.path()).unwrap();
    write(directory.path(), &[("V1__a.sql", "select 1; -- new")]);
    let found = lost(checkpoint.remove_replaced(directory.path(), Removal::All));
    assert!(matches!(&found[..], [SquashProblem::Changed { file }] if file == "V1__a.sql"), "{found:?}");
    assert_eq!(names(directory.path()).len(), 5);
    write(directory.path(), &[("V1__a.sql", &FILES[0].1.replace('\n', "\r\n"))]);
    assert_eq!(checkpoint.remove_replaced(directory.path(), Removal::All).unwrap().len(), 4);
    assert_eq!(names(directory.path()), ["B2__checkpoint.sql"]);
}

#[tokio::test]
async fn the_verb_writes_proves_again_and_removes() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let at = directory.path();
    write(at, &FILES);
    assert_eq!(run(Some(&database), at, &["lock"]).await.0, Exit::Done);
    let before = names(at);
    let (exit, out, err) = run(Some(&database), at, &["squash", "--to", "3", "--remove", "--dry-run"]).await;
    assert!(
        exit == Exit::Done && out.contains("would be written: 3 versions, proved equal\n3 files would be"),
        "{out}{err}"
    );
    assert_eq!(names(at), before);

    let (exit, out, err) = run(Some(&database), at, &["squash", "--to", "V3"]).await;
    assert!(exit == Exit::Done && out.ends_with("proved equal\nmigrations.lock was written\n"), "{out}{err}");
    assert!(run(None, at, &["validate"]).await.1.starts_with("4 migrations and 1 checkpoint are in order"));
    let (exit, out, _) = run(Some(&database), at, &["test"]).await;
    assert!(exit == Exit::Done && out.contains("B3__checkpoint.sql: sound\n"), "{out}");
    let (_, out, _) = run(Some(&database), at, &["status"]).await;
    assert!(out.contains("3  checkpoint  pending checkpoint\n4  d           pending\n"), "{out}");

    let (exit, out, err) = run(Some(&database), at, &["squash", "--to", "3", "--remove", "--json"]).await;
    assert_eq!(exit, Exit::Done, "{out}{err}");
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((answer["is_there"].as_bool(), answer["removed"].as_array().unwrap().len()), (Some(true), 3));
    assert_eq!(names(at), ["B3__checkpoint.sql", "V4__d.sql", "migrations.lock"]);
    assert_eq!(LockFile::read(at).unwrap().unwrap().checkpoints().len(), 1);
    for words in
        [&["validate"][..], &["lock", "--check"], &["test"], &["lint", "--all"], &["up"], &["verify"]]
    {
        let (exit, out, err) = run(Some(&database), at, words).await;
        assert_eq!(exit, Exit::Done, "{words:?} {out}{err}");
    }
    let (exit, _, err) = run(Some(&database), at, &["squash", "--to", "3"]).await;
    assert!(
        exit == Exit::Refused && err.contains("B3__checkpoint.sql is there already, and the files"),
        "{err}"
    );
    let (_, out, _) = run(None, at, &["new", "more"]).await;
    assert!(out.ends_with("V5__more.sql\n"), "{out}");
}

#[tokio::test]
async fn a_removal_that_was_interrupted_is_ended_by_the_next() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let at = directory.path();
    write(at, &FILES);
    write(at, &[("V2__b.down.sql", "drop index a_note_idx;")]);
    let remove = ["squash", "--to", "3", "--remove=all"];
    for words in [&["squash", "--to", "3"][..], &["lock"]] {
        assert_eq!(run(Some(&database), at, words).await.0, Exit::Done);
    }
    std::fs::remove_file(at.join("V1__a.sql")).unwrap();
    let (exit, out, err) = run(Some(&database), at, &remove).await;
    assert!(
        exit == Exit::Done && out.contains("is there: 3 versions, as migrations.lock has it\n3 files"),
        "{out}{err}"
    );
    assert_eq!(names(at), ["B3__checkpoint.sql", "V4__d.sql", "migrations.lock"]);
    assert_eq!(run(Some(&database), at, &["lock", "--check"]).await.0, Exit::Done);
}

#[tokio::test]
async fn a_removal_leaves_no_file_that_belongs_to_nothing_at_any_time() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let all =
        [&FILES[..2], &[("V1__a.verify.sql", "select true;"), ("V2__b.down.sql", "drop index a_note_idx;")]];
    let all = all.concat();
    write(directory.path(), &all);
    let checkpoint = squasher(&database, &all).squash(2).await.unwrap();
    checkpoint.write(directory.path()).unwrap();
    for path in checkpoint.removable(directory.path(), Removal::All).unwrap() {
        std::fs::remove_file(path).unwrap();
        Migrations::from_dir(directory.path()).unwrap();
    }
    assert_eq!(names(directory.path()), ["B2__checkpoint.sql"]);
}

#[tokio::test]
async fn one_that_was_not_locked_as_it_is_keeps_its_files() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let at = directory.path();
    write(at, &FILES);
    assert_eq!(run(Some(&database), at, &["lock"]).await.0, Exit::Done);
    assert_eq!(run(Some(&database), at, &["squash", "--to", "3"]).await.0, Exit::Done);
    let path = at.join("B3__checkpoint.sql");
    let edited = std::fs::read_to_string(&path).unwrap().replace("create view c as", "create view e as");
    std::fs::write(&path, edited).unwrap();
    std::fs::remove_file(at.join("V1__a.sql")).unwrap();
    let (exit, _, err) = run(Some(&database), at, &["squash", "--to", "3", "--remove"]).await;
    assert!(exit == Exit::Refused && err.contains("is there already"), "{err}");
    assert_eq!(names(at), ["B3__checkpoint.sql", "V2__b.sql", "V3__c.sql", "V4__d.sql", "migrations.lock"]);
}

#[tokio::test]
async fn nobody_reads_half_of_one_that_is_being_written() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let long = format!("select 1; -- {}", "-".repeat(8_000_000));
    let checkpoint = squasher(&database, &[("V1__a.sql", &long)]).squash(1).await.unwrap();
    let path = directory.path().join(checkpoint.file());
    let reader = std::thread::spawn(move || {
        loop {
            if let Ok(text) = std::fs::read_to_string(&path) {
                return text.len();
            }
        }
    });
    checkpoint.write(directory.path()).unwrap();
    assert_eq!(reader.join().unwrap(), checkpoint.text().len());
    // And none is written over.
    assert!(checkpoint.write(directory.path()).is_err());
    assert_eq!(names(directory.path()), ["B1__checkpoint.sql"]);
}
