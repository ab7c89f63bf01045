//! Statements whose parameters come with their types: one flight, and nothing is kept of them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use pgkeel_pool::connect::Error as StatementError;
use pgkeel_pool::{
    Begin as _, Config, Error, Executor, Pool, RequestTx, Reset, RetryPolicy, Session, Transaction as _,
    TxOptions, Type,
};
use pgkeel_testkit::{Direction, Proxy, TestDatabase, eventually};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, Kind, ToSql, to_sql_checked};

use crate::{config_at, config_of, pool_of};

const SCHEMA: &str = "create table t(n int); insert into t values (0)";

/// A pool of one session whose traffic is counted, and which is never checked in between.
async fn counted() -> (TestDatabase, Proxy, Pool) {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(config_at(proxy.address(), 1, 0).with_pre_ping(false));
    pool.batch_execute(SCHEMA).await.unwrap();
    (database, proxy, pool)
}

/// A statement whose text was never run before.
fn new_text() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("update t set n = n + $1 /* {} */", NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn add_one<E: Executor>(on: &E) -> Result<u64, E::Error> {
    on.execute_typed(&new_text(), &[(&1, Type::INT4)]).await
}

async fn n(pool: &Pool) -> i32 {
    pool.query_scalar("select n from t", &[]).await.unwrap()
}

#[tokio::test]
async fn a_new_text_takes_one_flight_on_every_handle() {
    let (_database, proxy, pool) = counted().await;
    let before = proxy.flights();
    add_one(&pool).await.unwrap();
    assert_eq!(proxy.flights() - before, 1, "on the pool");
    add_one(&pool.retrying(RetryPolicy::default())).await.unwrap();
    assert_eq!(proxy.flights() - before, 2, "run again if need be");
    pool.shared_reads(1).query_scalar_typed::<i32>("select $1 as new", &[(&1, Type::INT4)]).await.unwrap();
    assert_eq!(proxy.flights() - before, 3, "over a shared session");

    let mut session = pool.session().await.unwrap();
    add_one(&session).await.unwrap();
    assert_eq!(proxy.flights() - before, 4, "on a session");
    let tx = session.begin().await.unwrap();
    add_one(&tx).await.unwrap();
    assert_eq!(proxy.flights() - before, 5, "with the BEGIN of a session's transaction");
    tx.commit().await.unwrap();
    drop(session);
    let tx = pool.begin().await.unwrap();
    let savepoint = (&tx).begin().await.unwrap();
    add_one(&savepoint).await.unwrap();
    assert_eq!(proxy.flights() - before, 7, "with BEGIN and SAVEPOINT, behind a COMMIT");
    savepoint.commit().await.unwrap();
    tx.commit().await.unwrap();
    let request = RequestTx::new(&pool, TxOptions::new());
    add_one(&request).await.unwrap();
    request.commit().await.unwrap();
    assert_eq!(proxy.flights() - before, 11, "RELEASE and COMMIT, and a request's transaction");
    assert_eq!(n(&pool).await, 6);
}

#[tokio::test]
async fn asking_for_the_transactions_number_takes_no_flight() {
    let (_database, proxy, pool) = counted().await;
    for _ in 0..3 {
        let before = proxy.flights();
        let retrying = pool.retrying(RetryPolicy::default());
        let done: Result<(), Error> = retrying
            .transaction(|tx| async move {
                add_one(&tx).await?;
                tx.query_typed("select n from t where n > $1", &[(&0, Type::INT4)]).await.map(drop)
            })
            .await;
        done.unwrap();
        assert_eq!(proxy.flights() - before, 3, "two statements and COMMIT");
    }
    assert_eq!(n(&pool).await, 3);
}

async fn prepared(session: &Session) -> Vec<String> {
    let sql = "select statement from pg_prepared_statements order by prepare_time, name";
    let rows = session.query_typed(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn nothing_is_prepared_and_what_is_kept_stays() {
    let (_database, proxy, pool) = counted().await;
    pool.close(Duration::from_secs(10)).await;
    let pool = Pool::lazy(config_at(proxy.address(), 1, 0).with_statement_cache(2));
    let session = pool.session().await.unwrap();
    let kept = ["select 1 as kept", "select $1::int4 as kept"];
    session.query(kept[0], &[]).await.unwrap();
    session.query(kept[1], &[&1]).await.unwrap();
    assert_eq!(prepared(&session).await, kept);
    for number in 0..50_i32 {
        let sql = format!("select $1 + {number}");
        let sum: i32 = session.query_scalar_typed(&sql, &[(&1, Type::INT4)]).await.unwrap();
        assert_eq!(sum, number + 1);
        // Nor does the text of one that is kept take another way, or its place.
        session.query_typed(kept[1], &[(&number, Type::INT4)]).await.unwrap();
    }
    assert_eq!(prepared(&session).await, kept);
    let before = proxy.flights();
    session.query(kept[0], &[]).await.unwrap();
    session.query(kept[1], &[&1]).await.unwrap();
    assert_eq!(proxy.flights() - before, 2, "both are found prepared");
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_an_error_before_anything_is_sent() {
    let (_database, proxy, pool) = counted().await;
    let sql = "update t set n = $1 + $2";
    let wrong = [(&1_i32 as _, Type::INT4), (&"two" as _, Type::INT4)];
    let sent = || proxy.passed(Direction::ToServer);
    let before = sent();
    let mut session = pool.session().await.unwrap();
    let tx = session.begin().await.unwrap();
    let of_transaction =
        [tx.execute_typed(sql, &wrong).await.map(drop), tx.query_typed(sql, &wrong).await.map(drop)];
    let unbegun = sent();
    assert_eq!(add_one(&tx).await.unwrap(), 1, "the transaction goes on");
    tx.commit().await.unwrap();
    drop(session);
    let after = sent();
    let of_others = [
        pool.execute_typed(sql, &wrong).await.map(drop),
        pool.query_scalar_typed::<i32>(sql, &wrong).await.map(drop),
        pool.shared_reads(1).query_opt_typed("select $1 + $2", &wrong).await.map(drop),
        pool.retrying(RetryPolicy::default()).idempotent().query_one_typed(sql, &wrong).await.map(drop),
        RequestTx::new(&pool, TxOptions::new()).query_typed(sql, &wrong).await.map(drop),
    ];
    assert_eq!((unbegun, sent()), (before, after), "not a byte, not even of BEGIN");
    for refused in of_transaction.into_iter().chain(of_others) {
        let error = refused.unwrap_err();
        let named = matches!(error, Error::Statement(StatementError::Parameter { number: 2, .. }));
        assert!(named && !error.is_safe_to_retry(), "{error:?}");
    }
    assert_eq!((n(&pool).await, pool.stats().connects_total), (1, 1));
}

#[tokio::test]
async fn null_is_sent_with_its_type() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let nothing = (None::<i32>, None::<String>, None::<Vec<i64>>);
    let sql = "select pg_typeof($1)::text, pg_typeof($2)::text, pg_typeof($3)::text, $1 is null and $2 is null and $3 is null";
    let params =
        [(&nothing.0 as _, Type::INT4), (&nothing.1 as _, Type::TEXT), (&nothing.2 as _, Type::INT8_ARRAY)];
    let row = pool.query_one_typed(sql, &params).await.unwrap();
    let got: (&str, &str, &str, bool) = (row.get(0), row.get(1), row.get(2), row.get(3));
    assert_eq!(got, ("integer", "text", "bigint[]", true));
}

const PEOPLE: &str = "create type mood as enum ('sad', 'glad'); create domain age as int check (value >= 0);
    create type pair as (a mood, b int);
    create table people(mood mood, age age, moods mood[], pair pair, numbers bigint[])";

/// A text for an enum.
#[derive(Debug)]
struct Mood(&'static str);

impl ToSql for Mood {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(kind.kind(), Kind::Enum(_))
    }

    to_sql_checked!();
}

#[tokio::test]
async fn types_that_are_not_built_in_are_cast_left_to_the_server_or_declared() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute(PEOPLE).await.unwrap();
    let sql =
        "insert into people(mood, age, moods, numbers) values ($1::text::mood, $2, $3::text[]::mood[], $4)";
    let (moods, numbers) = (vec!["sad", "glad"], vec![1_i64, 2]);
    let cast = [
        (&"glad" as _, Type::TEXT),
        (&7 as _, Type::INT4),
        (&moods as _, Type::TEXT_ARRAY),
        (&numbers as _, Type::INT8_ARRAY),
    ];
    assert_eq!(pool.execute_typed(sql, &cast).await.unwrap(), 1);
    let left =
        pool.query_typed("select mood, moods from people where mood = $1", &[(&"glad", Type::UNKNOWN)]);
    let row = left.await.unwrap().remove(0);
    let kinds = [row.columns()[0].type_().clone(), row.columns()[1].type_().clone()];
    let several = vec![Mood("sad"), Mood("glad")];
    let declared = [(&Mood("glad") as _, kinds[0].clone()), (&several as _, kinds[1].clone())];
    let sql = "select count(*) from people where mood = $1 and moods = $2";
    assert_eq!(pool.query_scalar_typed::<i64>(sql, &declared).await.unwrap(), 1);
    let negative = pool.execute_typed("insert into people(age) values ($1)", &[(&-1, Type::INT4)]).await;
    assert_eq!(negative.unwrap_err().code(), Some(&SqlState::CHECK_VIOLATION));
}

#[tokio::test]
async fn types_of_columns_are_asked_for_once_a_connection() {
    let (_database, proxy, pool) = counted().await;
    pool.batch_execute(PEOPLE).await.unwrap();
    let insert = "insert into people(mood, age, moods, pair) values ('sad', $1, '{glad}', row('sad', $1))
        returning mood, age, moods, pair";
    let before = proxy.flights();
    let row = pool.query_one_typed(insert, &[(&7, Type::INT4)]).await.unwrap();
    assert!(matches!(row.columns()[0].type_().kind(), Kind::Enum(_)));
    assert!(matches!(row.columns()[3].type_().kind(), Kind::Composite(_)));
    assert!(proxy.flights() - before > 1, "the driver has asked");
    let before = proxy.flights();
    assert_eq!(pool.query_typed(insert, &[(&8, Type::INT4)]).await.unwrap().len(), 1);
    let tx = pool.begin().await.unwrap();
    assert_eq!(tx.query_typed(insert, &[(&9, Type::INT4)]).await.unwrap().len(), 1);
    assert_eq!(proxy.flights() - before, 2, "and knows them now");
    tx.commit().await.unwrap();
    let count: i64 = pool.query_scalar_typed("select count(*) from people", &[]).await.unwrap();
    assert_eq!(count, 3);
}

/// Also in a transaction that asks for its number behind the statement, ahead of the driver's own questions.
#[tokio::test]
async fn types_of_columns_are_asked_for_in_a_transaction() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let retrying = pool.retrying(RetryPolicy::default());
    let done: Result<(), Error> = retrying
        .transaction(|tx| async move {
            tx.batch_execute(PEOPLE).await?;
            let sql = "insert into people(mood) values ('sad') returning mood, moods";
            tx.query_one_typed(sql, &[]).await?;
            tx.query_one_typed("select pair, age from people where mood = $1", &[(&"sad", Type::UNKNOWN)])
                .await
                .map(drop)
        })
        .await;
    done.unwrap();
    let count: i64 = pool.query_scalar_typed("select count(*) from people", &[]).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_dropped_future_cancels_its_statement() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let sql = "select pg_sleep($1)";
    for asleep in [
        tokio::time::timeout(Duration::from_millis(50), pool.execute_typed(sql, &[(&600.0, Type::FLOAT8)]))
            .await,
        tokio::time::timeout(
            Duration::from_millis(50),
            pool.shared_reads(1).execute_typed(sql, &[(&600.0, Type::FLOAT8)]),
        )
        .await,
    ] {
        assert!(asleep.is_err());
    }
    assert_eq!(pool.query_scalar_typed::<i32>("select 1", &[]).await.unwrap(), 1);
    let tx = pool.begin().await.unwrap();
    tx.query_typed("select 1", &[]).await.unwrap();
    let asleep = tx.query_typed(sql, &[(&600.0, Type::FLOAT8)]);
    assert!(tokio::time::timeout(Duration::from_millis(50), asleep).await.is_err());
    let failed = tx.query_typed("select 1", &[]).await.unwrap_err();
    assert_eq!(failed.code(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION));
    tx.rollback().await.unwrap();
    assert_eq!(pool.query_scalar_typed::<i32>("select 1", &[]).await.unwrap(), 1);
    assert_eq!(pool.stats().connects_total, 1, "on the same connection");
}

#[tokio::test]
async fn an_error_leaves_the_session_usable_and_fails_a_transaction() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let session = pool.session().await.unwrap();
    for _ in 0..3 {
        let error = session.query_typed("select 1 / $1", &[(&0, Type::INT4)]).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
        let error = session.execute_typed("select from missing", &[]).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::UNDEFINED_TABLE));
        let two = session.query_opt_typed("values (1), (2)", &[]).await.unwrap_err();
        assert!(matches!(two, Error::Statement(StatementError::RowCount { found: 2, .. })), "{two:?}");
        assert_eq!(session.query_scalar_typed::<i32>("select $1", &[(&7, Type::INT4)]).await.unwrap(), 7);
    }
    drop(session);
    let tx = pool.begin().await.unwrap();
    tx.query_typed("select 1 / $1", &[(&0, Type::INT4)]).await.unwrap_err();
    let aborted = tx.commit().await.unwrap_err();
    assert_eq!(aborted.code(), Some(&SqlState::DIVISION_BY_ZERO));
    assert!(matches!(aborted, Error::Aborted { first: Some(_) }), "{aborted:?}");
    assert_eq!(pool.stats().connects_total, 1);
}

