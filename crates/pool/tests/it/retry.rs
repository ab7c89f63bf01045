//! What is run again, what is not, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pgkeel_pool::{Error, Executor as _, Pool, RetryLimit, RetryPolicy, Transaction as _, TxOptions};
use pgkeel_testkit::{Direction, Proxy, TestDatabase, eventually, scaled};
use tokio::task::JoinSet;

use crate::transactions::{insert, sum, with_table};
use crate::{config_at, pool_of};

fn raising(code: &str) -> String {
    format!("do $$ begin raise exception using errcode = '{code}'; end $$")
}

fn patient() -> RetryPolicy {
    RetryPolicy::new().attempts(1_000).unbudgeted()
}

/// Runs a transaction that fails this way, and says how often it was run.
async fn attempts_at(pool: &Pool, policy: RetryPolicy, sql: &str) -> (u32, Error) {
    let mut attempts = 0;
    let done: Result<(), Error> = pool
        .retrying(policy)
        .transaction(|tx| {
            attempts += 1;
            async move { tx.batch_execute(sql).await }
        })
        .await;
    (attempts, done.unwrap_err())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_tasks_that_increment_one_row_lose_no_update() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 8, 8);
    pool.batch_execute("create table t(n int); insert into t values (0)").await.unwrap();
    let rounds = scaled(5, 50);
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let retrying = pool.retrying(patient());
        tasks.spawn(async move {
            for _ in 0..rounds {
                retrying
                    .transaction_with(TxOptions::serializable(), |tx| async move {
                        let n: i32 = tx.query_scalar("select n from t", &[]).await?;
                        tx.execute("update t set n = $1", &[&(n + 1)]).await
                    })
                    .await?;
            }
            Ok::<_, Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    let n: i32 = pool.query_scalar("select n from t", &[]).await.unwrap();
    println!("16 tasks x {rounds}: {n}, run again {} times", pool.stats().retries_total);
    assert_eq!(n, 16 * rounds);
}

#[tokio::test]
async fn of_two_that_wait_for_each_other_both_succeed() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 4, 0);
    let soon = "do $$ begin
        execute format('alter database %I set deadlock_timeout = 20', current_database());
    end $$";
    pool.batch_execute(soon).await.unwrap();
    pool.invalidate_all();
    pool.batch_execute("create table t(k int primary key, n int); insert into t values (1, 0), (2, 0)")
        .await
        .unwrap();
    let pairs: u32 = scaled(5, 100);
    for _ in 0..pairs {
        // Both have their first row before either asks for its second.
        let both = Arc::new(tokio::sync::Barrier::new(2));
        let mut tasks = JoinSet::new();
        for (first, second) in [(1, 2), (2, 1)] {
            let (retrying, both, met) =
                (pool.retrying(RetryPolicy::default()), both.clone(), Arc::new(AtomicU32::new(0)));
            tasks.spawn(async move {
                retrying
                    .transaction(|tx| {
                        let (both, met) = (both.clone(), met.clone());
                        async move {
                            let update = "update t set n = n + 1 where k = $1";
                            tx.execute(update, &[&first]).await?;
                            if met.fetch_add(1, Ordering::SeqCst) == 0 {
                                both.wait().await;
                            }
                            tx.execute(update, &[&second]).await
                        }
                    })
                    .await
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap().unwrap();
        }
    }
    let n: i64 = pool.query_scalar("select sum(n) from t", &[]).await.unwrap();
    let retries = pool.stats().retries_total;
    println!("{pairs} deadlocked pairs: all done, run again {retries} times");
    assert!(n == i64::from(pairs) * 4 && retries >= u64::from(pairs), "{n} {retries}");
}

#[tokio::test]
async fn what_would_fail_again_is_run_once() {
    let (_database, pool) = with_table().await;
    for code in ["23505", "57014", "22012", "42601", "53100", "25006", "55P03", "40003"] {
        let (attempts, error) = attempts_at(&pool, RetryPolicy::default(), &raising(code)).await;
        assert_eq!((attempts, error.code().unwrap().code()), (1, code));
        assert!(matches!(error, Error::Statement(_)), "{error:?}");
    }
    assert_eq!(pool.stats().retries_total, 0);
    let (attempts, error) =
        attempts_at(&pool, RetryPolicy::default(), "set local statement_timeout = 20; select pg_sleep(5)")
            .await;
    assert_eq!((attempts, error.code().unwrap().code()), (1, "57014"));
    let (attempts, _) = attempts_at(&pool, RetryPolicy::default(), "insert into t values (1), (1)").await;
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn what_may_pass_is_run_again_within_the_policys_attempts() {
    let (_database, pool) = with_table().await;
    let policy = RetryPolicy::new().attempts(3);
    for code in ["40001", "40P01"] {
        let (attempts, error) = attempts_at(&pool, policy, &raising(code)).await;
        assert_eq!((attempts, error.code().unwrap().code()), (3, code));
        assert!(
            matches!(error, Error::RetriesExhausted { attempts: 3, limit: RetryLimit::Attempts, .. }),
            "{error:?}"
        );
    }
    let (attempts, _) = attempts_at(&pool, policy.retry_lock_timeouts(true), &raising("55P03")).await;
    assert_eq!(attempts, 3);
    let (attempts, error) = attempts_at(&pool, policy.attempts(1), &raising("40001")).await;
    assert!(attempts == 1 && matches!(error, Error::Statement(_)), "{error:?}");
}

#[tokio::test]
async fn the_first_error_decides_whatever_the_closure_returns() {
    #[derive(Debug)]
    struct Own;
    impl From<Error> for Own {
        fn from(_: Error) -> Self {
            Self
        }
    }
    let (_database, pool) = with_table().await;
    for (first, expected) in [("40001", 3), ("23505", 1)] {
        for keeps_quiet in [false, true] {
            let (mut attempts, sql) = (0, &raising(first));
            let done: Result<(), Own> = pool
                .retrying(RetryPolicy::new().attempts(3))
                .transaction(|tx| {
                    attempts += 1;
                    async move {
                        let _ = tx.batch_execute(sql).await;
                        let _ = tx.batch_execute("select 1").await; // 25P02
                        if keeps_quiet { Ok(()) } else { Err(Own) }
                    }
                })
                .await;
            assert!(done.is_err());
            assert_eq!(attempts, expected, "{first}");
        }
    }
    // An error of the closure's own, with nothing wrong in the database.
    let mut attempts = 0;
    let done = pool.retrying(RetryPolicy::default()).transaction(|tx| {
        attempts += 1;
        async move {
            tx.batch_execute("select 1").await?;
            Err::<(), Own>(Own)
        }
    });
    assert!(done.await.is_err());
    assert_eq!(attempts, 1);
}

/// A serialization failure is not mended by a savepoint; what is mended does not count.
#[tokio::test]
async fn what_failed_in_a_savepoint_counts_if_it_reaches_further() {
    let (_database, pool) = with_table().await;
    for (code, expected) in [("40001", 3), ("23505", 1)] {
        let (mut attempts, sql) = (0, &raising(code));
        let done: Result<(), Error> = pool
            .retrying(RetryPolicy::new().attempts(3))
            .transaction(|tx| {
                attempts += 1;
                async move { tx.transaction(|inner| async move { inner.batch_execute(sql).await }).await }
            })
            .await;
        assert!(done.is_err());
        assert_eq!(attempts, expected, "{code}");
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_before_commit_costs_another_attempt() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    pool.batch_execute("create table t(n int); insert into t values (0)").await.unwrap();
    let killer = &database.connection().await;
    for by_server in [true, false] {
        let mut attempts = 0;
        let done: Result<u64, Error> = pool
            .retrying(RetryPolicy::default())
            .transaction(|tx| {
                attempts += 1;
                let dies = attempts == 1;
                async move {
                    let pid: i32 = tx.query_scalar("select pg_backend_pid()", &[]).await?;
                    tx.execute("update t set n = n + 1", &[]).await?;
                    if dies && by_server {
                        tx.execute("select pg_terminate_backend($1)", &[&pid]).await?;
                    } else if dies {
                        killer.execute("select pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();
                    }
                    tx.execute("update t set n = n + 1", &[]).await
                }
            })
            .await;
        done.unwrap();
        assert_eq!(attempts, 2);
    }
    assert_eq!(pool.query_scalar::<i32>("select n from t", &[]).await.unwrap(), 4);
}

#[tokio::test]
async fn a_stale_statement_in_a_transaction_costs_another_attempt() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int); insert into t values (1)").await.unwrap();
    pool.query("select * from t", &[]).await.unwrap();
    pool.batch_execute("alter table t add column m text").await.unwrap();
    let row = pool
        .retrying(RetryPolicy::default())
        .transaction(|tx| async move { tx.query_one("select * from t", &[]).await })
        .await;
    assert_eq!(row.map_err(|error: Error| error).unwrap().len(), 2);
}

#[tokio::test]
async fn the_budget_holds_when_everything_fails() {
    let (_database, pool) = with_table().await;
    let policy = RetryPolicy::new().attempts(4).backoff(Duration::ZERO, Duration::ZERO);
    let storm = async |calls: u32| {
        let (mut attempts, mut refused) = (0, 0);
        for _ in 0..calls {
            let (made, error) = attempts_at(&pool, policy, &raising("40001")).await;
            attempts += made;
            let is_refusal = matches!(error, Error::RetriesExhausted { limit: RetryLimit::Budget, .. });
            refused += u32::from(is_refusal);
        }
        (attempts, refused)
    };
    // The savings are spent first: 100 retries, 3 a call.
    let (spending, _) = storm(40).await;
    let calls = scaled(200, 5_000);
    let (attempts, refused) = storm(calls).await;
    println!(
        "storm of {calls} calls: {attempts} attempts, {refused} refusals; savings before: {spending} of 40 calls"
    );
    assert!(attempts * 10 <= calls * 11, "{attempts} of {calls}");
    assert!(refused > calls / 2);
    assert_eq!(u64::from(refused), pool.stats().retries_refused_total.min(refused.into()));
    let (_, error) = attempts_at(&pool, policy, &raising("40001")).await;
    assert!(error.to_string().contains("retry budget"), "{error}");
}

#[tokio::test]
async fn a_deadline_bounds_everything_and_the_server_hears_of_it() {
    let (_database, pool) = with_table().await;
    let policy = RetryPolicy::new().deadline(Duration::from_millis(300));
    let told = pool.retrying(policy).transaction(|tx| async move {
        tx.query_scalar::<String>("select setting from pg_settings where name = 'statement_timeout'", &[])
            .await
    });
    let told: u64 = told.await.map_err(|error: Error| error).unwrap().parse().unwrap();
    assert!((1..=300).contains(&told), "{told}");
    // It was for the transaction alone.
    assert_eq!(pool.query_scalar::<String>("show statement_timeout", &[]).await.unwrap(), "0");

    let begun = Instant::now();
    let (attempts, error) = attempts_at(&pool, policy, "select pg_sleep(30)").await;
    // The client gives up at the same time as the server.
    let by_server = error.code().is_some_and(|code| code.code() == "57014");
    let by_client = matches!(error, Error::RetriesExhausted { limit: RetryLimit::Deadline, .. });
    assert!(attempts == 1 && (by_server || by_client), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));

    // Waiting for a session counts.
    let (_one, _two) = (pool.session().await.unwrap(), pool.session().await.unwrap());
    let (attempts, error) = attempts_at(&pool, policy, "select 1").await;
    assert!(matches!(error, Error::RetriesExhausted { limit: RetryLimit::Deadline, .. }), "{error:?}");
    assert_eq!(attempts, 0);
}

#[tokio::test]
async fn single_statements_are_repeated_if_nothing_was_done() {
    let (_database, pool) = with_table().await;
    pool.batch_execute(
        "create function fails(code text) returns int language plpgsql as
        $$ begin raise exception using errcode = code; end $$",
    )
    .await
    .unwrap();
    let retrying = pool.retrying(RetryPolicy::new().attempts(3));
    let tries = async |sql: &str, code: &str| {
        let before = pool.stats().retries_total;
        retrying.execute(sql, &[&code]).await.unwrap_err();
        pool.stats().retries_total - before
    };
    assert_eq!(tries("select fails($1)", "40001").await, 2);
    assert_eq!(tries("select fails($1)", "23505").await, 0);
    assert_eq!(tries("select fails($1)", "57014").await, 0);
    // Several statements may have committed half-way.
    let before = pool.stats().retries_total;
    retrying.batch_execute(&raising("40001")).await.unwrap_err();
    assert_eq!(pool.stats().retries_total, before);
    retrying.clone().idempotent().batch_execute(&raising("40001")).await.unwrap_err();
    assert_eq!(pool.stats().retries_total, before + 2);
}

/// The answer is lost: the statement has been carried out, and only the caller knows whether twice would do.
#[tokio::test]
async fn a_statement_whose_answer_is_lost_is_repeated_only_if_it_is_idempotent() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(config_at(proxy.address(), 1, 0));
    pool.batch_execute("create table t(n int); insert into t values (0)").await.unwrap();
    let update = "update t set n = 7";
    pool.execute(update, &[]).await.unwrap();
    let retrying = pool.retrying(RetryPolicy::default());
    for (retrying, succeeds) in [(retrying.clone(), false), (retrying.idempotent(), true)] {
        pool.execute(update, &[]).await.unwrap();
        let lost = pool.stats().lost_total;
        proxy.cut_after(Direction::ToClient, 0);
        let mend = async {
            eventually("the cut is noticed", async || (pool.stats().lost_total > lost).then_some(())).await;
            proxy.pass();
        };
        let (done, ()) = tokio::join!(retrying.execute(update, &[]), mend);
        assert_eq!(done.is_ok(), succeeds, "{done:?}");
    }
}

