//! Cancelling by way of `PgBouncer`, which passes the request on.

use std::time::Duration;

use pgkeel_pool::connect::{Config, Connection, Executor as _, dial};
use pgkeel_testkit::{Bouncer, PATIENCE, TestDatabase, eventually, scaled};
use tokio_postgres::error::SqlState;

/// How many sessions wait in `pg_sleep` by way of it.
async fn sleeping(observer: &Connection) -> i64 {
    let sql =
        "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
    observer.query_scalar(sql, &[]).await.unwrap()
}

#[tokio::test]
async fn a_hundred_statements_are_cancelled_and_it_lives() {
    let database = TestDatabase::empty().await;
    let observer = database.connection().await;
    for mode in ["session", "transaction"] {
        let bouncer = Bouncer::before(database.address(), mode, &[("default_pool_size", "2")]).await;
        let connection = dial(&Config::new(bouncer.address().clone())).await.unwrap();
        let canceller = connection.canceller();
        for _ in 0..scaled(100, 1000) {
            let asleep = connection.batch_execute("select pg_sleep(600)");
            let cancel = async {
                eventually("it sleeps", async || (sleeping(&observer).await == 1).then_some(())).await;
                canceller.cancel(PATIENCE).await.unwrap();
            };
            let (slept, ()) = tokio::join!(asleep, cancel);
            assert_eq!(slept.unwrap_err().code(), Some(&SqlState::QUERY_CANCELED));
            connection.settle().await.unwrap();
        }
        assert_eq!(connection.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
        dial(&Config::new(bouncer.address().clone())).await.unwrap();
    }
}

#[tokio::test]
async fn a_cancel_that_comes_late_does_not_hit_the_next_statement() {
    let database = TestDatabase::empty().await;
    for mode in ["session", "transaction"] {
        let bouncer = Bouncer::before(database.address(), mode, &[("default_pool_size", "1")]).await;
        let address = bouncer.address();
        let (connection, neighbour) =
            (dial(&Config::new(address.clone())).await.unwrap(), dial(&Config::new(address.clone())).await);
        let canceller = connection.canceller();
        let mut hits = 0;
        for _ in 0..scaled(100, 500) {
            connection.batch_execute("select 1").await.unwrap();
            canceller.cancel(Duration::from_secs(10)).await.unwrap();
            connection.settle().await.unwrap();
            hits += i32::from(connection.batch_execute("select pg_sleep(0.001)").await.is_err());
            if let (Ok(neighbour), "transaction") = (&neighbour, mode) {
                hits += i32::from(neighbour.batch_execute("select pg_sleep(0.001)").await.is_err());
            }
        }
        assert_eq!(hits, 0, "{mode}");
    }
}
