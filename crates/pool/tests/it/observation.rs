//! What can be seen of statements afterwards.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::FutureExt as _;
use pgkeel_pool::{
    Batch, Executor as _, Pool, RequestTx, RetryPolicy, StatementStats, Transaction as _, TxOptions,
};
use pgkeel_testkit::{Log, TestDatabase, eventually};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::{config_of, pool_of};

/// What was counted of the statement of this text.
fn stats_of(pool: &Pool, text: &str) -> Option<StatementStats> {
    pool.statement_stats().into_iter().find(|kind| kind.text.as_deref() == Some(text))
}

fn counted(pool: &Pool, text: &str) -> (u64, u64, u64) {
    stats_of(pool, text).map_or((0, 0, 0), |kind| (kind.times.count(), kind.rows, kind.failed))
}

#[tokio::test]
async fn every_way_of_running_a_statement_is_counted() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    let sql = "select n from generate_series(1, $1::int) n";
    let text = "select n from generate_series(?, $1::int) n";
    pool.query(sql, &[&3]).await.unwrap();
    let mut session = pool.session().await.unwrap();
    session.query(sql, &[&3]).await.unwrap();
    let mut stream = session.query_stream(sql, &[&3]).await.unwrap();
    while stream.next().await.transpose().unwrap().is_some() {}
    drop(stream);
    drop(session);
    pool.transaction(|tx| async move { tx.query(sql, &[&3]).await }).await.unwrap();
    pool.retrying(RetryPolicy::default()).query(sql, &[&3]).await.unwrap();
    pool.shared_reads(1).query(sql, &[&3]).await.unwrap();
    let request = RequestTx::new(&pool, TxOptions::new());
    request.query(sql, &[&3]).await.unwrap();
    request.commit().await.unwrap();
    assert_eq!(counted(&pool, text), (7, 21, 0));
    assert_eq!(counted(&pool, "COMMIT"), (2, 0, 0));
}

#[tokio::test]
async fn rows_failures_and_times_are_those_of_the_statement() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    pool.execute("insert into t select generate_series(1, 5)", &[]).await.unwrap();
    pool.query_opt("select n from t where n = 7", &[]).await.unwrap();
    pool.query_opt("select n from t where n = 2", &[]).await.unwrap();
    pool.query_one("select n from t", &[]).await.unwrap_err();
    pool.execute("select 1/(n - n) from t", &[]).await.unwrap_err();
    pool.execute("select pg_sleep(0.02)", &[]).await.unwrap();
    assert_eq!(counted(&pool, "insert into t select generate_series(?, ?)"), (1, 5, 0));
    assert_eq!(counted(&pool, "select n from t where n = ?"), (2, 1, 0));
    assert_eq!(counted(&pool, "select n from t"), (1, 0, 1), "more rows than one are too many");
    assert_eq!(counted(&pool, "select ?/(n - n) from t"), (1, 0, 1));
    let slept = stats_of(&pool, "select pg_sleep(?)").unwrap();
    assert!(
        slept.slowest >= Duration::from_millis(20) && slept.times.sum() >= slept.slowest / 2,
        "{slept:?}"
    );
    assert_eq!(pool.statement_stats()[0].text, slept.text, "what took longest comes first");
}

#[tokio::test]
async fn a_batch_counts_as_one_and_a_dropped_statement_as_abandoned() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let mut batch = Batch::new();
    for n in 0..10 {
        batch.add("select n from generate_series(1, $1::int) n", (n,));
    }
    pool.run_batch(&batch).await.unwrap();
    pool.transaction_batch(&batch).await.unwrap();
    assert_eq!(counted(&pool, "select n from generate_series(?, $1::int) n"), (2, 90, 0));
    let late = tokio::time::timeout(Duration::from_millis(50), pool.execute("select pg_sleep(30)", &[]));
    late.await.unwrap_err();
    let slept = stats_of(&pool, "select pg_sleep(?)").unwrap();
    assert_eq!((slept.abandoned, slept.times.count()), (1, 0));
}

#[tokio::test]
async fn a_slow_statement_is_kept_with_its_place_its_wait_and_no_values() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_slow_query_threshold(Some(Duration::ZERO)));
    let held = pool.session().await.unwrap();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move {
            let sql = "select $1::text, $2::int, 'secret 2' from generate_series(1, 3)";
            pool.query(sql, &[&"secret 1", &None::<i32>]).await.unwrap();
            line!() - 1
        }
    });
    crate::until_waiting(&pool, 1).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(held);
    let line = waiting.await.unwrap();
    let slow = pool.slow_queries();
    let slow = slow.iter().find(|slow| slow.text.starts_with("select $1")).unwrap();
    assert_eq!(slow.text, "select $1::text, $2::int, ? from generate_series(?, ?)");
    assert_eq!(slow.params, ["text of at most 8 B", "int4 null"]);
    assert_eq!((slow.rows, slow.failed), (3, false));
    assert!(slow.waited >= Duration::from_millis(20), "{slow:?}");
    let site = slow.site.unwrap();
    assert_eq!((site.file(), site.line()), (file!(), line));
}

