//! Commit, rollback, savepoints, and handles that outlive them.

use pgkeel_pool::{Begin as _, Error, Executor, Isolation, Pool, Transaction as _, Tx, TxOptions};
use pgkeel_testkit::{TestDatabase, eventually};
use tokio_postgres::error::SqlState;

use crate::pool_of;

pub(crate) async fn with_table() -> (TestDatabase, Pool) {
    let create = async |connection: &pgkeel_connect::Connection| {
        connection.batch_execute("create table t(n int primary key)").await.unwrap();
    };
    let database = TestDatabase::migrated("one table", create).await;
    let pool = pool_of(&database, 2, 0);
    (database, pool)
}

pub(crate) async fn insert(executor: &impl Executor<Error = Error>, n: i32) -> Result<u64, Error> {
    executor.execute("insert into t values ($1)", &[&n]).await
}

pub(crate) async fn sum(pool: &Pool) -> i64 {
    pool.query_scalar("select coalesce(sum(n), 0) from t", &[]).await.unwrap()
}

#[tokio::test]
async fn ok_commits_and_err_rolls_back() {
    let (_database, pool) = with_table().await;
    let returned: Result<&str, Error> = pool
        .transaction(|tx| async move {
            insert(&tx, 1).await?;
            Ok("done")
        })
        .await;
    assert_eq!(returned.unwrap(), "done");
    let failed: Result<(), Error> = pool
        .transaction(|tx| async move {
            insert(&tx, 10).await?;
            insert(&tx, 1).await?;
            Ok(())
        })
        .await;
    assert_eq!(failed.unwrap_err().code(), Some(&SqlState::UNIQUE_VIOLATION));
    assert_eq!(sum(&pool).await, 1);
}

#[tokio::test]
async fn a_callers_own_error_comes_back_as_it_is() {
    #[derive(Debug, PartialEq)]
    enum Own {
        Changed,
        Pool(String),
    }
    impl From<Error> for Own {
        fn from(error: Error) -> Self {
            Self::Pool(error.to_string())
        }
    }
    let (_database, pool) = with_table().await;
    let returned: Result<(), Own> = pool
        .transaction(|tx| async move {
            insert(&tx, 1).await?;
            Err(Own::Changed)
        })
        .await;
    assert_eq!(returned, Err(Own::Changed));
    assert_eq!(sum(&pool).await, 0);
}

#[tokio::test]
async fn a_commit_after_a_passed_over_error_is_an_error_with_the_first_one() {
    let (_database, pool) = with_table().await;
    let returned: Result<(), Error> = pool
        .transaction(|tx| async move {
            insert(&tx, 1).await?;
            let _ = insert(&tx, 1).await;
            let _ = tx.execute("select 1", &[]).await;
            Ok(())
        })
        .await;
    let error = returned.unwrap_err();
    assert!(matches!(error, Error::Aborted { first: Some(_) }), "{error:?}");
    assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION));
    assert_eq!(sum(&pool).await, 0);
}

#[tokio::test]
async fn a_constraint_that_fails_at_commit_is_told() {
    let (_database, pool) = with_table().await;
    let deferred = "create table d(n int references t(n) deferrable initially deferred)";
    pool.batch_execute(deferred).await.unwrap();
    let returned: Result<(), Error> = pool
        .transaction(|tx| async move {
            tx.execute("insert into d values (7)", &[]).await?;
            Ok(())
        })
        .await;
    assert_eq!(returned.unwrap_err().code(), Some(&SqlState::FOREIGN_KEY_VIOLATION));
    assert_eq!(pool.stats().in_use, 0);
}

#[tokio::test]
async fn savepoints_nest_and_each_undoes_only_its_own() {
    let (_database, pool) = with_table().await;
    let returned: Result<(), Error> = pool
        .transaction(|tx| async move {
            insert(&tx, 1).await?;
            let kept: Result<(), Error> = tx
                .transaction(|inner| async move {
                    insert(&inner, 2).await?;
                    let undone: Result<(), Error> = inner
                        .transaction(|innermost| async move {
                            insert(&innermost, 4).await?;
                            insert(&innermost, 1).await?;
                            Ok(())
                        })
                        .await;
                    assert_eq!(undone.unwrap_err().code(), Some(&SqlState::UNIQUE_VIOLATION));
                    insert(&inner, 8).await?;
                    Ok(())
                })
                .await;
            kept?;
            insert(&tx, 16).await?;
            Ok(())
        })
        .await;
    returned.unwrap();
    assert_eq!(sum(&pool).await, 1 + 2 + 8 + 16);
}

