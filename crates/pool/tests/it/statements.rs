//! Prepared statements: kept, bounded, healed.

use bytes::BytesMut;
use pgkeel_pool::connect::Error as StatementError;
use pgkeel_pool::{Batch, Begin as _, Error, Executor as _, Pool, Session, Transaction as _};
use pgkeel_testkit::{Proxy, TestDatabase};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::{config_at, config_of, pool_of};

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

/// Whatever way it is run, and in a transaction too: nothing had been sent, so nothing has failed.
#[tokio::test]
async fn a_statement_whose_parameter_has_another_type_is_prepared_anew() {
    let database = TestDatabase::empty().await;
    let (pool, other) = (pool_of(&database, 1, 0), database.connection().await);
    other.batch_execute("create table t(n int); insert into t values (1)").await.unwrap();
    let (insert, find) = ("insert into t values ($1)", "select n from t where n = $1");
    let mut session = pool.session().await.unwrap();
    session.execute(insert, &[&2_i32]).await.unwrap();
    session.query(find, &[&2_i32]).await.unwrap();

    other.batch_execute("alter table t alter n type bigint").await.unwrap();
    let tx = session.begin().await.unwrap();
    tx.execute(insert, &[&3_i64]).await.unwrap();
    assert_eq!(tx.query(find, &[&3_i64]).await.unwrap()[0].get::<_, i64>(0), 3);
    tx.commit().await.unwrap();

    other.batch_execute("alter table t alter n type text").await.unwrap();
    let found = session.query_opt(find, &[&"3"]).await.unwrap().unwrap();
    assert_eq!(found.get::<_, &str>(0), "3");
    session.execute(insert, &[&"four"]).await.unwrap();
    session.execute(find, &[&"four"]).await.unwrap();

    other.batch_execute("alter table t alter n type int using length(n)").await.unwrap();
    let mut stream = session.query_stream(find, &[&4_i32]).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().get::<_, i32>(0), 4);
    stream.skip_rest().await.unwrap();
    assert_eq!(pool.stats().connects_total, 1);
}

#[tokio::test]
async fn a_batch_with_a_parameter_that_has_another_type_is_run_once() {
    let database = TestDatabase::empty().await;
    let (pool, other) = (pool_of(&database, 1, 0), database.connection().await);
    other.batch_execute("create table t(n int); create table log()").await.unwrap();
    let mut of_int = Batch::new();
    of_int.add("insert into log default values", ()).add("insert into t values ($1)", (1_i32,));
    let mut of_bigint = Batch::new();
    of_bigint.add("insert into log default values", ()).add("insert into t values ($1)", (1_i64,));
    for way in 0..4_i64 {
        let (kind, batch) = if way % 2 == 0 { ("int", &of_int) } else { ("bigint", &of_bigint) };
        other.batch_execute(&format!("alter table t alter n type {kind}")).await.unwrap();
        match way {
            1 => drop(pool.transaction_batch(batch).await.unwrap()),
            0 | 2 => drop(pool.run_batch(batch).await.unwrap().all().unwrap()),
            _ => {
                let tx = pool.begin().await.unwrap();
                tx.run_batch(batch).await.unwrap().all().unwrap();
                tx.commit().await.unwrap();
            }
        }
        let counts = "select (select count(*) from t), (select count(*) from log)";
        let counts = other.query_one(counts, &[]).await.unwrap();
        assert_eq!((counts.get::<_, i64>(0), counts.get::<_, i64>(1)), (way + 1, way + 1));
    }
}