#[tokio::test]
async fn the_place_is_that_of_the_caller_through_every_handle() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 2, 0).with_slow_query_threshold(Some(Duration::ZERO)));
    let mut lines = Vec::new();
    pool.query_scalar::<i32>("select 1 as a", &[]).await.unwrap();
    lines.push(("select ? as a", line!() - 1));
    pool.query_one("select 1 as b", &[]).await.unwrap();
    lines.push(("select ? as b", line!() - 1));
    let mut session = pool.session().await.unwrap();
    session.batch_execute("select 1 as c").await.unwrap();
    lines.push(("select ? as c", line!() - 1));
    session.query_stream("select 1 as d", &[]).await.unwrap().skip_rest().await.unwrap();
    lines.push(("select ? as d", line!() - 1));
    drop(session);
    let tx = RequestTx::new(&pool, TxOptions::new());
    tx.query_opt("select 1 as e", &[]).await.unwrap();
    lines.push(("select ? as e", line!() - 1));
    tx.commit().await.unwrap();
    let idempotent = pool.retrying(RetryPolicy::default()).idempotent();
    idempotent.query_scalar::<i32>("select 1 as f", &[]).await.unwrap();
    lines.push(("select ? as f", line!() - 1));
    let slow = pool.slow_queries();
    for (text, line) in lines {
        let site = slow.iter().find(|slow| slow.text == text).and_then(|slow| slow.site).unwrap();
        assert_eq!((site.file(), site.line()), (file!(), line), "{text}");
    }
    assert!(slow.iter().any(|slow| slow.text == "COMMIT" && slow.site.is_none()));
}

#[tokio::test]
async fn without_monitoring_nothing_is_kept_and_a_reload_switches_it() {
    let database = TestDatabase::empty().await;
    let config = config_of(&database, 1, 0).with_slow_query_threshold(Some(Duration::ZERO));
    let pool = Pool::lazy(config.clone().with_monitoring(false));
    pool.query("select 1", &[]).await.unwrap();
    assert!(pool.statement_stats().is_empty() && pool.slow_queries().is_empty());
    pool.reload(config.clone());
    pool.query("select 1", &[]).await.unwrap();
    assert_eq!((counted(&pool, "select ?"), pool.slow_queries().len()), ((1, 1, 0), 1));
    pool.reload(config.with_monitoring(false));
    pool.query("select 1", &[]).await.unwrap();
    assert_eq!((counted(&pool, "select ?"), pool.slow_queries().len()), ((1, 1, 0), 1));
}

