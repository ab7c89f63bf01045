//! BEGIN travels with the first statement, and no cancel may hit it: what is behind it would be run by itself.

use pgkeel_connect::Connection;
use pgkeel_pool::{Begin as _, Error, Executor as _, Pool, Transaction as _, Tx};
use pgkeel_testkit::{Proxy, TestDatabase, eventually, scaled};

use crate::dropped::poll_times;
use crate::{config_at, pool_of};

struct Line {
    /// Not by way of the proxy.
    direct: Connection,
    proxy: Proxy,
    pool: Pool,
    _database: TestDatabase,
}

async fn line() -> Line {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(config_at(proxy.address(), 1, 0));
    let direct = database.connection().await;
    direct.batch_execute("create table t(n int)").await.unwrap();
    Line { direct, proxy, pool, _database: database }
}

impl Line {
    /// A transaction whose first statement was sent and dropped, while nothing could be answered.
    async fn begun_late(&self) -> Tx {
        let tx = self.pool.begin().await.unwrap();
        self.proxy.black_hole();
        assert!(!poll_times(tx.batch_execute("insert into t values (1)"), 1).await);
        tx
    }

    /// Drops a statement that the server is working on.
    async fn give_up(&self, statement: impl Future<Output = Result<u64, Error>>) {
        let asleep = "select count(*) from pg_stat_activity
            where wait_event = 'PgSleep' and datname = current_database()";
        let sleeps = eventually("it sleeps", async || {
            let count: i64 = self.direct.query_scalar(asleep, &[]).await.unwrap();
            (count == 1).then_some(())
        });
        tokio::select! {
            done = statement => panic!("{done:?}"),
            () = sleeps => {}
        }
    }

    async fn rows(&self) -> i64 {
        self.direct.query_scalar("select count(*) from t", &[]).await.unwrap()
    }
}

const SLEEP: &str = "select pg_sleep(20)";

#[tokio::test]
async fn a_first_statement_is_not_cancelled_until_begin_is_answered() {
    let line = line().await;
    let tx = line.begun_late().await;
    let connections = line.proxy.accepted();
    line.proxy.pass();
    tx.commit().await.unwrap();
    assert_eq!((line.rows().await, line.proxy.accepted() - connections), (1, 0), "a cancel is a connection");
}

/// Nor what outlasts its future: a stream.
#[tokio::test]
async fn a_first_stream_is_not_cancelled_until_begin_is_answered() {
    let line = line().await;
    let insert = "insert into t values (1) returning n";
    let mut session = line.pool.session().await.unwrap();
    session.query_stream(insert, &[]).await.unwrap().skip_rest().await.unwrap();
    drop(session);
    let mut tx = line.pool.begin().await.unwrap();
    line.proxy.black_hole();
    assert!(!poll_times(tx.query_stream(insert, &[]), 1).await);
    let connections = line.proxy.accepted();
    line.proxy.pass();
    tx.commit().await.unwrap();
    assert_eq!((line.rows().await, line.proxy.accepted() - connections), (2, 0), "a cancel is a connection");
}

#[tokio::test]
async fn what_is_dropped_once_begin_is_answered_is_cancelled_again() {
    let line = line().await;
    let tx = line.begun_late().await;
    line.proxy.pass();
    let connections = line.proxy.accepted();
    line.give_up(tx.execute(SLEEP, &[])).await;
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::Aborted { .. }), "{error:?}");
    assert_eq!(line.proxy.accepted() - connections, 1);
}

/// Though nobody has heard the answer to BEGIN.
#[tokio::test]
async fn what_the_next_user_drops_is_cancelled() {
    let line = line().await;
    drop(line.begun_late().await);
    line.proxy.pass();
    let session = line.pool.session().await.unwrap();
    let connections = line.proxy.accepted();
    line.give_up(session.execute(SLEEP, &[])).await;
    session.execute("select 1", &[]).await.unwrap();
    assert_eq!((line.rows().await, line.proxy.accepted() - connections), (0, 1));
}

/// However far each came, none of them is run outside of its transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_statements_that_are_dropped_leave_nothing_behind() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    for round in 0..scaled(100, 20_000) {
        let tx = pool.begin().await.unwrap();
        let inner = if round % 3 == 0 { Some((&tx).begin().await.unwrap()) } else { None };
        let first = inner.as_ref().unwrap_or(&tx);
        poll_times(first.batch_execute("insert into t values (1)"), 1 + round % 2).await;
        drop(inner);
        drop(tx);
    }
    assert_eq!(pool.query_scalar::<i64>("select count(*) from t", &[]).await.unwrap(), 0);
}
