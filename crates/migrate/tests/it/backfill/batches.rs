//! Each batch is a transaction of its own.

use std::time::Duration;

use pgkeel_connect::{Address, Config, Executor as _};
use pgkeel_migrate::{Event, Migrator, Stays};
use tokio::task::JoinSet;

use super::{batches, database_of, fill, filled, run};
use crate::{count, history, locks, log, migrator};

#[tokio::test]
async fn every_row_has_its_turn_once_and_each_batch_is_committed() {
    let database = database_of(100_000).await;
    let text = fill("batch=5000 pause=0");
    let mut told = Vec::new();
    let observe = |event: Event<'_>| {
        if let Event::Backfilling { so_far, .. } = event {
            told.push(*so_far);
        }
    };
    let report = migrator(&database, &[("V1__a.sql", &text)]).up_with(observe).await.unwrap();
    assert_eq!(filled(&database).await, (100_000, 0));
    assert_eq!(batches(&database).await, 20);
    let done = report.done[0].backfilled.unwrap();
    assert_eq!((done.rows, done.batches, done.left), (100_000, 20, Some(0)));
    assert!(done.rows_per_second() > 0.0 && report.done[0].outside_transaction);
    assert_eq!((told[0].rows, told[0].batches, told[0].left), (5000, 1, Some(95_000)));
    assert_eq!((history(&database).await, locks(&database).await), (vec![1], 0));
}

#[tokio::test]
async fn the_log_says_how_far_it_is_with_few_rows() {
    let database = database_of(2000).await;
    let text = fill("batch=1 pause=0 max_batches=3000");
    migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap();
    let rows = log::rows(&database).await;
    assert_eq!(rows[..2], ["1 up running statements 0/1", "1 up running statements 0/1"]);
    assert_eq!(rows[rows.len() - 1], "1 up ok statements 1/1");
    assert!(rows.len() < 1000, "{}", rows.len());
    let told = "select count(*) from pgkeel.migration_log where";
    assert_eq!(count(&database, &format!("{told} note = 'rows changed: 1, batches: 1'")).await, 1);
    let last = format!("{told} status = 'ok' and note = 'rows changed: 2000, batches: 2000'");
    assert_eq!(count(&database, &last).await, 1);
    // The first is in the transaction of its batch.
    let same = "select count(*) from pgkeel.migration_log l join t on t.xmin = l.xmin where t.id = 1";
    assert_eq!(count(&database, same).await, 1);
}

#[tokio::test]
async fn rows_are_moved_and_deleted_in_batches_too() {
    let database = database_of(250).await;
    run(&database, "create table u (id int)").await;
    let limit = "limit current_setting('pgkeel.batch')::bigint";
    let copy = format!(
        "-- pgkeel: backfill batch=100\ninsert into u select id from t where not exists (select from u where u.id = t.id) {limit}"
    );
    let delete = format!(
        "-- pgkeel: backfill batch=100\ndelete from t where id in (select id from t where id % 2 = 0 {limit}) returning id"
    );
    let take = format!(
        "-- pgkeel: backfill batch=60 destructive=accepted
         with gone as (delete from t where ctid = any (array(select ctid from t {limit})) returning id)
         insert into u select -id from gone"
    );
    let files = [("V1__copy.sql", &*copy), ("V2__delete.sql", &*delete), ("V3__move.sql", &*take)];
    let report = migrator(&database, &files).up().await.unwrap();
    let done = report.done.iter().map(|done| done.backfilled.unwrap());
    let done: Vec<_> = done.map(|done| (done.rows, done.batches, done.left)).collect();
    assert_eq!(done[..2], [(250, 3, None), (125, 2, Some(125))]);
    assert_eq!((done[2].0, done[2].1), (125, 3));
    assert_eq!(count(&database, "select count(*) from t").await, 0);
    assert_eq!(count(&database, "select count(distinct id) from u").await, 375);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_race_one_runs_it() {
    let database = database_of(3000).await;
    let migrator = migrator(&database, &[("V1__a.sql", &fill("batch=100 pause=0"))]);
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let migrator = migrator.clone();
        tasks.spawn(async move { migrator.up().await.unwrap().done.len() });
    }
    assert_eq!(tasks.join_all().await.iter().sum::<usize>(), 1);
    assert_eq!((filled(&database).await, batches(&database).await), ((3000, 0), 30));
}

