//! Futures that are dropped.

use pgkeel_testkit::{TestDatabase, eventually};

use crate::{count, has_table, history, locks, migrator};

#[tokio::test]
async fn a_dropped_call_is_rolled_back_and_lets_go_of_the_lock() {
    let database = TestDatabase::empty().await;
    let slow = "create table x (id int); select pg_sleep(600);";
    let migrations = migrator(&database, &[("V1__a.sql", "select 1;"), ("V2__x.sql", slow)]);
    let running = tokio::spawn(async move { migrations.up().await });
    let sleeping =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
    eventually("the second file runs", async || (count(&database, sleeping).await == 1).then_some(())).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());

    eventually("the server has noticed", async || (locks(&database).await == 0).then_some(())).await;
    assert!(!has_table(&database, "x").await);
    assert_eq!(history(&database).await, [1]);
    let quick = migrator(&database, &[("V1__a.sql", "select 1;"), ("V2__x.sql", "create table x (id int);")]);
    assert_eq!(quick.up().await.unwrap().done.len(), 1);
}
