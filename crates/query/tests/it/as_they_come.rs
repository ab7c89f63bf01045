//! Rows are read as they come: each once, whatever happens on the way, and few of them are there at once that were not read.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::future::join;
use pgkeel_pool::{Begin as _, Config, Pool, PoolerMode, RetryPolicy, Transaction as _};
use pgkeel_query::row::CellReason;
use pgkeel_query::{AuditedSql, Error, Executor, FromRow, sql};
use pgkeel_testkit::{Direction, Proxy, TestDatabase, eventually};

const ROWS: i32 = 100_000;
const BAD: i32 = 50_000;

#[derive(Debug, PartialEq, FromRow)]
struct Item {
    n: i32,
    text: String,
}

async fn items(on: &impl Executor, rows: i32) -> Result<Vec<Item>, Error> {
    sql!("select n, repeat('x', n % 200) as text from generate_series(1, {rows}) n").fetch_all(on).await
}

fn are_whole(items: &[Item], rows: i32) -> bool {
    items.len() == usize::try_from(rows).unwrap()
        && (1..)
            .zip(items)
            .all(|(n, item)| item.n == n && item.text.len() == (n % 200).unsigned_abs() as usize)
}

/// What a future makes of so many polls.
async fn polled<F: Future>(future: F, times: u32) -> Option<F::Output> {
    let (mut future, mut polls) = (pin!(future), 0);
    poll_fn(|cx| {
        polls += 1;
        if polls > times { Poll::Ready(None) } else { future.as_mut().poll(cx).map(Some) }
    })
    .await
}

async fn rows_of_every_size(on: &impl Executor) {
    for rows in [0, 1, 2, 63, 64, 65, 1_000] {
        assert!(are_whole(&items(on, rows).await.unwrap(), rows), "{rows}");
        let text = "select n, repeat('x', n % 200) as text from generate_series(1, $1) n";
        let audited = AuditedSql::new("the same without being prepared", text);
        assert!(are_whole(&audited.bind(&rows).fetch_all(on).await.unwrap(), rows), "{rows}");
    }
}

#[tokio::test]
async fn all_rows_come_in_order_from_every_executor() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    rows_of_every_size(&pool).await;
    rows_of_every_size(&pool.retrying(RetryPolicy::new())).await;
    rows_of_every_size(&pool.shared_reads(1)).await;
    let mut session = pool.session().await.unwrap();
    rows_of_every_size(&session).await;
    let tx = session.begin().await.unwrap();
    rows_of_every_size(&tx).await;
    tx.commit().await.unwrap();
    let config = Config::new(database.address().clone()).with_pooler(PoolerMode::Transaction);
    rows_of_every_size(&Pool::lazy(config)).await;
    let mut connection = database.connection().await;
    rows_of_every_size(&connection).await;
    rows_of_every_size(connection.client()).await;
    rows_of_every_size(&connection.begin().await.unwrap()).await;
}

#[tokio::test]
async fn a_future_that_is_dropped_at_any_point_leaves_nothing_to_the_next_statement() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    for polls in (0..10).chain((10..).step_by(9)) {
        if let Some(items) = polled(items(&pool, 20_000), polls).await {
            assert!(polls > 3 && are_whole(&items.unwrap(), 20_000), "{polls}");
            break;
        }
        assert_eq!(sql!("select {polls}::int8").scalar::<i64>(&pool).await.unwrap(), i64::from(polls));
    }
    assert_eq!(pool.stats().connects_total, 1);
}