#[tokio::test]
async fn what_it_does_to_the_session_is_undone() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_reset(Reset::Smart));
    let session = pool.session().await.unwrap();
    session.execute_typed("set my.mark = 'left'", &[]).await.unwrap();
    session.query_typed("select pg_advisory_lock($1)", &[(&7_i64, Type::INT8)]).await.unwrap();
    drop(session);
    let sql = "select coalesce(current_setting('my.mark', true), ''),
        (select count(*) from pg_locks where locktype = 'advisory')";
    let row = pool.query_one_typed(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1)), ("", 0));
    pool.execute_typed("begin", &[]).await.unwrap();
    let status = pool.session().await.unwrap().transaction_status();
    assert_eq!(status, pgkeel_pool::TransactionStatus::Idle, "it was never handed on in a transaction");
    assert_eq!(pool.stats().connects_total, 1);
}

#[tokio::test]
async fn a_changed_table_is_seen_at_once_in_a_transaction_too() {
    let database = TestDatabase::empty().await;
    let (pool, other) = (pool_of(&database, 1, 0), database.connection().await);
    other.batch_execute(SCHEMA).await.unwrap();
    let session = pool.session().await.unwrap();
    let (all, find) = ("select * from t", "select n from t where n = $1");
    assert_eq!(session.query_one_typed(all, &[]).await.unwrap().len(), 1);
    assert_eq!(session.query_typed(find, &[(&0, Type::INT4)]).await.unwrap().len(), 1);
    other.batch_execute("alter table t add column m text; alter table t alter n type bigint").await.unwrap();
    let mut session = session;
    let tx = session.begin().await.unwrap();
    assert_eq!(tx.query_one_typed(all, &[]).await.unwrap().len(), 2);
    let row = tx.query_one_typed(find, &[(&0, Type::INT4)]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0, "what fits is still taken");
    tx.commit().await.unwrap();
    other.batch_execute("alter table t alter n type text").await.unwrap();
    let error = session.query_typed(find, &[(&0, Type::INT4)]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::UNDEFINED_FUNCTION), "text = integer");
    assert_eq!(session.query_typed(find, &[(&"0", Type::TEXT)]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_statement_is_observed_with_its_declared_types_its_place_and_no_values() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 2, 0).with_slow_query_threshold(Some(Duration::ZERO)));
    let text = "select $1, $2, ? as told";
    let told = |number: i32| format!("select $1, $2, {number} as told");
    let params = [(&"secret 1" as _, Type::TEXT), (&None::<i32> as _, Type::INT4)];
    let mut lines = Vec::new();
    pool.query_typed(&told(1), &params).await.unwrap();
    lines.push(line!() - 1);
    pool.query_opt_typed(&told(2), &params).await.unwrap();
    lines.push(line!() - 1);
    pool.retrying(RetryPolicy::default()).query_one_typed(&told(3), &params).await.unwrap();
    lines.push(line!() - 1);
    let tx = pool.begin().await.unwrap();
    tx.execute_typed(&told(4), &params).await.unwrap();
    lines.push(line!() - 1);
    tx.query_scalar_typed::<String>(&told(5), &params).await.unwrap();
    lines.push(line!() - 1);
    tx.commit().await.unwrap();
    let error = pool.query_typed("select 1 / $1 as told", &[(&0, Type::INT4)]).await.unwrap_err();
    assert!(error.server().is_some());
    let late = pool.execute_typed("select pg_sleep($1) as told", &[(&600.0, Type::FLOAT8)]);
    assert!(tokio::time::timeout(Duration::from_millis(50), late).await.is_err());

    let slow: Vec<_> = pool.slow_queries().into_iter().filter(|slow| slow.text == text).collect();
    let mut seen: Vec<_> = slow.iter().map(|slow| slow.site.unwrap().line()).collect();
    seen.sort_unstable();
    assert_eq!(seen, lines);
    for slow in &slow {
        assert_eq!(
            (&slow.params[..], slow.rows),
            (&["text of at most 8 B".into(), "int4 null".into()][..], 1)
        );
        assert_eq!(slow.site.unwrap().file(), file!());
    }
    let stats = pool.statement_stats();
    let of = |text: &str| {
        let kind = stats.iter().find(|kind| kind.text.as_deref() == Some(text)).unwrap();
        (kind.times.count(), kind.rows, kind.failed, kind.abandoned)
    };
    assert_eq!(of(text), (5, 5, 0, 0));
    assert_eq!(of("select ? / $1 as told"), (1, 0, 1, 0));
    assert_eq!(of("select pg_sleep($1) as told"), (0, 0, 0, 1));
}

