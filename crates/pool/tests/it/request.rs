//! A transaction a request, begun when it is first needed.

use pgkeel_pool::{Begin as _, Executor as _, RequestTx, Transaction as _, TxOptions};

use crate::transactions::{insert, sum, with_table};

#[tokio::test]
async fn it_takes_no_session_until_it_is_used() {
    let (_database, pool) = with_table().await;
    let acquires = pool.stats().acquires_total;
    let request = RequestTx::new(&pool, TxOptions::new());
    assert!(!request.has_begun());
    request.commit().await.unwrap();
    RequestTx::new(&pool, TxOptions::new()).rollback().await.unwrap();
    drop(RequestTx::new(&pool, TxOptions::new()));
    assert_eq!(pool.stats().acquires_total, acquires);
}

#[tokio::test]
async fn only_commit_commits() {
    let (_database, pool) = with_table().await;
    let request = || RequestTx::new(&pool, TxOptions::new());
    let dropped = request();
    insert(&dropped, 1).await.unwrap();
    drop(dropped);
    let rolled_back = request();
    insert(&rolled_back, 2).await.unwrap();
    rolled_back.rollback().await.unwrap();
    let kept = request();
    insert(&kept, 4).await.unwrap();
    kept.commit().await.unwrap();
    assert_eq!(sum(&pool).await, 4);
}

#[tokio::test]
async fn all_its_statements_are_in_one_transaction_with_the_options() {
    let (_database, pool) = with_table().await;
    let request = RequestTx::new(&pool, TxOptions::serializable());
    let (one, two) = tokio::join!(
        request.query_scalar::<String>("show transaction_isolation", &[]),
        request.query_scalar::<i32>("select pg_backend_pid()", &[]),
    );
    assert_eq!(one.unwrap(), "serializable");
    let savepoint = request.begin().await.unwrap();
    let pid: i32 = savepoint.query_scalar("select pg_backend_pid()", &[]).await.unwrap();
    assert_eq!(pid, two.unwrap());
    savepoint.commit().await.unwrap();
    request.tx().await.unwrap().after_commit(|| ()).unwrap();
    request.commit().await.unwrap();
}
