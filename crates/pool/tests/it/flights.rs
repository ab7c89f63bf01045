//! Round trips, counted at the network: BEGIN travels with the first statement, and honesty costs none.

use pgkeel_pool::{Begin as _, Error, Executor as _, Pool, RetryPolicy, Transaction as _, TxOptions};
use pgkeel_testkit::{Proxy, TestDatabase, eventually};

use crate::pool_of;

const UPDATE: &str = "update t set n = n + $1";

/// A pool of one session whose traffic is counted. All statements are prepared.
async fn counted() -> (TestDatabase, Proxy, Pool) {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(crate::config_at(proxy.address(), 1, 0));
    pool.batch_execute("create table t(n int); insert into t values (0)").await.unwrap();
    assert_eq!(pool.execute(UPDATE, &[&0]).await.unwrap(), 1);
    (database, proxy, pool)
}

async fn n(pool: &Pool) -> i32 {
    pool.query_scalar("select n from t", &[]).await.unwrap()
}

#[tokio::test]
async fn a_transaction_of_n_statements_takes_n_flights_and_one_for_commit() {
    let (_database, proxy, pool) = counted().await;
    for statements in 0..4_u64 {
        let before = proxy.flights();
        let done: Result<(), Error> = pool
            .transaction(|tx| async move {
                for _ in 0..statements {
                    tx.execute(UPDATE, &[&1]).await?;
                }
                Ok(())
            })
            .await;
        done.unwrap();
        let expected = if statements == 0 { 0 } else { statements + 1 };
        assert_eq!(proxy.flights() - before, expected, "{statements} statements");
    }
    assert_eq!(n(&pool).await, 1 + 2 + 3);
}

#[tokio::test]
async fn asking_for_the_transactions_number_takes_no_flight() {
    let (_database, proxy, pool) = counted().await;
    let retrying = pool.retrying(RetryPolicy::default());
    // The first one on a session learns which server it is on.
    retrying
        .transaction(|tx| async move { tx.execute(UPDATE, &[&0]).await })
        .await
        .map_err(|e: Error| e)
        .unwrap();
    for statements in 1..4_u64 {
        for reads in 0..2_u64 {
            let before = proxy.flights();
            let done: Result<(), Error> = retrying
                .transaction(|tx| async move {
                    for _ in 0..reads {
                        tx.batch_execute("select 1").await?;
                    }
                    for _ in 0..statements {
                        tx.execute(UPDATE, &[&1]).await?;
                    }
                    Ok(())
                })
                .await;
            done.unwrap();
            assert_eq!(
                proxy.flights() - before,
                reads + statements + 1,
                "{reads} reads, {statements} writes"
            );
        }
    }
}

#[tokio::test]
async fn a_savepoint_travels_with_its_first_statement_and_without_one_sends_nothing() {
    let (_database, proxy, pool) = counted().await;
    let before = proxy.flights();
    let tx = pool.begin().await.unwrap();
    let savepoint = (&tx).begin().await.unwrap();
    let inner = (&savepoint).begin().await.unwrap();
    inner.execute(UPDATE, &[&1]).await.unwrap();
    assert_eq!(proxy.flights() - before, 1, "BEGIN, two SAVEPOINTs and the statement");
    inner.commit().await.unwrap();
    savepoint.commit().await.unwrap();
    let unused = (&tx).begin().await.unwrap();
    unused.rollback().await.unwrap();
    let dropped = (&tx).begin().await.unwrap();
    drop(dropped);
    tx.commit().await.unwrap();
    assert_eq!(proxy.flights() - before, 4, "two RELEASEs and COMMIT besides");
    assert_eq!(n(&pool).await, 1);
}

#[tokio::test]
async fn a_transaction_without_a_statement_is_a_session_and_nothing_else() {
    let (_database, proxy, pool) = counted().await;
    let before = proxy.flights();
    pool.begin().await.unwrap().commit().await.unwrap();
    pool.begin().await.unwrap().rollback().await.unwrap();
    drop(pool.begin_with(TxOptions::serializable()).await.unwrap());
    assert_eq!((proxy.flights() - before, pool.stats().idle), (0, 1));
}

#[tokio::test]
async fn the_first_statement_may_be_dropped() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int); insert into t values (0)").await.unwrap();
    let tx = pool.begin().await.unwrap();
    let slow = tx.execute("update t set n = 1 from pg_sleep(30)", &[]);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(20), slow).await.is_err());
    let refused = tx.execute("update t set n = 2", &[]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "25P02", "the cancel has failed the transaction");
    assert!(matches!(tx.commit().await, Err(Error::Aborted { .. })));
    assert_eq!(n(&pool).await, 0);
    eventually("no session is in use", async || (pool.stats().in_use == 0).then_some(())).await;
}
