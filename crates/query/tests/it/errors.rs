//! One error for all executors, and what callers decide on.

use std::sync::atomic::{AtomicU32, Ordering};

use pgkeel_pool::{RetryPolicy, Retryable, TxOptions};
use pgkeel_query::{Error, Executor, sql};
use pgkeel_testkit::TestDatabase;

const SCHEMA: &str =
    "create table parents(id int4 primary key, name text not null check (name <> ''), unique (name));
    create table children(id int4 references parents(id))";

async fn violations(on: &impl Executor) {
    sql!("insert into parents values (1, 'a') on conflict do nothing").execute(on).await.unwrap();
    let twice = sql!("insert into parents values (2, 'a')").execute(on).await.unwrap_err();
    assert!(twice.is_unique_violation() && twice.constraint() == Some("parents_name_key"), "{twice:?}");
    let orphan = sql!("insert into children values (9)").execute(on).await.unwrap_err();
    assert!(
        orphan.is_foreign_key_violation() && orphan.constraint() == Some("children_id_fkey"),
        "{orphan:?}"
    );
    let empty = sql!("insert into parents values (3, '')").execute(on).await.unwrap_err();
    assert!(empty.is_check_violation() && !empty.is_unique_violation(), "{empty:?}");
    let null = sql!("insert into parents values (4, null)").execute(on).await.unwrap_err();
    assert!(null.is_not_null_violation() && null.server().unwrap().column() == Some("name"), "{null:?}");
    for error in [twice, orphan, empty, null] {
        assert!(!error.is_safe_to_retry() && !error.is_not_found());
        assert!(std::error::Error::source(&error).is_some(), "what the executor says");
    }
}

#[tokio::test]
async fn violations_are_told_by_predicates_on_every_executor() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    pool.batch_execute(SCHEMA).await.unwrap();
    violations(&pool).await;
    let connection = database.connection().await;
    violations(&connection).await;
    violations(connection.client()).await;
}

#[tokio::test]
async fn a_transactions_closure_returns_it_and_rolls_back() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    pool.batch_execute(SCHEMA).await.unwrap();
    let name = "a";
    let id = pool.transaction(|tx| async move {
        sql!("insert into parents values (1, {name})").execute(&tx).await?;
        let id: i32 = sql!("select id from parents where name = {name}").scalar(&tx).await?;
        Ok::<_, Error>(id)
    });
    assert_eq!(id.await.unwrap(), 1);
    let failed = pool.transaction(|tx| async move {
        sql!("insert into parents values (2, 'b')").execute(&tx).await?;
        let wrong = 7_i64;
        sql!("insert into children values ({wrong})").execute(&tx).await?;
        Ok::<_, Error>(())
    });
    assert!(matches!(failed.await.unwrap_err(), Error::Parameter(bad) if bad.bind_name() == Some("wrong")));
    assert_eq!(sql!("select count(*) from parents").scalar::<i64>(&pool).await.unwrap(), 1);
}

#[tokio::test]
async fn what_the_pool_says_is_kept_and_can_be_asked_for() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    let none = pool.query_one("select 1 where false", &[]).await.map_err(Error::from).unwrap_err();
    assert!(none.is_not_found(), "{none:?}");
    let name = 7_i32;
    let retried = pool.retrying(RetryPolicy::new().attempts(2)).transaction_with(
        TxOptions::new(),
        move |tx| async move {
            sql!("select {name}::int4 / 0").scalar::<i32>(&tx).await?;
            Ok::<_, Error>(())
        },
    );
    let error = retried.await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "22012");
    let Error::Database(failure) = &error else { panic!("{error:?}") };
    let inner: &(dyn std::error::Error + 'static) = failure.inner();
    assert!(inner.downcast_ref::<pgkeel_pool::Error>().is_some(), "{inner:?}");
    let _report = pool.close(std::time::Duration::from_secs(5)).await;
    let closed = sql!("select 1").scalar::<i32>(&pool).await.unwrap_err();
    assert!(closed.server().is_none() && matches!(closed, Error::Database(_)), "{closed:?}");
}

/// An error of an application's own, around this crate's.
#[derive(Debug)]
struct AppError(Error);

impl From<pgkeel_pool::Error> for AppError {
    fn from(error: pgkeel_pool::Error) -> Self {
        Self(error.into())
    }
}

impl Retryable for AppError {
    fn pool_error(&mut self) -> Option<&mut pgkeel_pool::Error> {
        let Error::Database(failure) = &mut self.0 else { return None };
        let inner: &mut (dyn std::error::Error + 'static) = failure.inner_mut();
        inner.downcast_mut()
    }
}

#[tokio::test]
async fn the_pool_can_judge_an_error_in_it_and_run_again() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    let runs = AtomicU32::new(0);
    let done = pool.retrying(RetryPolicy::new().attempts(3)).run_idempotent(|| async {
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            let fails = sql!("do 'begin raise exception using errcode = ''40001''; end'");
            fails.execute(&pool).await.map_err(AppError)?;
        }
        sql!("select 7").scalar::<i32>(&pool).await.map_err(AppError)
    });
    assert_eq!(done.await.unwrap(), 7);
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}