#[tokio::test]
async fn a_dropped_savepoint_is_undone_before_the_next_statement() {
    let (_database, pool) = with_table().await;
    let tx = pool.begin().await.unwrap();
    insert(&tx, 1).await.unwrap();
    let savepoint = (&tx).begin().await.unwrap();
    insert(&savepoint, 2).await.unwrap();
    drop(savepoint);
    insert(&tx, 4).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(sum(&pool).await, 5);
}

#[tokio::test]
async fn options_reach_the_server_and_savepoints_refuse_them() {
    let (_database, pool) = with_table().await;
    let options = TxOptions::new().isolation(Isolation::RepeatableRead).read_only(true);
    let tx = pool.begin_with(options).await.unwrap();
    let level: String = tx.query_scalar("show transaction_isolation", &[]).await.unwrap();
    assert_eq!(level, "repeatable read");
    let refused = insert(&tx, 1).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION));
    tx.rollback().await.unwrap();

    let tx = pool.begin().await.unwrap();
    assert!((&tx).begin_with(TxOptions::serializable()).await.is_err());
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn a_handle_that_outlives_its_transaction_is_closed() {
    let (_database, pool) = with_table().await;
    let mut leaked: Option<Tx> = None;
    let keep = &mut leaked;
    let returned: Result<(), Error> = pool
        .transaction(|tx| async move {
            insert(&tx, 1).await?;
            *keep = Some(tx);
            Ok(())
        })
        .await;
    returned.unwrap();
    let leaked = leaked.unwrap();
    assert!(matches!(insert(&leaked, 2).await, Err(Error::TxClosed)));
    assert!(matches!(leaked.commit().await, Err(Error::TxClosed)));
    assert_eq!((sum(&pool).await, pool.stats().in_use), (1, 0));
}

#[tokio::test]
async fn a_statement_still_in_flight_at_the_end_rolls_back() {
    let (_database, pool) = with_table().await;
    let mut task = None;
    let started = &mut task;
    let returned: Result<(), Error> = pool
        .transaction(|tx| async move {
            insert(&tx, 1).await?;
            let (sent, polled) = tokio::sync::oneshot::channel();
            *started = Some(tokio::spawn(async move {
                // Polled in this order: the statement is on its way before the other side hears of it.
                let (slow, ()) = tokio::join!(tx.execute("select pg_sleep(0.3)", &[]), async {
                    sent.send(()).unwrap();
                });
                slow
            }));
            polled.await.unwrap();
            Ok(())
        })
        .await;
    assert!(matches!(returned, Err(Error::StatementInFlight)), "{returned:?}");
    assert!(matches!(task.unwrap().await.unwrap(), Err(Error::TxClosed)));
    assert_eq!(sum(&pool).await, 0);
    eventually("the session is back", async || (pool.stats().idle >= 1).then_some(())).await;
}

#[tokio::test]
async fn a_transaction_ended_by_its_own_statement_is_no_commit() {
    let (_database, pool) = with_table().await;
    let returned: Result<(), Error> = pool
        .transaction(|tx| async move {
            insert(&tx, 1).await?;
            tx.batch_execute("rollback").await
        })
        .await;
    assert!(matches!(returned, Err(Error::NotInTransaction)), "{returned:?}");
}

#[tokio::test]
async fn a_session_begins_and_is_free_again_afterwards() {
    let (_database, pool) = with_table().await;
    let mut session = pool.session().await.unwrap();
    let tx = (&mut session).begin().await.unwrap();
    insert(&tx, 1).await.unwrap();
    tx.commit().await.unwrap();
    let tx = (&mut session).begin().await.unwrap();
    insert(&tx, 2).await.unwrap();
    drop(tx);
    assert_eq!(session.query_scalar::<i64>("select sum(n) from t", &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn transactions_run_under_spawn_with_captured_and_borrowed_state() {
    let (_database, pool) = with_table().await;
    let base = std::sync::Arc::new(vec![1, 2, 4]);
    let task = tokio::spawn({
        let (pool, base) = (pool.clone(), base.clone());
        async move {
            let borrowed = &base;
            pool.transaction(|tx| async move {
                for n in borrowed.iter() {
                    insert(&tx, *n).await?;
                }
                Ok::<_, Error>(borrowed.len())
            })
            .await
        }
    });
    assert_eq!(task.await.unwrap().unwrap(), 3);
    assert_eq!(sum(&pool).await, 7);
}

#[tokio::test]
async fn a_panic_rolls_back() {
    let (_database, pool) = with_table().await;
    let task = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.transaction(|tx| async move {
                insert(&tx, 1).await?;
                assert_eq!(tx.query_scalar::<i32>("select 1", &[]).await?, 2, "as a bug would");
                Ok::<_, Error>(())
            })
            .await
        }
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(sum(&pool).await, 0);
}