/// A label for a column that was text when the statement was prepared, in each way of running one.
#[tokio::test]
async fn a_statement_whose_meaning_has_changed_is_prepared_anew() {
    let database = TestDatabase::empty().await;
    let (pool, other) = (pool_of(&database, 1, 0), database.connection().await);
    other.batch_execute("create type mood as enum ('sad', 'glad'); create table t(m text)").await.unwrap();
    let (insert, label) = ("insert into t values ($1)", Label("glad"));
    let stored = async || other.query_scalar::<i64>("select count(*) from t", &[]).await.unwrap();
    for _ in 0..2 {
        pool.execute(insert, &[&label]).await.unwrap();
    }
    other.batch_execute("alter table t alter m type mood using m::mood").await.unwrap();
    pool.execute(insert, &[&label]).await.unwrap();
    assert_eq!(stored().await, 3, "once");
    assert_eq!(pool.stats().connects_total, 1);

    // In a transaction it fails, and goes through in the next.
    let find = "select count(*) from t where m = $1";
    for _ in 0..2 {
        assert_eq!(pool.query_scalar::<i64>(find, &[&label]).await.unwrap(), 3);
    }
    other.batch_execute("alter table t alter m type text").await.unwrap();
    let tx = pool.begin().await.unwrap();
    let error = tx.query(find, &[&label]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42883");
    tx.rollback().await.unwrap();
    let tx = pool.begin().await.unwrap();
    assert_eq!(tx.query_scalar::<i64>(find, &[&label]).await.unwrap(), 3);
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn streams_and_batches_go_through_at_the_next_call_when_a_meaning_has_changed() {
    let database = TestDatabase::empty().await;
    let (pool, other) = (pool_of(&database, 1, 0), database.connection().await);
    other.batch_execute("create type mood as enum ('sad', 'glad'); create table t(m text)").await.unwrap();
    let (insert, label) = ("insert into t values ($1)", Label("glad"));
    let (mut batch, mut whole) = (Batch::new(), Batch::new());
    batch.add(insert, (label,));
    whole.add("insert into t(m) values ($1)", (label,));
    for _ in 0..2 {
        pool.run_batch(&batch).await.unwrap().all().unwrap();
        pool.transaction_batch(&whole).await.unwrap();
    }
    other.batch_execute("alter table t alter m type mood using m::mood").await.unwrap();
    let refused = pool.run_batch(&batch).await.unwrap().all().unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42804");
    pool.run_batch(&batch).await.unwrap().all().unwrap();
    let refused = pool.transaction_batch(&whole).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42804");
    pool.transaction_batch(&whole).await.unwrap();
    let mut session = pool.session().await.unwrap();
    let find = "select m::text from t where m = $1";
    for _ in 0..2 {
        session.query_stream(find, &[&label]).await.unwrap().skip_rest().await.unwrap();
    }
    other.batch_execute("alter table t alter m type text").await.unwrap();
    let refused = session.query_stream(find, &[&label]).await.expect_err("there is no such operator");
    assert_eq!(refused.code().unwrap().code(), "42883");
    session.query_stream(find, &[&label]).await.unwrap().skip_rest().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_fails_as_ever_is_not_run_again() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let schema = "create sequence runs; create function fails() returns int language plpgsql as
        $$ begin perform nextval('runs'); raise exception using errcode = '42804'; end $$";
    pool.batch_execute(schema).await.unwrap();
    for _ in 0..4 {
        pool.query("select fails()", &[]).await.unwrap_err();
    }
    let runs: i64 = pool.query_scalar("select last_value from runs", &[]).await.unwrap();
    assert_eq!(runs, 4);
}

/// A text, or a label of any enum.
#[derive(Debug, Clone, Copy)]
struct Label(&'static str);

impl ToSql for Label {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TEXT || matches!(kind.kind(), Kind::Enum(_))
    }

    to_sql_checked!();
}

/// An enum with so many variants, as the driver's derived types take no other.
#[derive(Debug)]
struct Mood<const VARIANTS: usize>(&'static str);

impl<const VARIANTS: usize> ToSql for Mood<VARIANTS> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(kind.kind(), Kind::Enum(variants) if variants.len() == VARIANTS)
    }

    to_sql_checked!();
}

#[tokio::test]
async fn a_parameter_whose_own_type_was_changed_is_taken() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create type mood as enum ('sad', 'glad'); create table t(m mood)").await.unwrap();
    let insert = "insert into t values ($1)";
    pool.execute(insert, &[&Mood::<2>("glad")]).await.unwrap();
    pool.batch_execute("alter type mood add value 'mad'").await.unwrap();
    pool.execute(insert, &[&Mood::<3>("mad")]).await.unwrap();
}

#[tokio::test]
async fn a_parameter_that_never_fitted_is_refused_by_the_driver() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(config_at(proxy.address(), 1, 0));
    pool.batch_execute("create table t(n int)").await.unwrap();
    let insert = "insert into t values ($1)";
    // What was only just prepared is not prepared once more.
    for flights in [1, 1] {
        let before = proxy.flights();
        let error = pool.execute(insert, &[&"one"]).await.unwrap_err();
        assert!(matches!(error, Error::Statement(StatementError::Driver(_))), "{error:?}");
        assert_eq!(proxy.flights() - before, flights);
        // Whether it is there still is asked once.
        pool.execute(insert, &[&1_i32]).await.unwrap();
    }
    let tx = pool.begin().await.unwrap();
    tx.execute("select 1/0", &[]).await.unwrap_err();
    let error = tx.execute(insert, &[&"one"]).await.unwrap_err();
    assert!(
        matches!(error, Error::Statement(StatementError::Driver(_))),
        "the transaction has failed: {error:?}"
    );
    tx.rollback().await.unwrap();
    let tx = pool.begin().await.unwrap();
    tx.execute(insert, &[&"one"]).await.unwrap_err();
    tx.execute(insert, &[&1_i32]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(pool.query_scalar::<i64>("select count(*) from t", &[]).await.unwrap(), 3);
}
