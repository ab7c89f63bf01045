//! Nothing that somebody locks keeps the facts waiting.

use pgkeel_catalog::{Limits, Place, database_size, indexes, opening, tables};
use pgkeel_connect::Executor as _;
use pgkeel_testkit::{TestDatabase, eventually};

use crate::Sample;

#[tokio::test]
async fn a_table_that_is_locked_or_about_to_be_is_shown_and_marked() {
    let test = TestDatabase::empty().await;
    let (holder, reader, waiter) =
        (test.connection().await, test.connection().await, test.connection().await);
    holder.batch_execute("create table held (a int primary key); create table queued (a int)").await.unwrap();
    holder.batch_execute("create table free (a int)").await.unwrap();
    holder.batch_execute("begin; lock table held in access exclusive mode").await.unwrap();
    reader.batch_execute("begin; lock table queued in access share mode").await.unwrap();
    let waiting = tokio::spawn(async move {
        waiter.batch_execute("begin; lock table queued in access exclusive mode").await
    });

    let seen = eventually("the lock is waited for", async || {
        let sample = Sample::of(&test).await;
        let seen = tables(&sample.connection, &sample.capabilities, &Place::start(), 100).await.unwrap();
        (seen.iter().filter(|table| table.is_locked).count() == 2).then_some((seen, sample))
    });
    let (seen, sample) = seen.await;
    let marked: Vec<_> = seen.iter().map(|table| (&*table.name, table.is_locked)).collect();
    assert_eq!(marked, [("free", false), ("held", true), ("queued", true)]);
    let keys = indexes(&sample.connection, &sample.capabilities, &Place::start(), 100).await.unwrap();
    assert_eq!((keys.len(), &*keys[0].columns), (1, &["a".to_owned()][..]));
    database_size(&sample.connection, &sample.capabilities).await.unwrap();
    drop((holder, reader));
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_sample_cannot_write_nor_run_for_long() {
    let test = TestDatabase::empty().await;
    let connection = test.connection().await;
    let limits = Limits::default().with_statement(std::time::Duration::from_millis(50));
    connection.batch_execute(&opening(limits)).await.unwrap();
    let refused = connection.batch_execute("create table t ()").await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "25006");
    connection.batch_execute("rollback").await.unwrap();
    connection.batch_execute(&opening(limits)).await.unwrap();
    let cancelled = connection.batch_execute("select pg_sleep(60)").await.unwrap_err();
    assert_eq!(cancelled.code().unwrap().code(), "57014");
}