/// Refuses for a reason that passes, so many times; a sequence is not rolled back.
const FLAKY: &str = "create sequence calls; create table done(n int);
    create function flaky(times int) returns int language plpgsql as $$ begin
        if nextval('calls') <= times then raise exception using errcode = '40001'; end if;
        insert into done values (times); return times; end $$";

#[tokio::test]
async fn what_was_refused_for_a_reason_that_passes_is_run_again() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute(FLAKY).await.unwrap();
    let retrying = pool.retrying(RetryPolicy::default());
    let sql = "select flaky($1)";
    assert_eq!(retrying.query_scalar_typed::<i32>(sql, &[(&2, Type::INT4)]).await.unwrap(), 2);
    let unique = "insert into done values ($1), (1 / ($1 - $1))";
    let error = retrying.execute_typed(unique, &[(&7, Type::INT4)]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
    assert_eq!(pool.stats().retries_total, 2);
    assert_eq!(pool.query_scalar_typed::<i64>("select count(*) from done", &[]).await.unwrap(), 1);
}

/// A pool whose driver has lost what it asks for types with, and a table that returns one that it has not met.
async fn without_lookups(database: &TestDatabase) -> Pool {
    let pool = Pool::lazy(config_of(database, 1, 0));
    pool.batch_execute("create type met as enum ('a'); create type unmet as enum ('b')").await.unwrap();
    pool.batch_execute("create table c(n int, v unmet); insert into c values (0, 'b')").await.unwrap();
    pool.query_typed("select 'a'::met", &[]).await.unwrap();
    pool.batch_execute("deallocate all").await.unwrap();
    pool
}

