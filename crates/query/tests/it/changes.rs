//! Rows that are changed if they are as they were: nothing is lost, and what stood in the way is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use pgkeel_pool::{Config, Pool, TxOptions};
use pgkeel_query::{Entity, Error, Executor as _, sql};
use pgkeel_testkit::{TestDatabase, eventually, scaled};

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "app.counters", columns = c, version = "version", soft_delete = "deleted_at")]
struct Counter {
    #[pgkeel(id)]
    id: i32,
    count: i64,
    note: Option<String>,
    #[pgkeel(updated)]
    updated_at: SystemTime,
    version: i32,
    deleted_at: Option<SystemTime>,
}

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "notes", version = "version")]
struct Note {
    #[pgkeel(id)]
    id: i32,
    word: String,
    version: i64,
}

const TABLES: &str = "create schema app; create table app.counters(id int4 primary key, count int8 not null default 0, note text,
        updated_at timestamptz not null default now(), version int4 not null default 1, deleted_at timestamptz);
    insert into app.counters(id) values (1), (2), (3), (4);
    create table notes(id int4 primary key, word text not null, version int8 not null default 0);
    insert into notes values (1, 'a'), (2, 'b')";

async fn database(sessions: u32) -> (TestDatabase, Pool) {
    let database = TestDatabase::empty().await;
    let config = Config::new(database.address().clone()).with_size(sessions, 0).unwrap();
    let pool = Pool::lazy(config);
    pool.batch_execute(TABLES).await.unwrap();
    (database, pool)
}

async fn counter(pool: &Pool, id: i32) -> Counter {
    Counter::repo().with_deleted().get_or_err(pool, id).await.unwrap()
}

#[tokio::test]
async fn a_change_sets_what_it_says_and_nothing_is_sent_if_it_says_nothing() {
    let (_database, pool) = database(1).await;
    let first = counter(&pool, 1).await;
    sql!("update app.counters set note = 'kept' where id = 1").execute(&pool).await.unwrap();
    let changed = first.change().set(c::count, 7).save(&pool).await.unwrap();
    assert_eq!((changed.count, changed.note.as_deref(), changed.version), (7, Some("kept"), 2));
    assert!(changed.updated_at > first.updated_at);
    let cleared =
        changed.change().set_null(c::note).set_if_some(c::count, None::<i64>).save(&pool).await.unwrap();
    assert_eq!((cleared.count, cleared.note, cleared.version), (7, None, 3));
    assert_eq!(format!("{:?}", first.change().set(c::count, 4711)), "Change([\"counters.count\"])");

    let closed = pool.clone();
    let _report = closed.close(std::time::Duration::from_secs(5)).await;
    assert_eq!(first.change().set_if_some(c::count, None::<i64>).save(&pool).await.unwrap(), first);
    assert!(first.change().set(c::count, 1).save(&pool).await.is_err());
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_in_one_statement() {
    let (_database, pool) = database(1).await;
    let repo = Counter::repo();
    let stale = counter(&pool, 1).await;
    stale.change().add(c::count, 1).save(&pool).await.unwrap();
    for error in [
        stale.change().set(c::count, 9).save(&pool).await.unwrap_err(),
        repo.delete_row(&pool, &stale).await.unwrap_err(),
    ] {
        let Error::Conflict { entity, expected, actual } = error else { panic!("{error:?}") };
        assert_eq!((entity, expected, actual), ("app.counters", 1, Some(2)));
    }
    repo.delete(&pool, 1).await.unwrap();
    for error in [
        stale.change().set(c::count, 9).save(&pool).await.unwrap_err(),
        counter(&pool, 1).await.change().set(c::count, 9).save(&pool).await.unwrap_err(),
        repo.delete_row(&pool, &stale).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Deleted { entity: "app.counters" }), "{error:?}");
    }
    repo.purge(&pool, 1).await.unwrap();
    for error in [
        stale.change().set(c::count, 9).save(&pool).await.unwrap_err(),
        repo.delete_row(&pool, &stale).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::NotFound { entity: "app.counters" }), "{error:?}");
    }
    let note = Note::repo().get_or_err(&pool, 1).await.unwrap();
    let newer = note.change().set(note::word, "c").save(&pool).await.unwrap();
    assert!(matches!(
        Note::repo().delete_row(&pool, &note).await.unwrap_err(),
        Error::Conflict { expected: 0, actual: Some(1), .. }
    ));
    Note::repo().delete_row(&pool, &newer).await.unwrap();
    assert!(Note::repo().delete_row(&pool, &newer).await.unwrap_err().is_not_found());
    assert_eq!(Note::repo().count(&pool, ()).await.unwrap(), 1, "the other one stays");
    let in_place =
        "create function nothing() returns trigger language plpgsql as $$ begin return null; end $$;
        create trigger nothing before update on notes for each row execute function nothing()";
    pool.batch_execute(in_place).await.unwrap();
    let other = Note::repo().get_or_err(&pool, 2).await.unwrap();
    let suppressed = other.change().set(note::word, "c").save(&pool).await.unwrap_err();
    assert!(matches!(suppressed, Error::RowCount { found: 0, .. }), "{suppressed:?}");
}

