//! Where parts meet: batches, retry, lost commits, poolers and the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pgkeel_connect::Connection;
use pgkeel_pool::{Batch, Error, Executor as _, Hooks, Pool, PoolerMode, RetryPolicy};
use pgkeel_testkit::{Direction, Proxy, TestDatabase, eventually};
use tokio::time::{sleep, timeout};

use crate::{config_at, config_of, pool_of};

async fn mend(pool: &Pool, proxy: &Proxy) {
    eventually("the cut is noticed", async || (pool.stats().lost_total > 0).then_some(())).await;
    proxy.pass();
}

async fn line() -> (TestDatabase, Connection, Proxy, Pool) {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(config_at(proxy.address(), 1, 0));
    let direct = database.connection().await;
    direct
        .batch_execute("create table t(n int); create table c(n int); insert into c values (0)")
        .await
        .unwrap();
    (database, direct, proxy, pool)
}

async fn rows(direct: &Connection) -> i64 {
    direct.query_scalar("select count(*) from t", &[]).await.unwrap()
}

#[tokio::test]
async fn several_statements_in_one_text_are_no_quiet_one() {
    let (_database, direct, proxy, pool) = line().await;
    let (mut attempts, lost) = (0, &proxy);
    let run = pool.retrying(RetryPolicy::default()).transaction(|tx| {
        attempts += 1;
        let cuts = attempts == 1;
        async move {
            tx.batch_execute("set local lock_timeout = '1s'; insert into t values (1)").await?;
            tx.batch_execute("show transaction_isolation").await?;
            if cuts {
                lost.cut_after(Direction::ToClient, 0);
            }
            Ok::<_, Error>(())
        }
    });
    let (_, ()) = tokio::join!(run, mend(&pool, &proxy));
    assert_eq!(rows(&direct).await, 1);
}

#[tokio::test]
async fn a_batch_that_begins_with_a_lock_is_no_quiet_one() {
    let (_database, direct, proxy, pool) = line().await;
    let (mut attempts, lost) = (0, &proxy);
    let run = pool.retrying(RetryPolicy::default()).transaction(|tx| {
        attempts += 1;
        let cuts = attempts == 1;
        async move {
            let mut batch = Batch::new();
            batch.add("lock table t in exclusive mode", ());
            batch.add("insert into t values ($1)", (1_i32,));
            tx.run_batch(&batch).await?.all()?;
            if cuts {
                lost.cut_after(Direction::ToClient, 0);
            }
            Ok::<_, Error>(())
        }
    });
    let (_, ()) = tokio::join!(run, mend(&pool, &proxy));
    assert_eq!(rows(&direct).await, 1);
}

#[tokio::test]
async fn two_first_statements_in_two_tasks_both_come_to_their_end() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_pooler(PoolerMode::Transaction));
    let tx = Arc::new(pool.begin().await.unwrap());
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let tx = Arc::clone(&tx);
            tokio::spawn(async move { tx.batch_execute("select 1").await })
        })
        .collect();
    let all = timeout(Duration::from_secs(5), futures_util::future::join_all(tasks)).await;
    assert!(all.is_ok());
}

#[tokio::test]
async fn who_was_given_a_session_of_no_use_is_not_one_too_many() {
    let database = TestDatabase::empty().await;
    let turns = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&turns);
    let hooks = Hooks::new().before_acquire(move |_| {
        let turn = counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if turn == 1 {
                sleep(Duration::from_millis(200)).await;
                return Err(pgkeel_connect::Error::Closed { reason: None });
            }
            Ok(())
        })
    });
    let pool = Pool::lazy(config_of(&database, 1, 0).with_hooks(hooks).with_max_waiting(1));
    let held = pool.session().await.unwrap();
    let first = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.session().await.map(drop) })
    };
    crate::until_waiting(&pool, 1).await;
    drop(held);
    eventually("it is checked", async || (turns.load(Ordering::SeqCst) == 2).then_some(())).await;
    let second = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.session().await.map(drop) })
    };
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn a_stale_statement_of_a_transaction_batch_is_prepared_anew() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    let mut batch = Batch::new();
    batch.add("select * from t", ());
    pool.transaction_batch(&batch).await.unwrap();
    database.connection().await.batch_execute("alter table t add m int").await.unwrap();
    let again: Vec<_> = [
        pool.transaction_batch(&batch).await.is_ok(),
        pool.transaction_batch(&batch).await.is_ok(),
        pool.transaction_batch(&batch).await.is_ok(),
    ]
    .into();
    assert!(again[2]);
}

#[tokio::test]
async fn a_connection_lost_in_a_batch_of_a_transaction_is_tried_again() {
    for batched in [false, true] {
        let (_database, _direct, proxy, pool) = line().await;
        let (mut attempts, lost) = (0, &proxy);
        let run = pool.retrying(RetryPolicy::default()).transaction(|tx| {
            attempts += 1;
            let cuts = attempts == 1;
            async move {
                tx.batch_execute("select 1").await?;
                tx.batch_execute("select 1").await?;
                if cuts {
                    lost.cut_after(Direction::ToClient, 0);
                }
                if batched {
                    let mut batch = Batch::new();
                    batch.add("insert into t values (1)", ());
                    tx.run_batch(&batch).await?.all()?;
                } else {
                    tx.execute("insert into t values (1)", &[]).await?;
                }
                Ok::<_, Error>(())
            }
        });
        let (done, ()) = tokio::join!(run, mend(&pool, &proxy));
        assert!(done.is_ok());
    }
}

#[tokio::test]
async fn a_batch_that_is_refused_while_it_is_prepared_is_tried_again() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    let blocker = database.connection().await;
    blocker.batch_execute("begin; lock table t").await.unwrap();
    let mut attempts = 0;
    let policy = RetryPolicy::default().attempts(3).retry_lock_timeouts(true);
    let _ = pool
        .retrying(policy)
        .transaction(|tx| {
            attempts += 1;
            async move {
                tx.batch_execute("set local lock_timeout = '50ms'").await?;
                let mut batch = Batch::new();
                batch.add("insert into t values (1)", ());
                tx.run_batch(&batch).await?.all()?;
                Ok::<_, Error>(())
            }
        })
        .await;
    assert_eq!(attempts, 3);
}

#[tokio::test]
async fn a_procedure_that_has_committed_is_not_run_again() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute(
        "create table t(n int);
        create procedure p() language plpgsql as $$ begin
            insert into t values (1); commit; execute 'execute nosuch'; end $$",
    )
    .await
    .unwrap();
    let _ = pool.execute("call p()", &[]).await;
    let count: i64 = pool.query_scalar("select count(*) from t", &[]).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_commit_behind_nested_comments_is_refused_in_a_batch() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int primary key)").await.unwrap();
    let mut batch = Batch::new();
    batch.add("insert into t values (1)", ());
    batch.add("/* a /* b */ c */ commit", ());
    batch.add("insert into t values (1)", ());
    let _ = pool.transaction_batch(&batch).await;
    let count: i64 = pool.query_scalar("select count(*) from t", &[]).await.unwrap();
    assert_eq!(count, 0);
}