#[tokio::test]
async fn what_was_carried_out_is_not_run_again_though_its_rows_cannot_be_read() {
    let database = TestDatabase::empty().await;
    let count = "update c set n = n + $1 returning v";
    let pool = without_lookups(&database).await;
    let retrying = pool.retrying(RetryPolicy::default());
    let error = retrying.query_typed(count, &[(&1, Type::INT4)]).await.unwrap_err();
    assert!(matches!(error, Error::RowsUnreadable { .. }) && !error.is_safe_to_retry(), "{error:?}");
    assert_eq!(pool.query_scalar::<i32>("select n from c", &[]).await.unwrap(), 1);
    let row = retrying.query_one_typed(count, &[(&1, Type::INT4)]).await.unwrap();
    assert!(matches!(row.columns()[0].type_().kind(), Kind::Enum(_)), "another session asks anew");
    assert_eq!(pool.query_scalar::<i32>("select n from c", &[]).await.unwrap(), 2);
    // One that is refused itself says so, whatever its driver has left.
    pool.batch_execute("deallocate all").await.unwrap();
    let error =
        pool.query_typed("update c set n = 1 / $1 returning v", &[(&0, Type::INT4)]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
    assert!(matches!(error, Error::Statement(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_idempotent_is_run_again_until_its_rows_can_be_read() {
    let database = TestDatabase::empty().await;
    let pool = without_lookups(&database).await;
    let idempotent = pool.retrying(RetryPolicy::default()).idempotent();
    let set = "update c set n = $1 returning v";
    assert_eq!(idempotent.query_typed(set, &[(&7, Type::INT4)]).await.unwrap().len(), 1);
    assert_eq!(pool.stats().retries_total, 1);
}

/// The server looks at them when it has carried the statement out, and then undoes it.
#[tokio::test]
async fn a_constraint_that_is_deferred_is_told_as_what_it_is() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table c(n int unique deferrable initially deferred)").await.unwrap();
    let (insert, one) = ("insert into c values ($1) returning n", [(&1_i32 as _, Type::INT4)]);
    pool.query_typed(insert, &one).await.unwrap();
    for _ in 0..20 {
        let error = pool.query_typed(insert, &one).await.unwrap_err();
        assert!(matches!(error, Error::Statement(_)) && error.constraint().is_some(), "{error:?}");
    }
}

/// What closes statements at the server is answered at any time, and must not pass for a statement that was carried out.
#[tokio::test]
async fn closing_a_statement_is_not_taken_for_carrying_one_out() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_statement_cache(0));
    for _ in 0..100 {
        pool.query("select 1", &[]).await.unwrap();
        let error = pool.query_typed("select 1 / $1", &[(&0, Type::INT4)]).await.unwrap_err();
        assert!(matches!(error, Error::Statement(_)), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_with_new_texts_share_few_sessions() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    let reads = pool.shared_reads(2);
    let tasks = (0..16).map(|task: i32| {
        let reads = reads.clone();
        tokio::spawn(async move {
            for round in 0..50_i32 {
                let sql = format!("select $1 * {round}");
                let product: i32 = reads.query_scalar_typed(&sql, &[(&task, Type::INT4)]).await.unwrap();
                assert_eq!(product, task * round);
            }
            let refused = reads.execute_typed("delete from t where n = $1", &[(&1, Type::INT4)]).await;
            assert!(matches!(refused, Err(Error::NotARead)), "{refused:?}");
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    eventually("the sessions are back", async || (pool.stats().in_use == 0).then_some(())).await;
    assert!(pool.stats().connects_total <= 2, "{}", pool.stats());
}

/// A value that can be written once only, as of a source that is used up.
#[derive(Debug, Default)]
struct WrittenOnce(AtomicBool);

impl ToSql for WrittenOnce {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        assert!(!self.0.swap(true, Ordering::Relaxed), "it was written before");
        2_i32.to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::INT4
    }

    to_sql_checked!();
}

#[tokio::test]
async fn a_value_is_written_once_whatever_is_told_of_it_and_however_often_it_is_sent() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_slow_query_threshold(Some(Duration::ZERO)));
    pool.batch_execute(FLAKY).await.unwrap();
    let retrying = pool.retrying(RetryPolicy::default());
    let value = WrittenOnce::default();
    assert_eq!(
        retrying.query_scalar_typed::<i32>("select flaky($1)", &[(&value, Type::INT4)]).await.unwrap(),
        2
    );
    let slow = pool.slow_queries();
    let slow = slow.iter().find(|slow| slow.text == "select flaky($1)").unwrap();
    assert_eq!(slow.params, ["int4"]);
}

mod behind_a_pooler {
    use pgkeel_pool::PoolerMode;

    use super::*;

    fn config(address: pgkeel_connect::Address) -> Config {
        config_at(address, 1, 0).with_pooler(PoolerMode::Transaction).with_pre_ping(false)
    }

    #[tokio::test]
    async fn what_gives_no_rows_takes_one_flight_and_what_does_is_asked_about_once() {
        let database = TestDatabase::empty().await;
        let proxy = Proxy::before(database.address()).await;
        let pool = Pool::lazy(config(proxy.address()));
        pool.batch_execute(SCHEMA).await.unwrap();
        let before = proxy.flights();
        add_one(&pool).await.unwrap();
        assert_eq!(proxy.flights() - before, 1);
        let (find, one) = ("select n from t where n = $1", [(&1_i32 as _, Type::INT4)]);
        assert_eq!(pool.query_typed(find, &one).await.unwrap().len(), 1);
        let before = proxy.flights();
        assert_eq!(pool.query_typed(find, &one).await.unwrap().len(), 1);
        assert_eq!(proxy.flights() - before, 1);
        let wrong = pool.query_typed(find, &[(&"1", Type::INT4)]).await.unwrap_err();
        assert!(matches!(wrong, Error::Statement(StatementError::Parameter { number: 1, .. })), "{wrong:?}");
    }

    #[tokio::test]
    async fn the_types_are_those_that_were_declared() {
        let database = TestDatabase::empty().await;
        let pool = Pool::lazy(config(database.address().clone()));
        pool.batch_execute(PEOPLE).await.unwrap();
        for _ in 0..3 {
            // The same text, with other types each time; without any it takes a text.
            let echo = "select $1";
            assert_eq!(pool.query_scalar_typed::<i32>(echo, &[(&7, Type::INT4)]).await.unwrap(), 7);
            assert_eq!(pool.query_scalar_typed::<i64>(echo, &[(&7_i64, Type::INT8)]).await.unwrap(), 7);
            assert_eq!(pool.query_scalar::<String>(echo, &[&"seven"]).await.unwrap(), "seven");
            let none: Option<bool> =
                pool.query_scalar_typed(echo, &[(&None::<bool>, Type::BOOL)]).await.unwrap();
            assert_eq!(none, None);
            let insert = "insert into people(mood, age) values ($1, $2) returning mood, age, moods";
            let glad = [(&"glad" as _, Type::UNKNOWN), (&7 as _, Type::INT4)];
            let row = pool.query_one_typed(insert, &glad).await.unwrap();
            let mood = row.columns()[0].type_().clone();
            let sql = "select count(*) from people where mood = $1 or moods = $2::text[]::mood[]";
            let declared = [(&Mood("glad") as _, mood), (&vec!["sad"] as _, Type::TEXT_ARRAY)];
            assert!(pool.query_scalar_typed::<i64>(sql, &declared).await.unwrap() >= 1);
        }
        let session = pool.session().await.unwrap();
        assert_eq!(prepared(&session).await, Vec::<String>::new());
        assert_eq!(pool.stats().connects_total, 1);
    }

    #[tokio::test]
    async fn what_runs_outside_of_transactions_is_run_and_what_changes_a_session_is_refused() {
        let database = TestDatabase::empty().await;
        let pool = Pool::lazy(config(database.address().clone()));
        pool.batch_execute(SCHEMA).await.unwrap();
        pool.query_typed("vacuum t", &[]).await.unwrap();
        pool.execute_typed("vacuum t", &[]).await.unwrap();
        for sql in ["set my.mark = 'left'", "listen jobs", "select pg_advisory_lock($1)"] {
            for refused in [
                pool.execute_typed(sql, &[(&1_i64, Type::INT8)]).await.map(drop),
                pool.query_typed(sql, &[(&1_i64, Type::INT8)]).await.map(drop),
            ] {
                assert!(matches!(refused, Err(Error::SessionState { .. })), "{sql}: {refused:?}");
            }
        }
    }

    #[tokio::test]
    async fn types_that_change_are_learned_anew_and_nothing_is_carried_out_twice() {
        let database = TestDatabase::empty().await;
        let (pool, other) = (Pool::lazy(config(database.address().clone())), database.connection().await);
        other.batch_execute(PEOPLE).await.unwrap();
        other.batch_execute("insert into people(mood, age) values ('sad', 0)").await.unwrap();
        let sql = "update people set age = age + $1 returning mood";
        for round in 1..5_i32 {
            pool.query_one_typed(sql, &[(&1, Type::INT4)]).await.unwrap();
            let tx = pool.begin().await.unwrap();
            tx.query_one_typed(sql, &[(&1, Type::INT4)]).await.unwrap();
            tx.rollback().await.unwrap();
            let age: i32 = other.query_scalar("select age::int from people", &[]).await.unwrap();
            assert_eq!(age, round);
            let anew = "alter type mood rename to old; create type mood as enum ('glad', 'sad');
                alter table people alter mood type mood using mood::text::mood";
            other.batch_execute(&format!("{anew}; alter type old rename to old_{round}")).await.unwrap();
        }
    }
}
