//! Age, starting, pausing, changing, closing.

use std::time::Duration;

use futures_util::future::join_all;
use pgkeel_connect::Connection;
use pgkeel_pool::{Error, Executor as _, Pool};
use pgkeel_testkit::{PATIENCE, TestCluster, TestDatabase, eventually};

use crate::{config_of, pool_of};

async fn backend(pool: &Pool) -> i32 {
    pool.query_scalar("select pg_backend_pid()", &[]).await.unwrap()
}

#[tokio::test]
async fn a_session_past_its_age_is_replaced() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_recycle(Some(Duration::ZERO)));
    let first = backend(&pool).await;
    assert_ne!(backend(&pool).await, first);
    assert_eq!(pool.stats().recycled_total, 2);
}

#[tokio::test]
async fn a_session_that_the_server_ended_is_replaced_unseen() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let pid = backend(&pool).await;
    let other = database.connection().await;
    let ended: bool = other.query_scalar("select pg_terminate_backend($1, 10000)", &[&pid]).await.unwrap();
    assert!(ended);
    eventually("the next session is another", async || {
        // The news of the end may still be on its way: then the statement itself finds out.
        let next = pool.query_scalar::<i32>("select pg_backend_pid()", &[]).await.ok()?;
        (next != pid).then_some(())
    })
    .await;
}

#[tokio::test]
async fn closing_waits_for_those_in_use_and_then_nothing_is_handed_out() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 12, 0);
    let running: Vec<_> = (0..10)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.execute("select pg_sleep(0.3)", &[]).await })
        })
        .collect();
    eventually("ten statements run", async || (pool.stats().in_use == 10).then_some(())).await;
    let late = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close(PATIENCE).await }
    });
    eventually("the pool closes", async || pool.is_closed().then_some(())).await;
    assert!(matches!(pool.session().await, Err(Error::Closed)));

    let report = late.await.unwrap();
    assert!(report.is_graceful() && report.killed == 0, "{report:?}");
    for statement in running {
        statement.await.unwrap().unwrap();
    }
    assert_eq!(pool.stats().sessions(), 0);
    let watcher = database.connection().await;
    assert_eq!(others(&watcher).await, 0, "none is left at the server either");
}

/// The server hears a good-bye from each session that ends in time; of one that does not, the statement is cancelled.
#[tokio::test]
async fn the_server_hears_of_the_end() {
    let cluster = TestCluster::start().await;
    let pool = Pool::connect(pgkeel_pool::Config::new(cluster.address().clone())).await.unwrap();
    let run = async |sql: &'static str, count: u32, deadline| {
        let statements: Vec<_> = (0..count)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.execute(sql, &[]).await })
            })
            .collect();
        eventually("all run", async || (pool.stats().in_use == count).then_some(())).await;
        let report = pool.close(deadline).await;
        let watcher = cluster.connection().await;
        let left = others(&watcher).await;
        let done = join_all(statements).await.into_iter().filter(|done| matches!(done, Ok(Ok(_)))).count();
        (report, left, done)
    };
    let (report, left, done) = run("select pg_sleep(0.3)", 10, PATIENCE).await;
    println!("in time: {report:?}, {left} sessions left at the server");
    assert!(report.is_graceful() && (left, done) == (0, 10), "{report:?}, {left} left, {done} done");
    assert!(!cluster.log().contains("unexpected EOF"), "{}", cluster.log());

    pool.start().await.unwrap();
    let (report, left, done) = run("select pg_sleep(300)", 3, Duration::from_millis(100)).await;
    println!("too late: {report:?}, {left} sessions left at the server");
    assert_eq!((report.cancelled, report.killed, left, done), (3, 0, 0, 0), "{report:?}");
    assert!(!cluster.log().contains("unexpected EOF"), "{}", cluster.log());
}

async fn others(watcher: &Connection) -> i64 {
    let count = "select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    watcher.query_scalar(count, &[]).await.unwrap()
}

#[tokio::test]
async fn waiting_callers_are_turned_away_when_the_pool_closes() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let held = pool.session().await.unwrap();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.session().await.map(drop) }
    });
    eventually("one waits", async || (pool.stats().waiting == 1).then_some(())).await;
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close(PATIENCE).await }
    });
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
    drop(held);
    assert!(closing.await.unwrap().is_graceful());
}

#[tokio::test]
async fn what_does_not_end_in_time_is_ended_by_force() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    let held = pool.session().await.unwrap();
    let report = pool.close(Duration::from_millis(100)).await;
    assert_eq!((report.cancelled, report.killed), (1, 1), "{report:?}");
    let watcher = database.connection().await;
    eventually("its server process ends", async || (others(&watcher).await == 0).then_some(())).await;
    let error = held.execute("select 1", &[]).await.unwrap_err();
    assert!(matches!(error, Error::Statement(pgkeel_connect::Error::Closed { .. })), "{error:?}");
    drop(held);
    assert_eq!(pool.stats().sessions(), 0);
}

#[tokio::test]
async fn a_closed_pool_starts_again() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    let first = backend(&pool).await;
    assert!(pool.close(PATIENCE).await.is_graceful());
    pool.start().await.unwrap();
    assert_ne!(backend(&pool).await, first);
    assert!(!pool.is_closed());
}

/// Sessions that others hold count, and nobody waits for them.
#[tokio::test]
async fn a_warm_up_does_not_wait_for_sessions_in_use() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 4, 0);
    let held = pool.session().await.unwrap();
    pool.warm_up(4).await.unwrap();
    assert_eq!((pool.stats().idle, pool.stats().in_use), (3, 1));
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_start_it_one_start_happens() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 20, 0);
    let starts: Vec<_> = (0..100)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.start().await })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
    assert_eq!(pool.stats().connects_total, 1);
    pool.warm_up(50).await.unwrap();
    assert_eq!((pool.stats().idle, pool.stats().sessions()), (20, 20));
}

#[tokio::test]
async fn callers_wait_while_the_pool_is_paused_and_get_new_sessions_afterwards() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 2, 0);
    let first = backend(&pool).await;
    assert_eq!(pool.pause(PATIENCE).await, 0);
    assert_eq!(pool.stats().sessions(), 0);
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { backend(&pool).await }
    });
    eventually("one waits", async || (pool.stats().waiting == 1).then_some(())).await;
    assert_eq!(pool.stats().sessions(), 0);
    pool.resume();
    assert_ne!(waiting.await.unwrap(), first);

    let held = pool.session().await.unwrap();
    assert_eq!(pool.pause(Duration::from_millis(20)).await, 1, "one is still held");
    drop(held);
    eventually("it is closed at its return", async || (pool.stats().sessions() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_pool_goes_on_under_another_configuration() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 4, 6);
    let most = || join_all((0..10).map(|_| pool.session()));
    assert_eq!(most().await.into_iter().flatten().count(), 10);
    eventually("the base rests", async || (pool.stats().sessions() == 4).then_some(())).await;

    let small = config_of(&database, 2, 1).with_timeout(Duration::from_millis(50));
    let renamed = small.connect().clone().with_application_name("renamed");
    pool.reload(small.with_connect(renamed));
    eventually("the smaller base rests", async || (pool.stats().sessions() == 2).then_some(())).await;
    assert_eq!(most().await.into_iter().flatten().count(), 3);

    pool.invalidate_all();
    let name: String = pool.query_scalar("select current_setting('application_name')", &[]).await.unwrap();
    assert_eq!(name, "renamed");

    pool.reload(config_of(&database, 4, 6));
    assert_eq!(most().await.into_iter().flatten().count(), 10);
}
