//! Rows as they come: all of them or an error, in bounded memory, and nothing left over when the reader stops early.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use pgkeel_pool::{Begin as _, Config, Error, Executor as _, Pool, RowStream, Transaction as _};
use pgkeel_testkit::{Direction, PATIENCE, Proxy, TestDatabase, eventually, scaled};
use tokio_postgres::error::SqlState;

use crate::dropped::poll_times;
use crate::pool_of;

/// Reads a stream of numbers to its end.
async fn numbers(stream: RowStream<'_>) -> Result<Vec<i32>, Error> {
    stream.map_ok(|row| row.get::<_, i32>(0)).try_collect().await
}

#[tokio::test]
async fn all_rows_come_in_their_order_on_sessions_and_in_transactions() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let sql = "select n from generate_series(1, $1::int) n";
    let expected: Vec<i32> = (1..=20_000).collect();
    let mut session = pool.session().await.unwrap();
    let stream = session.query_stream(sql, &[&20_000]).await.unwrap();
    assert_eq!(numbers(stream).await.unwrap(), expected);
    let mut tx = (&mut session).begin().await.unwrap();
    assert_eq!(numbers(tx.query_stream(sql, &[&20_000]).await.unwrap()).await.unwrap(), expected);
    let mut savepoint = (&tx).begin().await.unwrap();
    let mut stream = savepoint.query_stream(sql, &[&3]).await.unwrap();
    for number in 1..=3 {
        assert_eq!(stream.next().await.unwrap().unwrap().get::<_, i32>(0), number);
    }
    assert!(stream.next().await.is_none() && stream.next().await.is_none());
    assert_eq!(stream.rows_affected(), Some(3));
    drop(stream);
    savepoint.commit().await.unwrap();
    tx.commit().await.unwrap();
    drop(session);
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.in_use, stats.resetting), (1, 0, 0), "a stream that ended leaves it clean");
}

#[tokio::test]
async fn an_error_behind_rows_is_an_error_and_not_an_end() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let sql = "select 1 / (1000 - n) from generate_series(1, 2000) n";
    let mut session = pool.session().await.unwrap();
    let error = numbers(session.query_stream(sql, &[]).await.unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
    assert_eq!(session.query_scalar::<i32>("select 2", &[]).await.unwrap(), 2);
    let mut tx = (&mut session).begin().await.unwrap();
    numbers(tx.query_stream(sql, &[]).await.unwrap()).await.unwrap_err();
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::Aborted { first: Some(_) }), "{error:?}");
    assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
}

#[tokio::test]
async fn an_error_at_the_commit_of_a_streams_own_transaction_comes_at_its_end() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let schema = "create table a(id int primary key);
        create table b(a int references a deferrable initially deferred)";
    pool.batch_execute(schema).await.unwrap();
    let mut session = pool.session().await.unwrap();
    let sql = "insert into b select generate_series(1, 10) returning a";
    let mut stream = session.query_stream(sql, &[]).await.unwrap();
    for _ in 0..10 {
        stream.next().await.unwrap().unwrap();
    }
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::FOREIGN_KEY_VIOLATION));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_transaction_whose_stream_was_dropped_before_its_error_is_not_committed() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    for _ in 0..scaled(20, 500) {
        let mut tx = pool.begin().await.unwrap();
        tx.execute("insert into t values (1)", &[]).await.unwrap();
        let sql = "select 1 / (200 - n) from generate_series(1, 100000) n";
        let mut stream = tx.query_stream(sql, &[]).await.unwrap();
        stream.next().await.unwrap().unwrap();
        drop(stream);
        let error = tx.commit().await.unwrap_err();
        assert!(matches!(error, Error::Aborted { .. }), "{error:?}");
    }
    assert_eq!(pool.query_scalar::<i64>("select count(*) from t", &[]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_slow_reader_has_the_server_wait() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()));
    let mut session = pool.session().await.unwrap();
    let sql = "select repeat('x', 10000) from generate_series(1, 20000)"; // 200 MB
    let mut stream = session.query_stream(sql, &[]).await.unwrap();
    stream.next().await.unwrap().unwrap();
    let mut passed = 0;
    eventually("nothing more comes", async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = std::mem::replace(&mut passed, proxy.passed(Direction::ToClient));
        (passed == before).then_some(())
    })
    .await;
    println!("{passed} bytes came before anyone read");
    assert!(passed < 40_000_000, "what fits into sockets, not {passed} bytes");
    let mut rows = 1;
    while let Some(row) = stream.next().await {
        row.unwrap();
        rows += 1;
    }
    assert_eq!(rows, 20_000);
}