#[tokio::test]
async fn with_echo_every_statement_is_logged_and_no_value() {
    let database = TestDatabase::empty().await;
    let (pool, log) = (Pool::lazy(config_of(&database, 1, 0).with_sql_echo(true)), Log::of_this_process());
    let sql = "select $1::text as echoed, 'canary_literal'";
    pool.transaction(|tx| async move { tx.query(sql, &[&"canary_parameter"]).await }).await.unwrap();
    let late = pool.execute("select pg_sleep(30) as echoed_late", &[]);
    tokio::time::timeout(Duration::from_millis(50), late).await.unwrap_err();
    let lines = eventually("the log has it", async || {
        let text = log.text();
        text.contains("echoed_late").then_some(text)
    });
    let lines = lines.await;
    let echoed = |line: &&str| line.starts_with("event pgkeel_pool::echo") && line.contains("as echoed, ?");
    let line = lines.lines().find(echoed).unwrap();
    for part in ["text of at most 16 B", "rows=1", "observation.rs"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(lines.lines().any(|line| line.contains("pgkeel_pool::echo") && line.contains("BEGIN")));
    assert!(lines.lines().any(|line| line.contains("echoed_late") && line.contains("dropped")));
    assert!(!lines.contains("canary_literal") && !lines.contains("canary_parameter"));
}

#[tokio::test]
async fn whoever_listens_has_a_span_of_each_statement_in_the_words_of_opentelemetry() {
    let database = TestDatabase::empty().await;
    let (pool, log) = (pool_of(&database, 1, 0), Log::of_this_process());
    pool.batch_execute("create table spanned(id int primary key, name text)").await.unwrap();
    let sql = "insert into spanned values ($1, 'canary_literal')";
    pool.execute(sql, &[&1]).await.unwrap();
    pool.execute(sql, &[&1]).await.unwrap_err();
    let text = log.text();
    let begun = |line: &&str| line.contains("INSERT spanned");
    let [first, second] = text.lines().filter(begun).collect::<Vec<_>>()[..] else { panic!("{text}") };
    let name = database.address().database();
    for part in [
        "pgkeel_pool::statement",
        "otel.name=INSERT spanned",
        "otel.kind=\"client\"",
        "db.system.name=\"postgresql\"",
        &format!("db.namespace={name:?}"),
        "db.operation.name=\"INSERT\"",
        "db.query.text=insert into spanned values (...)",
        "server.address=",
        "server.port=",
        "observation.rs",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let known = |begun: &str| {
        let number = begun.split(' ').nth(1).unwrap();
        let later =
            text.lines().filter(|line| line.starts_with(&format!("span {number} ")) && *line != begun);
        later.collect::<String>()
    };
    assert!(known(first).contains("db.response.returned_rows=1"), "{}", known(first));
    let refused = known(second);
    for part in ["error.type=\"23505\"", "otel.status_code=\"ERROR\"", "db.response.status_code=\"23505\""] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert!(!text.contains("canary_literal"));
}

/// A value that can be written once only.
#[derive(Debug, Default)]
struct WrittenOnce(AtomicBool);

impl ToSql for WrittenOnce {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        assert!(!self.0.swap(true, Ordering::Relaxed), "it was written before");
        5_i32.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INT4
    }

    to_sql_checked!();
}

#[tokio::test]
async fn what_is_told_of_a_parameter_cannot_make_its_statement_fail() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_slow_query_threshold(Some(Duration::ZERO)));
    pool.batch_execute("create table t(n int)").await.unwrap();
    assert_eq!(pool.execute("insert into t values ($1)", &[&WrittenOnce::default()]).await.unwrap(), 1);
    let slow = pool.slow_queries();
    let slow = slow.iter().find(|slow| slow.text.starts_with("insert")).unwrap();
    assert_eq!((slow.rows, &slow.params[..]), (1, &["int4 of a value that does not fit".to_owned()][..]));
}

/// Panics when it is told of this target, once.
struct Breaks(&'static str, AtomicBool);

impl Breaks {
    fn at(target: &'static str) -> Self {
        Self(target, AtomicBool::new(false))
    }

    fn told(&self, metadata: &Metadata<'_>) {
        assert!(metadata.target() != self.0 || self.1.swap(true, Ordering::Relaxed), "it breaks");
    }
}

impl Subscriber for Breaks {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == self.0
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.told(span.metadata());
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.told(event.metadata());
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Whether it panics while the listener to this target breaks.
async fn panics_told_of(target: &'static str, statement: impl Future) -> bool {
    let _listens = tracing::subscriber::set_default(Breaks::at(target));
    AssertUnwindSafe(statement).catch_unwind().await.is_err()
}

/// A session on which a statement still counts as under way would have the next one, dropped, run to its end.
async fn cancels(pool: &Pool) {
    let session = pool.session().await.unwrap();
    let begun = Instant::now();
    let late = tokio::time::timeout(Duration::from_millis(50), session.execute("select pg_sleep(30)", &[]));
    late.await.unwrap_err();
    assert_eq!(session.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_listener_that_panics_does_no_harm_to_the_session() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_sql_echo(true));
    let mut session = pool.session().await.unwrap();
    assert!(panics_told_of("pgkeel_pool::statement", session.query_stream("select 1", &[])).await);
    drop(session);
    cancels(&pool).await;
    for target in ["pgkeel_pool::statement", "pgkeel_pool::echo"] {
        assert!(panics_told_of(target, pool.execute("select 1", &[])).await, "{target}");
        cancels(&pool).await;
    }
    let abandoned = async {
        let late = pool.execute("select pg_sleep(30)", &[]);
        tokio::time::timeout(Duration::from_millis(50), late).await
    };
    assert!(panics_told_of("pgkeel_pool::echo", abandoned).await);
    cancels(&pool).await;
}

#[tokio::test]
async fn a_transaction_whose_begin_could_not_be_echoed_is_begun_all_the_same() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 2, 0).with_sql_echo(true));
    pool.batch_execute("create table t(n int)").await.unwrap();
    let tx = pool.begin().await.unwrap();
    assert!(panics_told_of("pgkeel_pool::echo", tx.execute("insert into t values (1)", &[])).await);
    let _ = tx.execute("insert into t values (2)", &[]).await;
    let _ = tx.rollback().await;
    assert_eq!(pool.query_scalar::<i64>("select count(*) from t", &[]).await.unwrap(), 0);
}
