//! Prepared statements: kept, bounded, healed.

use pgkeel_pool::{Begin as _, Executor as _, Pool, Session, Transaction as _};
use pgkeel_testkit::TestDatabase;

use crate::{config_of, pool_of};

async fn prepared(session: &Session) -> i64 {
    // Of the simple protocol, which prepares nothing itself.
    let count = "select count(*) from pg_prepared_statements where statement like '%kept%'";
    session.query_scalar(count, &[]).await.unwrap()
}

#[tokio::test]
async fn a_text_is_prepared_once_a_session() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    for number in 0..10_i32 {
        let got: i32 = pool.query_scalar("select $1::int4 -- kept", &[&number]).await.unwrap();
        assert_eq!(got, number);
    }
    let session = pool.session().await.unwrap();
    assert_eq!(prepared(&session).await, 2, "with the question itself");
}

#[tokio::test]
async fn no_session_keeps_more_than_its_cap() {
    let database = TestDatabase::empty().await;
    for cap in [0, 8] {
        let pool = Pool::lazy(config_of(&database, 1, 0).with_statement_cache(cap));
        let session = pool.session().await.unwrap();
        for number in 0..100 {
            session.execute(&format!("select {number} -- kept"), &[]).await.unwrap();
        }
        assert!(prepared(&session).await <= i64::from(cap) + 1, "{cap}");
    }
}

#[tokio::test]
async fn a_statement_whose_table_changed_is_prepared_anew() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int); insert into t values (1)").await.unwrap();
    assert_eq!(pool.query_one("select * from t", &[]).await.unwrap().len(), 1);
    pool.batch_execute("alter table t add column m text").await.unwrap();
    assert_eq!(pool.query_one("select * from t", &[]).await.unwrap().len(), 2);

    // Somebody threw it away.
    pool.batch_execute("deallocate all").await.unwrap();
    assert_eq!(pool.query_one("select * from t", &[]).await.unwrap().len(), 2);
}

/// In a transaction the error has failed it; running the whole of it again works.
#[tokio::test]
async fn in_a_transaction_a_change_is_an_error_once() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    let session = pool.session().await.unwrap();
    session.query("select * from t", &[]).await.unwrap();
    pool.batch_execute("alter table t add column m text").await.unwrap();
    let mut session = session;
    let tx = session.begin().await.unwrap();
    let error = tx.query("select * from t", &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "0A000");
    tx.rollback().await.unwrap();
    let tx = session.begin().await.unwrap();
    tx.query("select * from t", &[]).await.unwrap();
    tx.commit().await.unwrap();
}