/// Rows of which one cannot be read, in the middle of the others.
async fn fails_in_the_middle(on: &impl Executor) {
    let (rows, bad) = (ROWS, BAD);
    let statement =
        sql!("select n, nullif('x', left('x', ({bad} = n)::int4)) as text from generate_series(1, {rows}) n");
    let error = statement.fetch_all::<Item>(on).await.unwrap_err();
    let Error::Cell { row: 50_000, source } = &error else { panic!("{error:?}") };
    assert_eq!((source.field().field, source.column(), source.reason()), ("text", "text", CellReason::Null));
    assert_eq!((source.server_type(), source.rust_type()), ("text", "String"));
    let statement = sql!("select n::int8, 'x' as text from generate_series(1, {rows}) n");
    let error = statement.fetch_all::<Item>(on).await.unwrap_err();
    assert!(matches!(error, Error::Columns(_)), "{error:?}");
    assert_eq!(sql!("select 7").scalar::<i32>(on).await.unwrap(), 7);
}

#[tokio::test]
async fn what_cannot_be_read_in_the_middle_leaves_session_and_transaction_as_they_were() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    fails_in_the_middle(&pool).await;
    let mut session = pool.session().await.unwrap();
    let tx = session.begin().await.unwrap();
    fails_in_the_middle(&tx).await;
    tx.execute("create table kept()", &[]).await.unwrap();
    tx.commit().await.unwrap();
    session.execute("drop table kept", &[]).await.unwrap();
    drop(session);
    assert_eq!(pool.stats().connects_total, 1);
    let mut connection = database.connection().await;
    fails_in_the_middle(&connection).await;
    fails_in_the_middle(connection.client()).await;
    let tx = connection.begin().await.unwrap();
    fails_in_the_middle(&tx).await;
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_changes_rows_that_cannot_be_read_is_carried_out_as_a_whole() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    let statement =
        "create table changed as select n, nullif(n, 3)::text as text from generate_series(1, 1000) n";
    pool.batch_execute(statement).await.unwrap();
    let changed = sql!("update changed set n = n + 1 returning n, text").fetch_all::<Item>(&pool).await;
    assert!(matches!(changed, Err(Error::Cell { row: 3, .. })), "{changed:?}");
    assert_eq!(sql!("select sum(n) from changed").scalar::<i64>(&pool).await.unwrap(), 501_500);
}

#[tokio::test]
async fn a_read_that_is_cut_off_in_the_middle_is_run_again_and_has_each_row_once() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()).with_size(1, 0).unwrap());
    items(&pool, 1).await.unwrap();
    let before = proxy.passed(Direction::ToClient);
    items(&pool, ROWS).await.unwrap();
    let half = (proxy.passed(Direction::ToClient) - before) / 2;
    let cut_off = async |repeats: bool| {
        let accepted = proxy.accepted();
        let until = proxy.passed(Direction::ToClient) + half;
        proxy.cut_after(Direction::ToClient, half);
        let patient =
            RetryPolicy::new().attempts(100).backoff(Duration::from_millis(5), Duration::from_millis(50));
        let retrying = pool.retrying(patient.unbudgeted());
        let retrying = if repeats { retrying.idempotent() } else { retrying };
        let mended = async {
            eventually("the cut", async || (proxy.passed(Direction::ToClient) >= until).then_some(())).await;
            proxy.pass();
        };
        let (read, ()) = join(items(&retrying, ROWS), mended).await;
        (read, proxy.accepted() - accepted)
    };
    let (read, connects) = cut_off(true).await;
    assert!(are_whole(&read.unwrap(), ROWS) && connects > 0, "{connects}");
    let (read, _) = cut_off(false).await;
    let error = read.expect_err("nobody said that it may be run twice");
    assert!(matches!(error, Error::Database(_)), "{error:?}");
}

#[tokio::test]
async fn a_statement_that_is_prepared_anew_has_each_row_once() {
    let database = TestDatabase::empty().await;
    let (pool, other) = (crate::pool_of(&database), database.connection().await);
    other
        .batch_execute("create table t as select n, n::text as text from generate_series(1, 100) n")
        .await
        .unwrap();
    for _ in 0..3 {
        let items = sql!("select * from t order by n").fetch_all::<Item>(&pool).await.unwrap();
        assert!(items.len() == 100 && (1..).zip(&items).all(|(n, item)| item.n == n), "{items:?}");
        other
            .batch_execute("alter table t add column other int; alter table t rename other to was")
            .await
            .unwrap();
        other.batch_execute("alter table t drop column was").await.unwrap();
    }
}