#[tokio::test]
async fn a_batch_that_meets_a_lock_is_tried_again_by_itself() {
    let database = database_of(1000).await;
    let user = database.connection().await;
    user.batch_execute("begin; select from t where id = 450 for update").await.unwrap();
    let text = fill("batch=100 pause=0 lock_timeout=50ms");
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let migrator = migrator(&database, &[("V1__a.sql", &text)]);
    let running = tokio::spawn(async move {
        let observe = |event: Event<'_>| {
            if let Event::Retrying { attempts, .. } = event {
                let _ = tell.send(attempts);
            }
        };
        migrator.up_with(observe).await
    });
    assert_eq!((told.recv().await, told.recv().await), (Some(1), Some(2)));
    assert_eq!((filled(&database).await, batches(&database).await), ((400, 0), 4));
    user.batch_execute("rollback").await.unwrap();
    let report = running.await.unwrap().unwrap();
    assert!(report.done[0].attempts >= 3 && report.done[0].lock_wait >= Duration::from_millis(500));
    assert_eq!((filled(&database).await, batches(&database).await), ((1000, 0), 10));
}

#[tokio::test]
async fn a_lock_that_is_never_had_ends_it_and_what_is_done_stays() {
    let database = database_of(1000).await;
    let user = database.connection().await;
    user.batch_execute("begin; select from t where id = 450 for update").await.unwrap();
    let text = fill("batch=100 pause=0 lock_timeout=50ms retries=1");
    let migrator = migrator(&database, &[("V1__a.sql", &text)]);
    let error = migrator.up().await.unwrap_err();
    let failed = error.file().unwrap();
    assert_eq!((error.server().unwrap().code().code(), failed.attempts), ("55P03", 2));
    assert!(matches!(failed.stays, Stays::Batches(stays) if (stays.rows, stays.batches) == (400, 4)));
    let told = "V1__a.sql:2:1: the server refused a statement; 400 rows in 4 batches stay, and the next call goes on with the rest";
    assert!(error.to_string().starts_with(told), "{error}");
    user.batch_execute("rollback").await.unwrap();
    let done = migrator.up().await.unwrap().done[0].backfilled.unwrap();
    assert_eq!((done.rows, done.batches), (600, 6));
    assert_eq!(filled(&database).await, (1000, 0));
}

#[tokio::test]
async fn its_role_and_its_times_hold_for_each_batch() {
    let database = database_of(30).await;
    let role = format!("filler_of_{}", database.address().database());
    run(
        &database,
        &format!("create role {role}; grant select, update on t to {role}; alter table t add who text"),
    )
    .await;
    let text = format!(
        "-- pgkeel: backfill batch=10 pause=0 role={role} statement_timeout=7s lock_timeout=3s
         update t set n = id, times = times + 1, who = current_user || current_setting('statement_timeout') || current_setting('lock_timeout')
         where id in (select id from t where n is null limit current_setting('pgkeel.batch')::bigint)"
    );
    migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap();
    let seen = format!("select count(*) from t where who = '{role}7s3s'");
    assert_eq!((count(&database, &seen).await, batches(&database).await), (30, 3));
    run(&database, &format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn a_log_without_a_place_for_notes_does_without() {
    let database = database_of(10).await;
    let first = ("V1__a.sql", "select 1;");
    migrator(&database, &[first]).up().await.unwrap();
    let role = format!("owner_of_{}", database.address().database());
    let grants = format!(
        "create role {role} login password 'x'; grant usage on schema pgkeel to {role}; grant select, update on t to {role};
         grant select, insert on pgkeel.refinery_schema_history, pgkeel.migration_log to {role};
         alter table pgkeel.migration_log drop column note"
    );
    run(&database, &grants).await;
    let host = database.address().hosts()[0].clone();
    let address = Address::new(host, &role, database.address().database());
    let migrations = migrator(&database, &[first, ("V2__b.sql", &fill("pause=0"))]).migrations().clone();
    let report = Migrator::new(Config::new(address), migrations).up().await.unwrap();
    assert_eq!(report.done[0].backfilled.unwrap().rows, 10);
    run(&database, &format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn what_is_put_off_to_the_end_of_a_batch_finds_what_the_file_finds() {
    let database = database_of(20).await;
    let role = format!("checked_by_{}", database.address().database());
    run(
        &database,
        &format!(
            "create role {role}; grant select, update on t to {role};
             create table seen (id int, who text); grant insert on seen to {role};
             create function see() returns trigger language plpgsql as
                 $$ begin insert into seen values (new.id, current_user); return null; end $$;
             create constraint trigger late after update on t deferrable initially deferred
                 for each row execute function see()"
        ),
    )
    .await;
    let text = fill(&format!("batch=10 pause=0 role={role}"));
    migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap();
    let seen = format!("select count(*) from seen where who = '{role}'");
    assert_eq!((count(&database, &seen).await, filled(&database).await), (20, (20, 0)));
    run(&database, &format!("drop owned by {role}; drop role {role}")).await;
}
