//! Snapshots while others work.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::Snapshot;
use pgkeel_testkit::{eventually, scaled};

use super::{all, everything, snapshot};
use crate::count;
use crate::progress::Progress;

#[tokio::test]
async fn a_schema_that_changes_meanwhile_is_read_all_the_same() {
    let (database, connection) = everything().await;
    let before = snapshot(&connection).await;
    let others = (0..3).map(async |other| {
        let connection = database.connection().await;
        let churn = format!(
            "create table shop.churn{other} (id int primary key check (id > 0), b text default 'x'); create index on shop.churn{other} (b);
             create view shop.churn_view{other} as select * from shop.churn{other};
             create function shop.churn{other}() returns int language sql as 'select 1'; commit;
             drop view shop.churn_view{other}; drop table shop.churn{other}; drop function shop.churn{other}()"
        );
        for _ in 0..scaled(10, 1000) {
            connection.batch_execute(&churn).await.unwrap();
        }
    });
    let looks = scaled(10, 1000);
    let look = async {
        let mut progress = Progress::of(looks, "snapshots");
        for _ in 0..looks {
            Snapshot::take(&connection, &all()).await.unwrap();
            progress.add(1);
        }
    };
    tokio::join!(futures_util::future::join_all(others), look);
    assert_eq!(snapshot(&connection).await.fingerprint(), before.fingerprint());
    println!("check 8: {looks} snapshots while three others changed the schema, none failed");
}

#[tokio::test]
async fn in_a_transaction_it_has_what_that_has_done_and_leaves_it_as_it_was() {
    let (_database, connection) = everything().await;
    let before = snapshot(&connection).await;
    connection
        .batch_execute("begin; set local search_path = shop; create table more (id int)")
        .await
        .unwrap();
    let inside = snapshot(&connection).await;
    assert_eq!(inside.len(), before.len() + 2);
    let path: String = connection.query_scalar("select current_setting('search_path')", &[]).await.unwrap();
    assert_eq!(path, "shop");
    connection.batch_execute("drop table more; commit").await.unwrap();
    assert_eq!(snapshot(&connection).await.fingerprint(), before.fingerprint());
}

#[tokio::test]
async fn a_view_that_is_locked_is_waited_for() {
    let (database, connection) = everything().await;
    let holder = database.connection().await;
    holder.batch_execute("begin; lock table shop.customers in access exclusive mode").await.unwrap();
    let looking = tokio::spawn(async move { Snapshot::take(&connection, &all()).await });
    let waiting = "select count(*) from pg_locks where not granted and relation is not null
                   and database = (select oid from pg_database where datname = current_database())";
    eventually("it waits", async || (count(&database, waiting).await > 0).then_some(())).await;
    holder.batch_execute("rollback").await.unwrap();
    looking.await.unwrap().unwrap();
}