#[tokio::test]
async fn rows_are_counted_and_their_statement_is_the_callers() {
    let database = TestDatabase::empty().await;
    let config = Config::new(database.address().clone()).with_slow_query_threshold(Some(Duration::ZERO));
    let pool = Pool::lazy(config);
    items(&pool, 1_000).await.unwrap();
    let slow = pool.slow_queries();
    let slow = slow.iter().find(|slow| slow.rows == 1_000).expect("a statement of so many rows");
    assert!(slow.site.unwrap().file().ends_with("as_they_come.rs"), "{slow:?}");
}

thread_local! {
    static LINE: RefCell<Option<Proxy>> = const { RefCell::new(None) };
    /// Bytes of the rows that were read.
    static READ: Cell<u64> = const { Cell::new(0) };
    /// The most bytes that were sent and not read.
    static MOST: Cell<u64> = const { Cell::new(0) };
}

/// Keeps nothing of a text, and looks how far behind it is.
struct Passed;

impl From<String> for Passed {
    fn from(text: String) -> Self {
        READ.set(READ.get() + text.len() as u64);
        let sent = LINE.with_borrow(|line| line.as_ref().unwrap().passed(Direction::ToClient));
        MOST.set(MOST.get().max(sent.saturating_sub(READ.get())));
        Self
    }
}

#[derive(FromRow)]
struct Large {
    #[pgkeel(try_from = "String")]
    text: Passed,
}

/// What is on its way is in the buffers of sockets, which have a bound of their own; rows that wait would be all of them.
#[tokio::test]
async fn few_rows_are_there_that_were_not_read() {
    const SIZE: i32 = 20_000;
    const ROWS: i32 = 10_000;
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()).with_size(1, 0).unwrap());
    LINE.set(Some(proxy));
    let (size, rows) = (SIZE, ROWS);
    let statement = sql!("select repeat('x', {size}) as text from generate_series(1, {rows})");
    let read = statement.fetch_all::<Large>(&pool).await.unwrap();
    assert_eq!(read.len(), 10_000);
    let all = u64::from(SIZE.unsigned_abs()) * u64::from(ROWS.unsigned_abs());
    assert!(READ.get() == all && MOST.get() < all / 4, "{} of {all} bytes were not read at once", MOST.get());
    let _ = |large: Large| large.text;
}

/// How many rows were read slowly.
static SLOWLY: AtomicU64 = AtomicU64::new(0);

/// Takes longer to read than the server takes to send it.
struct Slow;

impl From<i32> for Slow {
    fn from(_: i32) -> Self {
        SLOWLY.fetch_add(1, Ordering::SeqCst);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_micros(50) {
            std::hint::spin_loop();
        }
        Self
    }
}

#[derive(FromRow)]
struct Slowly {
    #[pgkeel(try_from = "i32")]
    n: Slow,
}

/// The most rows that one poll has read, of all.
async fn most_at_once(on: &impl Executor, rows: i32) -> u64 {
    let read = async { sql!("select n from generate_series(1, {rows}) n").fetch_all::<Slowly>(on).await };
    let (mut read, mut most) = (pin!(read), 0);
    let read = poll_fn(|cx| {
        let before = SLOWLY.load(Ordering::SeqCst);
        let polled = read.as_mut().poll(cx);
        most = most.max(SLOWLY.load(Ordering::SeqCst) - before);
        polled
    });
    assert_eq!(read.await.unwrap().len(), usize::try_from(rows).unwrap());
    let _ = |row: Slowly| row.n;
    most
}

/// The connection goes on on another thread, so there is always a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_tasks_have_their_turn_while_rows_are_read_slowly() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    for most in [most_at_once(&pool, 8_000).await, most_at_once(&pool.begin().await.unwrap(), 8_000).await] {
        assert!(most < 1_000, "{most} rows were read in one go");
    }
}
