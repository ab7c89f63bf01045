//! What a user leaves behind does not reach the next one: transactions, settings, locks.

use pgkeel_connect::TransactionStatus;
use pgkeel_pool::{Executor as _, Pool, PoolerMode, Reset, Session};
use pgkeel_testkit::{TestDatabase, scaled};

use crate::dropped::poll_times;
use crate::{config_of, pool_of};

#[tokio::test]
async fn a_raw_begin_is_not_handed_on() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    let session = pool.session().await.unwrap();
    session.batch_execute("begin; insert into t values (1)").await.unwrap();
    drop(session);
    let session = pool.session().await.unwrap();
    assert_eq!(session.transaction_status(), TransactionStatus::Idle);
    assert_eq!(session.query_scalar::<i64>("select count(*) from t", &[]).await.unwrap(), 0);
    assert_eq!(pool.stats().dirty_total, 1);
}

#[tokio::test]
async fn a_failed_transaction_is_not_handed_on() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let session = pool.session().await.unwrap();
    session.batch_execute("begin").await.unwrap();
    session.execute("select 1/0", &[]).await.unwrap_err();
    drop(session);
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

/// What was dropped half-way may have had its effect, and that is undone as well.
#[tokio::test]
async fn what_a_dropped_statement_leaves_does_not_reach_the_next_user() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    for _ in 0..scaled(1, 50) {
        for sql in LITTER {
            for polls in 0..5 {
                let session = pool.session().await.unwrap();
                poll_times(session.batch_execute(sql), polls).await;
                drop(session);
                let next = pool.session().await.unwrap();
                assert_eq!(found(&next).await, [false; 6], "{sql} after {polls} polls");
            }
        }
    }
}

const LITTER: [&str; 8] = [
    "set statement_timeout = '12s'",
    "listen jobs",
    "select pg_advisory_lock(42)",
    "create temp table litter(n int)",
    "prepare litter as select 1",
    "begin",
    "declare litter cursor with hold for select 1",
    "commit",
];

/// Leaves one of everything behind.
async fn litter(session: &Session) {
    for sql in LITTER {
        session.batch_execute(sql).await.unwrap();
    }
}

/// What of it is still there.
async fn found(session: &Session) -> [bool; 6] {
    let row = session
        .query_one(
            "select current_setting('statement_timeout') = '12s',
                exists(select from pg_listening_channels()),
                exists(select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
                to_regclass('pg_temp.litter') is not null,
                exists(select from pg_prepared_statements where name = 'litter'),
                exists(select from pg_cursors where name = 'litter')",
            &[],
        )
        .await
        .unwrap();
    std::array::from_fn(|column| row.get(column))
}

async fn after_littering(reset: Reset) -> ([bool; 6], bool) {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_reset(reset));
    let session = pool.session().await.unwrap();
    litter(&session).await;
    assert_eq!(found(&session).await, [true; 6]);
    drop(session);
    let next = pool.session().await.unwrap();
    (found(&next).await, pool.stats().connects_total == 1)
}

#[tokio::test]
async fn the_reset_says_what_the_next_user_finds() {
    assert_eq!(after_littering(Reset::Smart).await, ([false; 6], true));
    assert_eq!(after_littering(Reset::DiscardAll).await, ([false; 6], true));
    assert_eq!(after_littering(Reset::Rollback).await, ([true; 6], true));
    assert_eq!(after_littering(Reset::None).await, ([true; 6], true));
}

/// Not as what is asked for by now: one that leads to the server itself is cleaned there, whatever new ones lead to.
#[tokio::test]
async fn a_session_is_cleaned_as_what_it_was_opened_as() {
    let database = TestDatabase::empty().await;
    let config = config_of(&database, 1, 0);
    let pool = Pool::lazy(config.clone());
    let session = pool.session().await.unwrap();
    litter(&session).await;
    pool.reload(config.clone().with_pooler(PoolerMode::Transaction));
    drop(session);
    let next = pool.session().await.unwrap();
    assert_eq!((found(&next).await, pool.stats().connects_total), ([false; 6], 1));

    // And one that leads to a pooler is rolled back, as all else would get to some other server session.
    let pool = Pool::lazy(config.clone().with_pooler(PoolerMode::Transaction));
    let session = pool.session().await.unwrap();
    session.connection().batch_execute("set my.mark = 'here'").await.unwrap();
    pool.reload(config);
    drop(session);
    let mark = "select current_setting('my.mark')";
    assert_eq!(pool.query_scalar::<String>(mark, &[]).await.unwrap(), "here");
}

#[tokio::test]
async fn under_every_reset_an_open_transaction_ends_with_its_user() {
    for reset in [Reset::None, Reset::Rollback, Reset::Smart, Reset::DiscardAll] {
        let database = TestDatabase::empty().await;
        let pool = Pool::lazy(config_of(&database, 1, 0).with_reset(reset));
        let session = pool.session().await.unwrap();
        session.batch_execute("begin; create table t()").await.unwrap();
        drop(session);
        let gone: bool = pool.query_scalar("select to_regclass('t') is null", &[]).await.unwrap();
        assert!(gone, "{reset}");
        let kept = u64::from(reset == Reset::None) + 1;
        assert_eq!((pool.stats().connects_total, pool.stats().dirty_total), (kept, 1), "{reset}");
    }
}
