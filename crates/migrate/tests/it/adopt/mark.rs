//! Versions that are marked by hand.

use std::time::Duration;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::cli::Exit;
use pgkeel_migrate::{DryRun, Error, Migrator};
use pgkeel_testkit::{TestDatabase, eventually};

use super::{recorded, write};
use crate::cli::run;
use crate::{has_table, history, migrator, outside};

const FILES: [(&str, &str); 4] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V2__b.sql", "create table b (id int);"),
    ("V3__c.sql", "create table c (id int);"),
    ("V4__d.sql", "-- pgkeel: out_of_order=yes\ncreate table d (id int);"),
];

async fn problems(migrator: &Migrator, is_applied: bool, versions: &[i64]) -> Vec<String> {
    let marked = if is_applied {
        migrator.mark_applied(versions, "why").await
    } else {
        migrator.mark_reverted(versions, "why").await
    };
    match marked {
        Err(Error::CannotMark { problems }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_done_by_hand_counts_as_applied_and_the_log_says_why() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    let tried = migrator.clone().with_dry_run(DryRun::Rollback).mark_applied(&[1], "why").await.unwrap();
    assert!(tried.is_dry_run && !has_table(&database, "pgkeel.migration_log").await);
    let marked = migrator.mark_applied(&[2, 1, 2], "it's there").await.unwrap();
    assert_eq!(marked.files, ["V1__a.sql", "V2__b.sql"]);
    let (_, log) = recorded(&database).await;
    assert_eq!(log, ["1 mark up ok it's there", "2 mark up ok it's there"]);
    assert_eq!(migrator.up().await.unwrap().done.len(), 2);
    assert!(has_table(&database, "c").await && !has_table(&database, "a").await);
}

#[tokio::test]
async fn what_was_undone_by_hand_is_pending_again() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    migrator.up().await.unwrap();
    super::sql(&database, "drop table c; drop table d").await;
    migrator.mark_reverted(&[3, 4], "dropped").await.unwrap();
    assert_eq!(history(&database).await, [1, 2]);
    assert_eq!(migrator.up().await.unwrap().done.len(), 2);
    let (_, log) = recorded(&database).await;
    assert_eq!(log[8..10], ["3 mark down ok dropped", "4 mark down ok dropped"]);
}

#[tokio::test]
async fn what_cannot_be_marked_is_named() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    migrator.mark_applied(&[1], "why").await.unwrap();
    assert_eq!(
        problems(&migrator, true, &[1, 7]).await,
        ["V1__a.sql is applied already", "there is no file with version 7"]
    );
    assert_eq!(problems(&migrator, false, &[2]).await, ["version 2 is not applied"]);
    assert_eq!(
        problems(&migrator, true, &[3]).await,
        [
            "V2__b.sql would be pending below V3__c.sql, which is applied; mark one of them, too, or run it first"
        ]
    );
    migrator.up().await.unwrap();
    assert_eq!(problems(&migrator, false, &[2]).await.len(), 1);
    // It may be applied in any order.
    migrator.mark_reverted(&[4], "why").await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 3]);
}

#[tokio::test]
async fn what_has_no_file_any_more_can_be_taken_out() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    let fewer = migrator(&database, &FILES[..2]);
    fewer.up().await.unwrap_err();
    let marked = fewer.mark_reverted(&[3, 4], "a branch that was given up").await.unwrap();
    assert_eq!(marked.files, ["V3__c.sql", "V4__d.sql"]);
    let hashes = "select count(distinct sha256) from pgkeel.migration_log where version = 3";
    assert_eq!(crate::count(&database, hashes).await, 1);
    assert!(fewer.status().await.unwrap().conflicts.is_empty());
}

#[tokio::test]
async fn a_mark_ends_what_stands_between_two_statements() {
    let database = TestDatabase::empty().await;
    let text = outside("create table a (id int); select 1/0;");
    let migrator = migrator(&database, &[("V1__a.sql", &text)]);
    migrator.up().await.unwrap_err();
    assert_eq!(migrator.status().await.unwrap().interrupted.len(), 1);
    migrator.mark_applied(&[1], "the rest was done by hand").await.unwrap();
    let status = migrator.status().await.unwrap();
    assert!(status.interrupted.is_empty() && status.pending.is_empty(), "{status:?}");
}

#[tokio::test]
async fn a_log_of_an_older_version_gets_its_column() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES[..1]).up().await.unwrap();
    super::sql(&database, "alter table pgkeel.migration_log drop column note").await;
    assert_eq!(migrator(&database, &FILES[..2]).status().await.unwrap().pending.len(), 1);
    migrator(&database, &FILES[..2]).mark_applied(&[2], "why").await.unwrap();
    assert_eq!(recorded(&database).await.1.last().unwrap(), "2 mark up ok why");
}

#[tokio::test]
async fn whoever_is_migrating_is_waited_for_and_named() {
    let database = TestDatabase::empty().await;
    super::sql(&database, "create table busy (id int)").await;
    let user = database.connection().await;
    user.batch_execute("begin; lock table busy").await.unwrap();
    let migrator =
        migrator(&database, &[("V1__a.sql", "alter table busy add b int;"), ("V2__b.sql", "select 1;")]);
    let up = tokio::spawn({
        let migrator = migrator.clone();
        async move { migrator.up().await }
    });
    eventually("the migration has the lock", async || migrator.lock_holder().await.unwrap()).await;
    let soon = migrator.clone().with_lock_wait(Duration::from_millis(1));
    let error = soon.mark_applied(&[1, 2], "why").await.unwrap_err();
    assert!(matches!(&error, Error::Locked { holder: Some(_), .. }), "{error:?}");
    user.batch_execute("rollback").await.unwrap();
    assert_eq!(up.await.unwrap().unwrap().done.len(), 2);
}

#[tokio::test]
async fn the_verb_needs_a_reason() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    write(directory.path(), &FILES);
    let command = pgkeel_migrate::cli::command();
    for words in [
        &["migrate", "mark", "applied", "1"][..],
        &["migrate", "mark", "applied", "1", "--reason", " "],
        &["migrate", "mark", "gone", "1", "--reason", "why"],
        &["migrate", "mark", "applied", "--reason", "why"],
    ] {
        assert!(command.clone().try_get_matches_from(words).is_err(), "{words:?}");
    }
    let typed = async |words: &[&str]| run(Some(&database), directory.path(), words).await;
    let (exit, out, _) = typed(&["mark", "applied", "V1", "2", "--reason", "why"]).await;
    assert!(
        exit == Exit::Done && out == "V1__a.sql counts as applied now\nV2__b.sql counts as applied now\n",
        "{out}"
    );
    let (exit, out, _) = typed(&["mark", "reverted", "2", "--reason", "why", "--json"]).await;
    assert!(exit == Exit::Done && out.contains("\"as\": \"reverted\""), "{out}");
    let (exit, out, err) = typed(&["mark", "reverted", "2", "--reason", "why", "--json"]).await;
    assert!(exit == Exit::Conflict && out.contains("version 2 is not applied"), "{out}{err}");
}
