//! Copies: all rows or none, every value checked, and errors that say where.

use bytes::Bytes;
use pgkeel_connect::Ident;
use pgkeel_pool::{Begin as _, CopyTarget, Error, Executor as _, Pool, Session, Transaction as _};
use pgkeel_testkit::{TestDatabase, eventually, scaled};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::dropped::poll_times;
use crate::pool_of;

const SCHEMA: &str = "create type mood as enum ('glad', 'sad');
    create domain positive as int check (value > 0);
    create table t(id bigint primary key, name text, price float8, mood mood, left_over positive, tags text[])";

fn ident(name: &'static str) -> Ident {
    Ident::new(name).expect("a name that PostgreSQL can have")
}

fn target(columns: &[&'static str]) -> CopyTarget {
    CopyTarget::new(ident("t"), columns.iter().map(|name| ident(name)))
}

async fn pool_with_table(database: &TestDatabase) -> Pool {
    let pool = pool_of(database, 1, 0);
    pool.batch_execute(SCHEMA).await.expect("the schema");
    pool
}

async fn count(session: &Session) -> i64 {
    session.query_scalar("select count(*) from t", &[]).await.expect("a count")
}

#[tokio::test]
async fn rows_are_stored_as_they_were_written_and_come_out_again() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut session = pool.session().await.unwrap();
    let public = target(&["name", "id", "price", "left_over", "tags"]).in_schema(ident("public"));
    let rows: i64 = scaled(20_000, 300_000);
    let mut copy = session.copy_in(&public).await.unwrap();
    for id in 0..rows {
        let name = (id % 3 > 0).then(|| "ä".repeat(usize::try_from(id % 50).unwrap()));
        let tags = vec!["a".to_owned(), id.to_string()];
        copy.write(&[&name, &id, &0.5_f64, &7_i32, &tags]).await.unwrap();
    }
    assert_eq!(copy.finish().await.unwrap(), rows.unsigned_abs());
    let wrong = "select count(*) from t where price <> 0.5 or left_over <> 7 or tags <> array['a', id::text]
        or name is distinct from case when id % 3 > 0 then repeat('ä', (id % 50)::int) end";
    assert_eq!(session.query_scalar::<i64>(wrong, &[]).await.unwrap(), 0);
    assert_eq!(count(&session).await, rows);

    let mut out = session.copy_out("select id, name, tags from t order by id -- a comment").await.unwrap();
    let mut id = 0_i64;
    while let Some(row) = out.next().await {
        let row = row.unwrap();
        assert_eq!(row.try_get::<i64>(0).unwrap(), id);
        assert_eq!(row.try_get::<Option<&str>>(1).unwrap().is_some(), id % 3 > 0);
        assert_eq!(row.try_get::<Vec<String>>(2).unwrap()[1], id.to_string());
        id += 1;
    }
    assert_eq!(id, rows);
    drop(out);
    drop(session);
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.resetting), (1, 0), "copies that ended leave the session clean");
}

#[tokio::test]
async fn copies_of_no_rows_are_well() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut session = pool.session().await.unwrap();
    assert_eq!(session.copy_in(&target(&["id"])).await.unwrap().finish().await.unwrap(), 0);
    assert!(session.copy_out("select * from t").await.unwrap().next().await.is_none());
    assert!(session.copy_out_raw("copy t to stdout").await.unwrap().next().await.is_none());
    assert_eq!(count(&session).await, 0);
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_refused_before_it_is_sent_and_nothing_is_stored() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut session = pool.session().await.unwrap();
    // Bytes of one type that another would take without a word are the ones to be afraid of.
    let wrong: [(&'static str, &(dyn ToSql + Sync)); 5] =
        [("price", &7_i64), ("id", &7.5_f64), ("id", &"12345678"), ("name", &7_i32), ("left_over", &7_i64)];
    for (column, value) in wrong {
        let mut copy = session.copy_in(&target(&[column])).await.unwrap();
        let error = copy.write(&[value]).await.unwrap_err();
        assert!(
            matches!(&error, Error::CopyValue { row: 1, column: named, .. } if named == column),
            "{error:?}"
        );
        assert!(matches!(copy.write(&[value]).await, Err(Error::CopyOver)));
        assert!(matches!(copy.finish().await, Err(Error::CopyOver)));
        assert_eq!(count(&session).await, 0);
    }
    let mut copy = session.copy_in(&target(&["id", "name"])).await.unwrap();
    copy.write(&[&1_i64, &"a"]).await.unwrap();
    let error = copy.write(&[&2_i64]).await.unwrap_err();
    assert!(matches!(error, Error::CopyColumns { row: 2, expected: 2, found: 1 }), "{error:?}");
    drop(copy);
    assert_eq!(count(&session).await, 0);
}

#[tokio::test]
async fn what_the_server_refuses_says_row_and_column_and_no_value() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut session = pool.session().await.unwrap();
    let twice = async |session: &mut Session| {
        let mut copy = session.copy_in(&target(&["id"])).await.unwrap();
        for id in [1_i64, 2, 3, 2] {
            copy.write(&[&id]).await.unwrap();
        }
        copy.finish().await.unwrap_err()
    };
    let error = twice(&mut session).await;
    assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION));
    assert!(matches!(&error, Error::CopyRefused { row: Some(4), .. }), "{error:?}");

    let mut copy = session.copy_in(&target(&["id", "left_over"])).await.unwrap();
    copy.write(&[&1_i64, &5_i32]).await.unwrap();
    copy.write(&[&2_i64, &-4711_i32]).await.unwrap();
    let error = copy.finish().await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CHECK_VIOLATION));
    assert!(
        matches!(&error, Error::CopyRefused { row: Some(2), column: Some(column), .. } if column == "left_over"),
        "{error:?}"
    );
    let text = format!("{error} {error:?}");
    assert!(text.contains("row 2") && !text.contains("4711"), "{text}");

    let mut raw = session.copy_in_raw("copy t(id, name) from stdin").await.unwrap();
    raw.write(Bytes::from_static(b"1\ta\ncanary: 4711, 2\tb\n")).await.unwrap();
    let error = raw.finish().await.unwrap_err();
    assert!(
        matches!(&error, Error::CopyRefused { row: Some(2), column: Some(column), .. } if column == "id"),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains("4711"), "{error:?}");
    assert_eq!(count(&session).await, 0);
}

