//! Functions that run in a transaction, or again, by an attribute.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pgkeel_pool::{Error, Executor as _, Pool, RetryLimit, RetryPolicy, Retryable, Tx, retry, transactional};
use pgkeel_testkit::TestDatabase;
use tokio::task::JoinSet;

use crate::pool_of;
use crate::transactions::{insert, sum, with_table};

/// What a service would have: the pool's errors, and its own.
#[derive(Debug)]
enum AppError {
    Database { source: Error, during: &'static str },
    Refused,
}

impl From<Error> for AppError {
    fn from(source: Error) -> Self {
        Self::Database { source, during: "nothing in particular" }
    }
}

impl Retryable for AppError {
    fn pool_error(&mut self) -> Option<&mut Error> {
        match self {
            Self::Database { source, .. } => Some(source),
            Self::Refused => None,
        }
    }
}

fn few() -> RetryPolicy {
    RetryPolicy::new().attempts(3)
}

/// Counts, then has the server refuse.
#[transactional(retry = few())]
async fn refused(tx: Tx, count: Arc<AtomicU32>, code: &str) -> Result<(), Error> {
    count.fetch_add(1, Ordering::Relaxed);
    tx.batch_execute(&format!("do $$ begin raise exception using errcode = '{code}'; end $$")).await
}

#[transactional]
async fn add_unless_negative(tx: Tx, n: i32) -> Result<i32, AppError> {
    tx.execute("insert into t values ($1)", &[&n]).await?;
    if n < 0 {
        return Err(AppError::Refused);
    }
    Ok(n)
}

#[transactional(serializable, read_only, deferrable)]
async fn settings(tx: Tx) -> Result<(String, String, String), Error> {
    let shown = "select concat(current_setting('transaction_isolation'), ',', current_setting('transaction_read_only'),
        ',', current_setting('transaction_deferrable'))";
    let all: String = tx.query_scalar(shown, &[]).await?;
    let mut each = all.split(',').map(str::to_owned);
    let mut next = || each.next().unwrap();
    Ok((next(), next(), next()))
}

/// Reads and writes in two statements, so that only a serializable transaction that is run again loses nothing.
#[transactional(serializable, retry = RetryPolicy::new().attempts(1_000).unbudgeted())]
async fn increment(tx: Tx, by: i32) -> Result<(), Error> {
    let n: i32 = tx.query_scalar("select n from t", &[]).await?;
    tx.execute("update t set n = $1", &[&(n + by)]).await?;
    Ok(())
}

#[tokio::test]
async fn an_ok_is_committed_and_an_err_rolled_back() {
    let (_database, pool) = with_table().await;
    assert_eq!(add_unless_negative(&pool, 3).await.unwrap(), 3);
    assert!(matches!(add_unless_negative(&pool, -1).await, Err(AppError::Refused)));
    assert_eq!(sum(&pool).await, 3);
}

#[tokio::test]
async fn the_words_become_the_options_of_the_transaction() {
    let (_database, pool) = with_table().await;
    let on = || "on".to_owned();
    assert_eq!(settings(&pool).await.unwrap(), ("serializable".to_owned(), on(), on()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spawned_increments_lose_no_update() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 4, 0);
    pool.batch_execute("create table t(n int); insert into t values (0)").await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let pool = pool.clone();
        tasks.spawn(async move {
            for _ in 0..5 {
                increment(&pool, 2).await?;
            }
            Ok::<_, Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(sum(&pool).await, 80);
}

#[tokio::test]
async fn a_transaction_is_run_as_often_as_its_policy_says() {
    let (_database, pool) = with_table().await;
    for (code, attempts) in [("40001", 3), ("23505", 1)] {
        let count = Arc::new(AtomicU32::new(0));
        let error = refused(&pool, count.clone(), code).await.unwrap_err();
        assert_eq!((count.load(Ordering::Relaxed), error.code().unwrap().code()), (attempts, code));
    }
}

/// Of two statements the second loses its connection, once or each time.
#[retry(idempotent, policy = few())]
async fn cut_off(pool: &Pool, count: &AtomicU32, cuts: u32) -> Result<u32, AppError> {
    pool.execute("delete from t", &[]).await?;
    pool.execute("insert into t values (7)", &[]).await?;
    let attempt = count.fetch_add(1, Ordering::Relaxed);
    if attempt < cuts {
        let done = pool.execute("select pg_terminate_backend(pg_backend_pid())", &[]).await;
        done.map_err(|source| AppError::Database { source, during: "the cut" })?;
    }
    Ok(attempt + 1)
}

#[tokio::test]
async fn an_idempotent_body_is_run_again_when_its_connection_was_lost() {
    let (_database, pool) = with_table().await;
    let shared = pool.clone();
    let spawned = tokio::spawn(async move { cut_off(&shared, &AtomicU32::new(0), 2).await });
    assert_eq!(spawned.await.unwrap().unwrap(), 3);
    assert_eq!((sum(&pool).await, pool.stats().retries_total), (7, 2));
}

#[tokio::test]
async fn what_is_given_up_says_so_inside_of_the_callers_own_error() {
    let (_database, pool) = with_table().await;
    let error = cut_off(&pool, &AtomicU32::new(0), 9).await.unwrap_err();
    let AppError::Database { source: Error::RetriesExhausted { attempts, limit, source, .. }, during } =
        error
    else {
        panic!("{error:?}");
    };
    assert_eq!((attempts, limit, during), (3, RetryLimit::Attempts, "the cut"));
    assert!(matches!(source.as_deref(), Some(Error::Statement(_))), "{source:?}");
}

#[tokio::test]
async fn what_is_for_good_is_run_once() {
    let (_database, pool) = with_table().await;
    let count = &AtomicU32::new(0);
    let run = |error: fn() -> AppError| {
        count.store(0, Ordering::Relaxed);
        pool.retrying(few()).run_idempotent(move || {
            count.fetch_add(1, Ordering::Relaxed);
            async move { Err::<(), _>(error()) }
        })
    };
    assert!(matches!(run(|| AppError::Refused).await, Err(AppError::Refused)));
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert!(matches!(
        run(|| Error::TxClosed.into()).await,
        Err(AppError::Database { source: Error::TxClosed, .. })
    ));
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(pool.stats().retries_total, 0);
}

#[tokio::test]
async fn a_transaction_in_an_idempotent_body_is_run_again_when_nobody_knows_whether_it_committed() {
    let (_database, pool) = with_table().await;
    let mut attempts = 0;
    let done: Result<u32, Error> = pool
        .retrying(few())
        .run_idempotent(|| {
            attempts += 1;
            let (attempt, pool) = (attempts, pool.clone());
            async move {
                let source = pool.execute("select pg_terminate_backend(pg_backend_pid())", &[]).await;
                match source {
                    Err(Error::Statement(source)) if attempt == 1 => {
                        Err(Error::CommitUnknown { xid: None, source })
                    }
                    _ => Ok(attempt),
                }
            }
        })
        .await;
    assert_eq!(done.unwrap(), 2);
}

#[tokio::test]
async fn at_the_deadline_an_idempotent_body_is_dropped() {
    let (_database, pool) = with_table().await;
    let policy = RetryPolicy::new().deadline(Duration::from_millis(50));
    let done: Result<(), Error> = pool
        .retrying(policy)
        .run_idempotent(|| async { pool.batch_execute("select pg_sleep(60)").await })
        .await;
    let limit = RetryLimit::Deadline;
    assert!(
        matches!(done, Err(Error::RetriesExhausted { attempts: 1, limit: hit, .. }) if hit == limit),
        "{done:?}"
    );
    insert(&pool, 1).await.unwrap();
}
