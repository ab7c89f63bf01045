//! Age, checks, closing.

use std::time::Duration;

use pgkeel_pool::{Error, Executor as _, Pool};
use pgkeel_testkit::{PATIENCE, TestDatabase};

use crate::{config_of, pool_of};

async fn backend(pool: &Pool) -> i32 {
    pool.query_scalar("select pg_backend_pid()", &[]).await.unwrap()
}

#[tokio::test]
async fn a_session_past_its_age_is_replaced() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_recycle(Some(Duration::ZERO)));
    let first = backend(&pool).await;
    assert_ne!(backend(&pool).await, first);
    assert_eq!(pool.stats().recycled_total, 2);
}

#[tokio::test]
async fn a_session_that_the_server_ended_is_replaced_unseen() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let pid = backend(&pool).await;
    let other = database.connection().await;
    let ended: bool = other.query_scalar("select pg_terminate_backend($1, 10000)", &[&pid]).await.unwrap();
    assert!(ended);
    pgkeel_testkit::eventually("the next session is another", async || {
        // The news of the end may still be on its way: then the statement itself finds out.
        let next = pool.query_scalar::<i32>("select pg_backend_pid()", &[]).await.ok()?;
        (next != pid).then_some(())
    })
    .await;
}

#[tokio::test]
async fn closing_waits_for_those_in_use_and_then_nothing_is_handed_out() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    let session = pool.session().await.unwrap();
    let still_held = pool.close(Duration::from_millis(50)).await;
    assert_eq!(still_held, 1);
    assert!(pool.is_closed());
    assert!(matches!(pool.session().await, Err(Error::Closed)));

    let one: i32 = session.query_scalar("select 1", &[]).await.unwrap();
    assert_eq!(one, 1);
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close(PATIENCE).await }
    });
    drop(session);
    assert_eq!(closing.await.unwrap(), 0);
    assert_eq!(pool.stats().sessions(), 0);
}