/// The other transaction changes the row while the change waits for it; what is told is what the other has left.
async fn after_waiting(other: &'static str) -> Result<Counter, Error> {
    let (database, pool) = database(3).await;
    let seen = counter(&pool, 2).await;
    let holder = database.connection().await;
    holder.batch_execute("begin").await.unwrap();
    holder.batch_execute(other).await.unwrap();
    let waiting = {
        let pool = pool.clone();
        tokio::spawn(async move { seen.change().set(c::count, 100).save(&pool).await })
    };
    let waits = "select exists(select from pg_stat_activity where wait_event_type = 'Lock' and query like '%pgkeel.found%')";
    eventually("the change waits", async || {
        pool.query_scalar::<bool>(waits, &[]).await.unwrap().then_some(())
    })
    .await;
    holder.batch_execute("commit").await.unwrap();
    waiting.await.unwrap()
}

#[tokio::test]
async fn who_waits_is_told_what_the_other_has_left() {
    let changed = after_waiting("update app.counters set version = 41 where id = 2").await.unwrap_err();
    assert!(matches!(changed, Error::Conflict { expected: 1, actual: Some(41), .. }), "{changed:?}");
    let hidden = after_waiting("update app.counters set deleted_at = now(), version = 2 where id = 2").await;
    assert!(matches!(hidden.unwrap_err(), Error::Deleted { .. }));
    let gone = after_waiting("delete from app.counters where id = 2").await.unwrap_err();
    assert!(matches!(gone, Error::NotFound { .. }), "{gone:?}");
    let beside = after_waiting("update app.counters set note = 'beside' where id = 2").await.unwrap();
    assert_eq!((beside.count, beside.note.as_deref(), beside.version), (100, Some("beside"), 2));
}

#[tokio::test]
async fn a_change_under_a_fixed_snapshot_is_safe_to_retry() {
    let (_database, pool) = database(2).await;
    let options = TxOptions::new().isolation(pgkeel_pool::Isolation::RepeatableRead);
    let failed = pool.transaction_with(options, |tx| {
        let pool = pool.clone();
        async move {
            let seen = Counter::repo().get_or_err(&tx, 1).await?;
            seen.change().set(c::count, 1).save(&pool).await?;
            seen.change().set(c::count, 2).save(&tx).await
        }
    });
    let error = failed.await.unwrap_err();
    assert!(error.is_safe_to_retry(), "{error:?}");
    assert_eq!(counter(&pool, 1).await.count, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_increment_is_lost_and_no_conflict_is_told_of_none() {
    let (_database, pool) = database(8).await;
    let (tasks, times) = (16, scaled(12, 500));
    let conflicts = Arc::new(AtomicU64::new(0));
    let counting = (0..tasks).map(|_| {
        let (pool, conflicts) = (pool.clone(), Arc::clone(&conflicts));
        tokio::spawn(async move {
            for _ in 0..times {
                increment(&pool, &conflicts).await;
            }
        })
    });
    for task in counting.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let end = counter(&pool, 1).await;
    assert_eq!(end.count, i64::from(tasks * times));
    assert_eq!(i64::from(end.version) - 1, end.count, "each change is counted once");
    println!("{} increments, {} conflicts", end.count, conflicts.load(Ordering::Relaxed));
}

async fn increment(pool: &Pool, conflicts: &AtomicU64) {
    loop {
        let seen = Counter::repo().get_or_err(pool, 1).await.unwrap();
        match seen.change().set(c::count, seen.count + 1).save(pool).await {
            Ok(saved) => return assert_eq!(saved.count, seen.count + 1),
            Err(Error::Conflict { expected, actual, .. }) => {
                assert_eq!(expected, i64::from(seen.version));
                assert!(actual > Some(expected), "told is what is there: {expected}, {actual:?}");
                conflicts.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}