#[tokio::test]
async fn a_constraint_that_fails_at_the_commit_of_a_copy_is_its_error() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let schema = "create table a(id int primary key);
        create table t(a int references a deferrable initially deferred)";
    pool.batch_execute(schema).await.unwrap();
    let mut session = pool.session().await.unwrap();
    let mut copy = session.copy_in(&target(&["a"])).await.unwrap();
    copy.write(&[&1_i32]).await.unwrap();
    let error = copy.finish().await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::FOREIGN_KEY_VIOLATION));
    assert_eq!(count(&session).await, 0);
    let failing = "create function f() returns int language plpgsql as
        'begin insert into t values (1); return 1; end'";
    session.batch_execute(failing).await.unwrap();
    let mut out = session.copy_out("select f()").await.unwrap();
    assert_eq!(out.next().await.unwrap().unwrap().try_get::<i32>(0).unwrap(), 1);
    let error = out.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::FOREIGN_KEY_VIOLATION));
    assert!(out.next().await.is_none());
}

#[tokio::test]
async fn a_copy_dropped_before_its_end_stores_nothing() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut session = pool.session().await.unwrap();
    for rows in [0_i64, 1, 50_000] {
        let mut copy = session.copy_in(&target(&["id"])).await.unwrap();
        for id in 0..rows {
            copy.write(&[&id]).await.unwrap();
        }
        drop(copy);
        assert_eq!(count(&session).await, 0);
    }
    let mut tx = (&mut session).begin().await.unwrap();
    let mut copy = tx.copy_in(&target(&["id"])).await.unwrap();
    copy.write(&[&1_i64]).await.unwrap();
    drop(copy);
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::Aborted { .. }), "{error:?}");
    assert_eq!(count(&session).await, 0);
}

#[tokio::test]
async fn a_copy_belongs_to_its_transaction() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    let mut session = pool.session().await.unwrap();
    let mut tx = (&mut session).begin().await.unwrap();
    let mut copy = tx.copy_in(&target(&["id"])).await.unwrap();
    copy.write(&[&1_i64]).await.unwrap();
    assert_eq!(copy.finish().await.unwrap(), 1);
    let mut savepoint = (&tx).begin().await.unwrap();
    let mut copy = savepoint.copy_in(&target(&["id"])).await.unwrap();
    copy.write(&[&2_i64]).await.unwrap();
    assert_eq!(copy.finish().await.unwrap(), 1);
    savepoint.rollback().await.unwrap();
    let mut out = tx.copy_out_raw("copy (select id from t) to stdout").await.unwrap();
    assert_eq!(out.next().await.unwrap().unwrap(), "1\n");
    assert!(out.next().await.is_none());
    drop(out);
    tx.commit().await.unwrap();
    assert_eq!(count(&session).await, 1);
}

#[tokio::test]
async fn a_copy_out_dropped_half_way_ends_and_hands_nothing_on() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    for read in 0..scaled(10, 200) {
        let mut session = pool.session().await.unwrap();
        let mut out = session.copy_out("select generate_series(1, 100000000)").await.unwrap();
        for number in 1..=read {
            assert_eq!(out.next().await.unwrap().unwrap().try_get::<i32>(0).unwrap(), number);
        }
        drop(out);
        drop(session);
        assert_eq!(pool.query_scalar::<i32>("select 2", &[]).await.unwrap(), 2);
    }
    assert_eq!(pool.stats().dirty_closed_total, 0);
}

#[tokio::test]
async fn a_copy_dropped_after_any_number_of_polls_stores_all_or_nothing() {
    let database = TestDatabase::empty().await;
    let pool = pool_with_table(&database).await;
    for run in 0..scaled(40, 1000) {
        let work = async {
            let mut session = pool.session().await.unwrap();
            let mut copy = session.copy_in(&target(&["id", "name"])).await.unwrap();
            for id in 0..2000_i64 {
                copy.write(&[&id, &"a name that fills the buffer soon enough"]).await.unwrap();
            }
            copy.finish().await.unwrap();
        };
        let done = poll_times(Box::pin(work), run % 25).await;
        let session = pool.session().await.unwrap();
        let stored = count(&session).await;
        assert!(if done { stored == 2000 } else { stored == 0 || stored == 2000 }, "{stored}");
        session.batch_execute("truncate t").await.unwrap();
    }
    eventually("all sessions are accounted for", async || {
        let stats = pool.stats();
        (stats.in_use == 0 && stats.resetting == 0).then_some(())
    })
    .await;
}