#[tokio::test]
async fn connecting_is_tried_again_until_the_server_is_there() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(config_at(proxy.address(), 1, 0));
    proxy.refuse();
    let retrying = pool.retrying(RetryPolicy::new().attempts(100).deadline(Duration::from_secs(20)));
    let back = async {
        eventually("connecting fails", async || (pool.stats().connect_failures_total >= 2).then_some(()))
            .await;
        proxy.pass();
    };
    let (one, ()) = tokio::join!(retrying.query_scalar::<i32>("select 1", &[]), back);
    assert_eq!(one.unwrap(), 1);
}

/// That these compile is what they are for.
#[tokio::test]
async fn both_forms_run_under_spawn_with_captured_and_borrowed_state() {
    let (_database, pool) = with_table().await;
    let numbers = Arc::new(vec![1, 2]);
    let once = tokio::spawn(pool.transaction({
        let numbers = numbers.clone();
        |tx| async move {
            for n in numbers.iter() {
                insert(&tx, *n).await?;
            }
            Ok::<_, Error>(())
        }
    }));
    once.await.unwrap().unwrap();
    let again =
        tokio::spawn(pool.retrying(RetryPolicy::default()).transaction_with(TxOptions::serializable(), {
            let numbers = numbers.clone();
            move |tx| {
                let numbers = numbers.clone();
                async move {
                    insert(&tx, 4 * numbers[0]).await?;
                    tx.commit().await
                }
            }
        }));
    again.await.unwrap().unwrap();
    let retrying = pool.retrying(RetryPolicy::default());
    let borrowing = tokio::spawn(async move {
        let text = String::from("insert into t values (8)");
        let borrowed = &text;
        retrying.transaction(|tx| async move { tx.execute(borrowed, &[]).await }).await.map_err(|e: Error| e)
    });
    assert_eq!(borrowing.await.unwrap().unwrap(), 1);
    assert_eq!(sum(&pool).await, 1 + 2 + 4 + 8);
}
