//! Tables that somebody uses.

use std::time::Duration;

use pgkeel_connect::{Executor as _, dial};
use pgkeel_migrate::{Event, Migrator};
use pgkeel_testkit::TestDatabase;
use tokio::sync::mpsc;

use crate::{count, has_table, migrator, outside};

/// What happened, in words.
fn word(event: Event<'_>) -> Option<String> {
    match event {
        Event::Blocked { blockers, .. } => Some(format!("blocked by {}", blockers[0].pid)),
        Event::Retrying { attempts, blockers, .. } => {
            Some(format!("retrying after {attempts}, {}", blockers.first().map_or(0, |blocker| blocker.pid)))
        }
        _ => None,
    }
}

/// Migrates while somebody uses the table `t`, who lets go after the second attempt.
async fn against_a_reader(database: &TestDatabase, migrator: Migrator) -> (i32, Vec<String>) {
    let reader = dial(&database.config().with_application_name("shop")).await.unwrap();
    reader.batch_execute("begin; select count(*) from t where note = 'canary_4711'").await.unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    let running = tokio::spawn(async move {
        let observe = |event: Event<'_>| {
            if let Some(word) = word(event) {
                let _ = tell.send(word);
            }
        };
        migrator.up_with(observe).await
    });
    let mut words = Vec::new();
    loop {
        let word = told.recv().await.unwrap();
        let is_second = word.starts_with("retrying after 2");
        words.push(word);
        if is_second {
            break;
        }
    }
    reader.batch_execute("rollback").await.unwrap();
    let report = running.await.unwrap().unwrap();
    let done = &report.done[0];
    assert!(done.attempts >= 3 && done.lock_wait >= Duration::from_millis(800), "{done:?}");
    assert!(done.took >= done.lock_wait);
    (reader.backend_pid().unwrap(), words)
}

async fn table(database: &TestDatabase) {
    database.connection().await.batch_execute("create table t (id int, note text)").await.unwrap();
}

#[tokio::test]
async fn a_file_that_gets_no_lock_is_tried_again_and_says_who_holds_it() {
    let database = TestDatabase::empty().await;
    table(&database).await;
    let files = [("V1__a.sql", "create table a (id int); alter table t add n int;")];
    let migrator = migrator(&database, &files).with_lock_timeout(Duration::from_millis(400));
    let (pid, words) = against_a_reader(&database, migrator).await;
    let (blocked, retrying) = (format!("blocked by {pid}"), |n| format!("retrying after {n}, {pid}"));
    assert_eq!(words, [blocked.clone(), retrying(1), blocked, retrying(2)]);
    let logged = "select count(*) from pgkeel.migration_log where status = 'ok' and attempts >= 3 and lock_wait_ms >= 800";
    assert_eq!(count(&database, logged).await, 1);
}

#[tokio::test]
async fn a_statement_outside_of_a_transaction_is_tried_again_by_itself() {
    let database = TestDatabase::empty().await;
    table(&database).await;
    let text = outside(
        "create table a (id int); drop index concurrently if exists nothing; alter table t add n int;",
    );
    let migrator = migrator(&database, &[("V1__a.sql", &text)]).with_lock_timeout(Duration::from_millis(400));
    against_a_reader(&database, migrator).await;
    assert!(has_table(&database, "a").await);
}

#[tokio::test]
async fn an_index_that_waits_too_long_is_dropped_and_built_again() {
    let database = TestDatabase::empty().await;
    table(&database).await;
    let reader = database.connection().await;
    reader.batch_execute("begin isolation level repeatable read; select 1 from t").await.unwrap();
    let text = outside("create index concurrently t_idx on t (id);");
    let migrator = migrator(&database, &[("V1__a.sql", &text)]).with_lock_timeout(Duration::from_millis(300));
    let (tell, mut told) = mpsc::unbounded_channel();
    let running = tokio::spawn(async move {
        let observe = |event: Event<'_>| {
            if matches!(event, Event::Retrying { .. } | Event::Repairing { .. }) {
                let _ = tell.send(matches!(event, Event::Repairing { .. }));
            }
        };
        migrator.up_with(observe).await
    });
    assert_eq!(told.recv().await, Some(false));
    reader.batch_execute("rollback").await.unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(told.recv().await, Some(true));
    assert_eq!(
        count(&database, "select count(*) from pg_index where indisvalid and indrelid = 't'::regclass").await,
        1
    );
}

#[tokio::test]
async fn who_gives_up_says_who_was_in_the_way_but_no_value() {
    let database = TestDatabase::empty().await;
    table(&database).await;
    let user = dial(&database.config().with_application_name("shop")).await.unwrap();
    user.batch_execute("begin").await.unwrap();
    user.batch_execute("update t set note = 'canary_4711' where id = 4711").await.unwrap();
    let files = [("V1__a.sql", "create table a (id int);\nalter table t add n int;")];
    let migrator = migrator(&database, &files).with_lock_timeout(Duration::from_millis(400)).with_retries(1);
    let error = migrator.up().await.unwrap_err();
    let failed = error.file().unwrap();
    let blocker = &failed.blockers[0];
    assert_eq!(
        (failed.attempts, blocker.pid, blocker.application_name.as_str()),
        (2, user.backend_pid().unwrap(), "shop")
    );
    assert_eq!(
        (blocker.state.as_str(), blocker.words.as_str()),
        ("idle in transaction", "update t set note")
    );
    assert!(blocker.open_for.is_some());
    let text = error.to_string();
    assert!(
        text.contains("it was tried 2 times; what it needs is locked by process") && !text.contains("4711"),
        "{text}"
    );
    assert!(!has_table(&database, "a").await);
}

#[tokio::test]
async fn what_fails_for_another_reason_is_not_tried_again() {
    let database = TestDatabase::empty().await;
    let error = migrator(&database, &[("V1__a.sql", "select 1/0;")]).up().await.unwrap_err();
    assert_eq!(error.file().unwrap().attempts, 1);
}
