//! Statements that do not come to an end.

use pgkeel_migrate::{Reason, Stays};
use pgkeel_testkit::TestDatabase;

use super::{database_of, run};
use crate::{count, history, migrator};

const ENDLESS: &str = "update t set n = 1, times = times + 1
    where id in (select id from t where id > 0 limit current_setting('pgkeel.batch')::bigint)";

/// After how many batches it was given up.
async fn given_up(database: &TestDatabase, how: &str) -> u64 {
    let text = format!("-- pgkeel: backfill pause=0 {how}\n\n{ENDLESS}");
    let error = migrator(database, &[("V1__a.sql", &text)]).up().await.unwrap_err();
    let failed = error.file().unwrap();
    let Reason::Unending { batches } = failed.reason else { panic!("{error:?}") };
    assert!(matches!(failed.stays, Stays::Batches(stays) if stays.batches == batches), "{error:?}");
    assert_eq!(failed.at.unwrap().line, 3);
    assert!(error.to_string().contains("its WHERE has to leave out what is done"), "{error}");
    assert!(history(database).await.is_empty());
    batches
}

#[tokio::test]
async fn one_that_picks_the_same_rows_again_is_given_up() {
    let database = database_of(1000).await;
    assert_eq!(given_up(&database, "batch=100").await, 200);
    assert_eq!(count(&database, "select sum(times) from t").await, 20_000);
    run(&database, "vacuum (full, analyze) t").await;
    assert_eq!(given_up(&database, "batch=1000").await, 110);
    assert_eq!(given_up(&database, "batch=100 max_batches=7").await, 7);
}

#[tokio::test]
async fn one_that_ends_with_the_last_batch_that_it_may_have_is_fine() {
    let database = database_of(300).await;
    let text = super::fill("batch=100 pause=0 max_batches=3");
    let done = migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap().done[0].backfilled.unwrap();
    assert_eq!((done.rows, done.batches), (300, 3));
}

#[tokio::test]
async fn tables_that_nobody_has_counted_are_estimated_by_their_size() {
    let database = TestDatabase::empty().await;
    let table =
        "create table t (id int, n int, times int not null default 0) with (autovacuum_enabled = off);
                 insert into t (id) select generate_series(1, 1000)";
    run(&database, table).await;
    let pages = "select pg_relation_size('t') / current_setting('block_size')::int8";
    let (pages, size) = (count(&database, pages).await, "select current_setting('block_size')::int8");
    let rows = pages * count(&database, size).await / 80;
    let expected = 100 + 10 * rows.cast_unsigned().div_ceil(100);
    let found = given_up(&database, "batch=100").await;
    assert!(found.abs_diff(expected) <= 10, "{found} {expected}");
}

#[tokio::test]
async fn a_table_in_parts_counts_with_all_of_them() {
    let database = TestDatabase::empty().await;
    let table = "create table t (id int, n int, times int not null default 0) partition by hash (id);
                 create table t0 partition of t for values with (modulus 2, remainder 0);
                 create table t1 partition of t for values with (modulus 2, remainder 1);
                 insert into t (id) select generate_series(1, 1000); analyze t";
    run(&database, table).await;
    assert_eq!(given_up(&database, "batch=100").await, 200);
}
