//! The end of a pool, and of its sessions.

use std::time::Duration;

use futures_util::future::join_all;
use pgkeel_pool::{Config, Error, Executor as _, Pool};
use pgkeel_testkit::{PATIENCE, Proxy, TestCluster, TestDatabase, eventually, is_soak, scaled};

use crate::{caller, closing, others, pool_of, until_waiting};

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
    let late = closing(&pool, PATIENCE);
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
    let pool = Pool::connect(Config::new(cluster.address().clone())).await.unwrap();
    let run = async |sql: &'static str, deadline| {
        let statements: Vec<_> = (0..10)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.execute(sql, &[]).await })
            })
            .collect();
        eventually("all run", async || (pool.stats().in_use == 10).then_some(())).await;
        let report = pool.close(deadline).await;
        let watcher = cluster.connection().await;
        let left = others(&watcher).await;
        let done = join_all(statements).await.into_iter().filter(|done| matches!(done, Ok(Ok(_)))).count();
        println!("check 15: {report:?}, {left} sessions left at the server, {done} statements done");
        (report, left, done)
    };
    let in_time = scaled(PATIENCE, Duration::from_secs(2));
    let (report, left, done) = run("select pg_sleep(0.3)", in_time).await;
    assert!(report.is_graceful() && (left, done) == (0, 10), "{report:?}, {left} left, {done} done");

    pool.start().await.unwrap();
    let too_soon = Duration::from_millis(100);
    let (report, left, done) = run("select pg_sleep(300)", too_soon).await;
    assert_eq!((report.cancelled, report.killed, left, done), (10, 0, 0, 0), "{report:?}");
    assert!(!is_soak() || report.took <= too_soon + Duration::from_secs(1), "{report:?}");
    assert_no_one_was_cut_off(&cluster);
}

/// However a session ends that is well, its server hears a good-bye.
#[tokio::test]
async fn the_server_hears_of_the_end_of_each_session() {
    let cluster = TestCluster::start().await;
    let config = Config::new(cluster.address().clone()).with_size(2, 3).unwrap();
    let pool = Pool::lazy(config.clone());
    let all = async || join_all((0..5).map(|_| pool.session())).await;
    drop(all().await); // Three too many.
    pool.session().await.unwrap().invalidate();
    pool.session().await.unwrap().detach().unwrap().close().await;
    drop(pool.session().await.unwrap().detach());
    drop(all().await);
    pool.invalidate_all();
    drop(all().await);
    pool.reload(config.clone().with_recycle(Some(Duration::ZERO)));
    pool.execute("select 1", &[]).await.unwrap();
    pool.reload(config.with_idle_timeout(Some(Duration::ZERO)));
    eventually("what nobody uses is closed", async || (pool.stats().sessions() == 0).then_some(())).await;
    drop(all().await);
    pool.pause(PATIENCE).await;
    pool.resume();
    drop(all().await);
    drop(pool);
    let watcher = cluster.connection().await;
    eventually("all have ended", async || (others(&watcher).await == 0).then_some(())).await;
    assert_no_one_was_cut_off(&cluster);
}

fn assert_no_one_was_cut_off(cluster: &TestCluster) {
    let log = cluster.log();
    let lines = log.lines().filter(|line| line.contains("unexpected EOF")).count();
    println!("check 15: {lines} lines of an unexpected EOF in the server's log");
    assert_eq!(lines, 0, "{log}");
}

#[tokio::test]
async fn waiting_callers_are_turned_away_when_the_pool_closes() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let held = pool.session().await.unwrap();
    let waiting = caller(&pool);
    until_waiting(&pool, 1).await;
    let closing = closing(&pool, PATIENCE);
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
    eventually("its place is free", async || (pool.stats().sessions() == 0).then_some(())).await;
}

/// Cancel requests are connections, which a server that closes a pool is not to be flooded with.
#[tokio::test]
async fn cancels_at_the_close_are_sent_few_at_a_time() {
    const COUNT: u32 = 20;
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()).with_size(COUNT, 0).unwrap());
    let held: Vec<_> = join_all((0..COUNT).map(|_| pool.session())).await;
    let before = proxy.accepted();
    proxy.black_hole(); // No request is ever carried out, so all that are under way stay under way.
    let report = pool.close(Duration::from_millis(20)).await;
    let requests = proxy.accepted() - before;
    println!("{report:?}, {requests} requests at a time");
    assert_eq!((report.cancelled, report.killed), (COUNT, COUNT), "{report:?}");
    assert_eq!(requests, u64::from(pool.config().connect_concurrency()));
    drop(held);
}

/// The place of a session whose socket is closed by force is free when that is done, not when it is decided.
#[tokio::test]
async fn the_place_of_a_killed_session_is_kept_until_its_socket_is_closed() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()).with_size(1, 0).unwrap());
    let held = pool.session().await.unwrap();
    proxy.cut();
    eventually("it is lost", async || held.connection().is_closed().then_some(())).await;
    drop(held);
    // Nothing else has run since, in this thread.
    assert_eq!((pool.stats().closing, pool.stats().sessions()), (1, 1));
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    assert_eq!((pool.stats().lost_total, pool.stats().sessions()), (1, 1));
}