#[tokio::test]
async fn a_stream_dropped_half_way_ends_and_hands_nothing_on() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let sql = "select generate_series(1, 100000000)";
    for read in 0..scaled(20, 500) {
        let mut session = pool.session().await.unwrap();
        let mut stream = session.query_stream(sql, &[]).await.unwrap();
        for _ in 0..read {
            stream.next().await.unwrap().unwrap();
        }
        drop(stream);
        let begun = Instant::now();
        if read % 2 == 0 {
            drop(session);
            assert_eq!(pool.query_scalar::<i32>("select 2", &[]).await.unwrap(), 2);
        } else {
            assert_eq!(session.query_scalar::<i32>("select 3", &[]).await.unwrap(), 3);
        }
        assert!(begun.elapsed() < PATIENCE, "it was not read to its end");
    }
    assert_eq!(pool.stats().dirty_closed_total, 0, "no session was lost");
}

#[tokio::test]
async fn a_stream_dropped_in_a_transaction_fails_it_and_one_that_is_skipped_does_not() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let mut tx = pool.begin().await.unwrap();
    let mut stream = tx.query_stream("select n from generate_series(1, 50000) n", &[]).await.unwrap();
    stream.next().await.unwrap().unwrap();
    stream.skip_rest().await.unwrap();
    let mut savepoint = (&tx).begin().await.unwrap();
    let mut stream = savepoint.query_stream("select generate_series(1, 100000000)", &[]).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    savepoint.rollback().await.unwrap();
    assert_eq!(tx.query_scalar::<i32>("select 4", &[]).await.unwrap(), 4);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_stream_dropped_after_any_number_of_polls_leaves_nothing_behind() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 1);
    let sql = "select n from generate_series(1, 3000) n";
    for run in 0..scaled(60, 2000) {
        let work = async {
            let mut session = pool.session().await.unwrap();
            numbers(session.query_stream(sql, &[]).await.unwrap()).await.unwrap();
            let mut tx = (&mut session).begin().await.unwrap();
            let _ = numbers(tx.query_stream(sql, &[]).await.unwrap()).await;
        };
        poll_times(Box::pin(work), run % 30).await;
        assert_eq!(pool.query_scalar::<i32>("select 5", &[]).await.unwrap(), 5);
    }
    eventually("all sessions are accounted for", async || {
        let stats = pool.stats();
        (stats.in_use == 0 && stats.resetting == 0 && stats.waiting == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_connection_lost_under_a_stream_is_an_error() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()));
    let mut session = pool.session().await.unwrap();
    let sql = "select generate_series(1, 100000000)";
    let mut stream = session.query_stream(sql, &[]).await.unwrap();
    stream.next().await.unwrap().unwrap();
    proxy.cut();
    let error = loop {
        match stream.next().await.expect("no silent end") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, Error::Statement(lost) if lost.is_disconnected()), "{error:?}");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_kept_statement_that_does_not_fit_its_table_any_more_is_prepared_anew() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int); insert into t values (7)").await.unwrap();
    let mut session = pool.session().await.unwrap();
    let sql = "select * from t";
    assert_eq!(numbers(session.query_stream(sql, &[]).await.unwrap()).await.unwrap(), [7]);
    session.batch_execute("alter table t add column more text").await.unwrap();
    assert_eq!(numbers(session.query_stream(sql, &[]).await.unwrap()).await.unwrap(), [7]);
}
