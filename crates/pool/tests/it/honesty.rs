//! Several handles to one transaction, in several tasks: what is committed is what was said to be.

use std::sync::Arc;
use std::time::Duration;

use pgkeel_pool::{Begin as _, Error, Executor as _, Pool, Transaction as _, Tx};
use pgkeel_testkit::{TestDatabase, eventually, scaled};
use tokio::sync::oneshot;

use crate::transactions::{insert, sum, with_table};
use crate::{pool_of, runtime};

/// Gives a transaction's handle away, and inserts with it in another task.
fn insert_elsewhere(tx: Tx, n: i32) -> (oneshot::Receiver<()>, tokio::task::JoinHandle<Result<u64, Error>>) {
    let (begun, heard) = oneshot::channel();
    let task = tokio::spawn(async move {
        let (inserted, _) = tokio::join!(insert(&tx, n), async { begun.send(()) });
        inserted
    });
    (heard, task)
}

async fn left_alone(pool: &Pool) {
    eventually("no session is in use", async || {
        let stats = pool.stats();
        (stats.in_use + stats.resetting == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_outlives_its_transaction_never_takes_effect() {
    let (_database, pool) = with_table().await;
    for round in 0..scaled(20, 500) {
        let mut elsewhere = None;
        let task = &mut elsewhere;
        let ended: Result<(), Error> = pool
            .transaction(|tx| async move {
                let (begun, inserting) = insert_elsewhere(tx, round);
                *task = Some(inserting);
                let _ = begun.await;
                if round % 2 == 0 { Ok(()) } else { Err(Error::TxClosed) }
            })
            .await;
        let inserted = elsewhere.unwrap().await.unwrap();
        let there: bool =
            pool.query_scalar("select exists(select from t where n = $1)", &[&round]).await.unwrap();
        assert_eq!(there, ended.is_ok(), "{ended:?} {inserted:?}");
        assert!(!there || inserted.is_ok());
    }
    left_alone(&pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_race_with_the_end_are_in_or_out() {
    let (_database, pool) = with_table().await;
    for round in 0..scaled(300, 5_000) {
        let mut elsewhere = None;
        let task = &mut elsewhere;
        let ended: Result<(), Error> = pool
            .transaction(|tx| async move {
                tx.execute("select 1", &[]).await?;
                *task = Some(tokio::spawn(async move { insert(&tx, round).await }));
                Ok(())
            })
            .await;
        let inserted = elsewhere.unwrap().await.unwrap();
        let there: bool =
            pool.query_scalar("select exists(select from t where n = $1)", &[&round]).await.unwrap();
        assert_eq!(there, ended.is_ok() && inserted.is_ok(), "{ended:?} {inserted:?}");
    }
    left_alone(&pool).await;
}

#[tokio::test]
async fn a_dropped_transaction_is_over_even_for_a_handle_that_is_left() {
    let (_database, pool) = with_table().await;
    let (give, given) = oneshot::channel();
    let run = pool.transaction(|tx| async move {
        insert(&tx, 1).await?;
        let _ = give.send(tx);
        std::future::pending::<Result<(), Error>>().await
    });
    let left = tokio::select! {
        _ = run => unreachable!("it never ends by itself"),
        left = given => left.unwrap(),
    };
    assert!(matches!(insert(&left, 2).await, Err(Error::TxClosed)));
    assert!(matches!(left.commit().await, Err(Error::TxClosed)));
    assert_eq!(sum(&pool).await, 0);
    left_alone(&pool).await;
}

#[tokio::test]
async fn a_session_is_free_when_its_transaction_is_dropped_though_a_savepoint_is_left() {
    let (_database, pool) = with_table().await;
    let mut session = pool.session().await.unwrap();
    let tx = (&mut session).begin().await.unwrap();
    let savepoint = (&tx).begin().await.unwrap();
    drop(tx);
    insert(&session, 4).await.unwrap();
    assert!(matches!(insert(&savepoint, 2).await, Err(Error::TxClosed)));
    drop(savepoint);
    drop(session);
    assert_eq!(sum(&pool).await, 4);
}

#[tokio::test]
async fn only_the_innermost_level_can_be_used() {
    let (_database, pool) = with_table().await;
    let tx = pool.begin().await.unwrap();
    let savepoint = (&tx).begin().await.unwrap();
    insert(&savepoint, 1).await.unwrap();
    assert!(matches!(insert(&tx, 2).await, Err(Error::SavepointOpen)));
    assert!(matches!((&tx).begin().await, Err(Error::SavepointOpen)));
    savepoint.commit().await.unwrap();
    insert(&tx, 4).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(sum(&pool).await, 5);

    let tx = pool.begin().await.unwrap();
    insert(&tx, 8).await.unwrap();
    let savepoint = (&tx).begin().await.unwrap();
    assert!(matches!(tx.commit().await, Err(Error::SavepointOpen)));
    assert!(matches!(insert(&savepoint, 16).await, Err(Error::TxClosed)));
    assert_eq!(sum(&pool).await, 5);
}

#[tokio::test]
async fn two_savepoints_at_once_do_not_undo_each_other() {
    let (_database, pool) = with_table().await;
    let kept: Result<u32, Error> = pool
        .transaction(|tx| async move {
            let one = tx.transaction(|inner| async move {
                insert(&inner, 1).await?;
                Err::<(), _>(Error::TxClosed)
            });
            let two = tx.transaction(|inner| async move { insert(&inner, 2).await });
            let (one, two) = tokio::join!(one, two);
            assert!(one.is_err());
            Ok(u32::from(two.is_ok()))
        })
        .await;
    assert_eq!(sum(&pool).await, i64::from(kept.unwrap()) * 2);
}

#[tokio::test]
async fn a_closure_may_end_its_transaction_by_itself() {
    let (_database, pool) = with_table().await;
    let committed: Result<&str, Error> = pool
        .transaction(|tx| async move {
            insert(&tx, 1).await?;
            tx.commit().await?;
            Ok("done")
        })
        .await;
    assert_eq!(committed.unwrap(), "done");
    let rolled_back: Result<(), Error> = pool
        .transaction(|tx| async move {
            insert(&tx, 2).await?;
            tx.rollback().await
        })
        .await;
    assert!(matches!(rolled_back, Err(Error::TxClosed)), "{rolled_back:?}");
    assert_eq!(sum(&pool).await, 1);
}

#[tokio::test]
async fn a_session_in_a_raw_transaction_begins_no_second_one() {
    let (_database, pool) = with_table().await;
    let mut session = pool.session().await.unwrap();
    session.batch_execute("begin").await.unwrap();
    assert!(matches!((&mut session).begin().await, Err(Error::AlreadyInTransaction)));
    insert(&session, 1).await.unwrap();
    session.batch_execute("commit").await.unwrap();
    assert_eq!(sum(&pool).await, 1);
}

#[tokio::test]
async fn a_long_chain_of_savepoints_ends_without_a_deep_stack() {
    let (_database, pool) = with_table().await;
    let tx = pool.begin().await.unwrap();
    let mut chain = vec![(&tx).begin().await.unwrap()];
    for _ in 0..scaled(300, 3_000) {
        let next = chain.last().unwrap().begin().await.unwrap();
        chain.push(next);
    }
    insert(chain.last().unwrap(), 1).await.unwrap();
    drop(chain);
    insert(&tx, 2).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(sum(&pool).await, 2);
}

#[test]
fn a_runtime_that_ends_while_a_session_is_cleaned_hands_it_to_nobody() {
    let (first, second) = (runtime(1), runtime(1));
    let (database, pool, session) = first.block_on(async {
        let database = TestDatabase::empty().await;
        let pool = pool_of(&database, 1, 0);
        pool.batch_execute("create table t(n int)").await.unwrap();
        let session = pool.session().await.unwrap();
        session.batch_execute("begin; insert into t values (1)").await.unwrap();
        (database, pool, session)
    });
    second.block_on(async { drop(session) });
    second.shutdown_timeout(Duration::ZERO);
    first.block_on(async {
        let next = pool.session().await.unwrap();
        assert_eq!(next.transaction_status(), pgkeel_pool::TransactionStatus::Idle);
        drop((next, database));
    });
}

#[tokio::test]
async fn sessions_that_cannot_be_cleaned_end_on_the_server_too() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    pool.batch_execute("copy t from stdin").await.unwrap_err();
    let watcher = Arc::new(database.connection().await);
    eventually("the session in COPY mode is gone", async || {
        let others = "select count(*) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and state = 'active'";
        (watcher.query_scalar::<i64>(others, &[]).await.unwrap() == 0).then_some(())
    })
    .await;
    eventually("and closed here", async || (pool.stats().dirty_closed_total == 1).then_some(())).await;
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

/// How a transaction can come to nothing while its closure says `Ok`.
#[derive(Debug, Clone, Copy)]
enum Spoilt {
    /// An error was passed over.
    PassedOver,
    /// So was one of a statement that was dropped once it had been sent.
    Dropped,
    /// A constraint fails at COMMIT.
    Deferred,
}

async fn spoil(tx: &Tx, n: i32, how: Spoilt) -> Result<(), Error> {
    insert(tx, n).await?;
    match how {
        Spoilt::PassedOver => drop(insert(tx, n).await),
        Spoilt::Dropped => {
            let fails = Box::pin(tx.batch_execute("select 1/0"));
            drop(futures_util::FutureExt::now_or_never(fails));
        }
        Spoilt::Deferred => drop(tx.execute("insert into d values (-1)", &[]).await?),
    }
    Ok(())
}

#[tokio::test]
async fn no_commit_is_claimed_falsely_nor_denied() {
    let (_database, pool) = with_table().await;
    let deferred = "create table d(n int references t(n) deferrable initially deferred)";
    pool.batch_execute(deferred).await.unwrap();
    let most = scaled(60, 1_000);
    for n in 0..most {
        let how = [Spoilt::PassedOver, Spoilt::Dropped, Spoilt::Deferred][usize::try_from(n % 3).unwrap()];
        let spoilt: Result<(), Error> = pool.transaction(|tx| async move { spoil(&tx, n, how).await }).await;
        let code = spoilt.unwrap_err().code().cloned();
        match how {
            Spoilt::PassedOver => assert_eq!(code.unwrap().code(), "23505"),
            Spoilt::Dropped => {} // Its error had nobody to go to.
            Spoilt::Deferred => assert_eq!(code.unwrap().code(), "23503"),
        }
        let good: Result<u64, Error> =
            pool.transaction(|tx| async move { insert(&tx, most + n).await }).await;
        good.unwrap();
    }
    let (kept, from): (i64, i64) = {
        let row = pool
            .query_one("select count(*), count(*) filter (where n >= $1) from t", &[&most])
            .await
            .unwrap();
        (row.get(0), row.get(1))
    };
    println!("{most} spoilt transactions and {most} good ones: {kept} rows");
    assert_eq!((kept, from), (i64::from(most), i64::from(most)));
}
