//! Statements whose futures are dropped: cancelled, and nobody else is hit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::RecyclingMethod;
use pgkeel_connect::Canceller;
use pgkeel_pool::{Begin as _, Config, Error, Executor as _, Pool, Transaction as _};
use pgkeel_testkit::{Proxy, Random, TestDatabase, eventually, is_soak, scaled};

use crate::dropped::poll_times;
use crate::peer::peer_of;
use crate::pool_of;

const SHORT: Duration = Duration::from_millis(50);

async fn number(session: &impl pgkeel_pool::Executor<Error = Error>, sql: &str) -> Result<i32, Error> {
    session.query_scalar(sql, &[]).await
}

#[tokio::test]
async fn an_abandoned_statement_is_cancelled_for_the_next_user() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let mut longest = Duration::ZERO;
    for _ in 0..scaled(2, 50) {
        let given_up = tokio::time::timeout(SHORT, pool.execute("select pg_sleep(30)", &[])).await;
        assert!(given_up.is_err());
        let asked = Instant::now();
        assert_eq!(number(&pool, "select 1").await.unwrap(), 1);
        longest = longest.max(asked.elapsed());
        let most = if is_soak() { 10 * SHORT } else { Duration::from_secs(15) };
        assert!(longest < most, "it was not waited for");
        let sleeping = "select count(*)::int from pg_stat_activity
            where query like 'select pg_sleep(30)%' and state = 'active' and datname = current_database()";
        assert_eq!(number(&pool, sleeping).await.unwrap(), 0);
    }
    println!("check 4: after a dropped pg_sleep(30) the next user has an answer after {longest:?} at most");
    assert_eq!(pool.stats().connects_total, 1, "the session stays in use");
}

#[tokio::test]
async fn a_session_goes_on_after_a_statement_that_took_too_long() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let session = pool.session().await.unwrap();
    for _ in 0..scaled(3, 100) {
        let given_up = tokio::time::timeout(SHORT, session.execute("select pg_sleep(30)", &[])).await;
        assert!(given_up.is_err());
        assert_eq!(number(&session, "select 2").await.unwrap(), 2);
    }
}

/// A cancel that comes too late for its own statement hits nobody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_cancels_harm_no_one() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let mut random = Random::seeded();
    let mut abandoned = 0;
    while abandoned < scaled(60, 500) {
        let patience = Duration::from_micros(900 + random.below(400));
        let statement = pool.execute("select pg_sleep(0.001)", &[]);
        if tokio::time::timeout(patience, statement).await.is_err() {
            abandoned += 1;
        }
        assert_eq!(number(&pool, "select 1").await.unwrap(), 1);
    }
    println!("check 4: {abandoned} late cancels, nobody else hit");
}

/// For comparison: the peer's next user waits for the dropped statement, and the driver's own cancel hits others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_peer_goes_on_with_a_dropped_statement() {
    if !is_soak() {
        return;
    }
    let database = TestDatabase::empty().await;
    let peer = peer_of(database.address(), 1, RecyclingMethod::Fast, Duration::from_secs(30));
    let client = peer.get().await.unwrap();
    assert!(tokio::time::timeout(SHORT, client.execute("select pg_sleep(3)", &[])).await.is_err());
    drop(client);
    let asked = Instant::now();
    let client = peer.get().await.unwrap();
    client.simple_query("select 1").await.unwrap();
    println!(
        "check 4, peer: after a dropped pg_sleep(3) the next user has an answer after {:?}",
        asked.elapsed()
    );

    let (mut random, mut abandoned, mut hit) = (Random::seeded(), 0, 0);
    while abandoned < 500 {
        let patience = Duration::from_micros(900 + random.below(400));
        let statement = client.execute("select pg_sleep(0.001)", &[]);
        if tokio::time::timeout(patience, statement).await.is_err() {
            abandoned += 1;
            client.cancel_token().cancel_query(tokio_postgres::NoTls).await.unwrap();
        }
        hit += u32::from(client.simple_query("select pg_sleep(0.0005)").await.is_err());
    }
    println!("check 4, peer: {abandoned} late cancels, {hit} statements of somebody else hit");
}

#[tokio::test]
async fn a_sibling_of_a_dropped_statement_ends_well() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let session = pool.session().await.unwrap();
    let slow = session.execute("select pg_sleep(0.2)", &[]);
    let sibling = number(&session, "select 7");
    // Both are sent at once; the first is dropped while the second still waits for its turn.
    let (dropped, answered) = tokio::join!(tokio::time::timeout(SHORT, slow), sibling);
    assert!(dropped.is_err());
    assert_eq!(answered.unwrap(), 7);
    let (one, two) = tokio::join!(number(&session, "select 1"), number(&session, "select 2"));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 2));
}

/// Nor one that another task begins in the moment of the drop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_task_runs_on_the_session_is_not_hit() {
    let database = TestDatabase::empty().await;
    let session = Arc::new(pool_of(&database, 1, 0).session().await.unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let dropping = tokio::spawn({
        let (session, stop, mut random) = (Arc::clone(&session), Arc::clone(&stop), Random::seeded());
        async move {
            let mut dropped = 0;
            while !stop.load(Ordering::SeqCst) {
                let polls = u32::try_from(random.below(3)).unwrap();
                dropped += u32::from(!poll_times(session.execute("select 1", &[]), polls).await);
            }
            dropped
        }
    });
    for n in 0..scaled(200, 20_000) {
        assert_eq!(session.query_scalar::<i32>("select $1::int", &[&n]).await.unwrap(), n);
    }
    stop.store(true, Ordering::SeqCst);
    println!("{} dropped meanwhile", dropping.await.unwrap());
}

#[tokio::test]
async fn a_statement_dropped_in_a_savepoint_undoes_the_savepoint_only() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    pool.batch_execute("create table t(n int)").await.unwrap();
    for _ in 0..scaled(3, 200) {
        let tx = pool.begin().await.unwrap();
        tx.execute("insert into t values (1)", &[]).await.unwrap();
        let savepoint = (&tx).begin().await.unwrap();
        savepoint.execute("insert into t values (2)", &[]).await.unwrap();
        let given_up = tokio::time::timeout(SHORT, savepoint.execute("select pg_sleep(30)", &[])).await;
        assert!(given_up.is_err());
        drop(savepoint);
        tx.execute("insert into t values (3)", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(number(&pool, "select sum(n)::int from t").await.unwrap(), 4);
        pool.batch_execute("truncate t").await.unwrap();
    }
}

/// In a transaction the cancel fails the transaction, and that is told.
#[tokio::test]
async fn a_statement_dropped_in_a_transaction_fails_it() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let tx = pool.begin().await.unwrap();
    let given_up = tokio::time::timeout(SHORT, tx.execute("select pg_sleep(30)", &[])).await;
    assert!(given_up.is_err());
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::Aborted { .. }), "{error:?}");
    assert_eq!(number(&pool, "select 1").await.unwrap(), 1);
}

/// Where the cancel cannot get through, the session is given up within a bound.
#[tokio::test]
async fn a_session_that_cannot_be_cancelled_is_closed() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()).with_size(1, 0).unwrap());
    let sleeping = tokio::time::timeout(SHORT, pool.execute("select pg_sleep(30)", &[]));
    assert!(sleeping.await.is_err());
    proxy.black_hole();
    eventually("it is given up", async || (pool.stats().resetting == 0).then_some(())).await;
    proxy.pass();
    assert_eq!(number(&pool, "select 1").await.unwrap(), 1);
    assert_eq!(pool.stats().connects_total, 2);
}

#[tokio::test]
async fn an_abandoned_statement_does_not_reach_the_next_user() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    for _ in 0..scaled(10, 200) {
        let abandoned = pool.query_scalar::<i32>("select 1 from pg_sleep(0.02)", &[]);
        assert!(tokio::time::timeout(Duration::from_millis(5), abandoned).await.is_err());
        assert_eq!(pool.query_scalar::<i32>("select 2", &[]).await.unwrap(), 2);
    }
}

/// A cancel request that got no answer in time may still come into effect: not on somebody else's statement.
#[tokio::test]
async fn a_cancel_that_arrives_late_hits_no_one() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()).with_size(1, 0).unwrap());
    let session = pool.session().await.unwrap();
    let mut sleeping = Box::pin(session.execute("select pg_sleep(0.2)", &[]));
    assert!(tokio::time::timeout(SHORT, sleeping.as_mut()).await.is_err());
    proxy.black_hole();
    drop(sleeping);
    drop(session);
    // It is time itself that is tried out here: longer than the cancel may take, and shorter than the cleaning, so that
    // the request and the answers arrive together. Nothing shows from outside when the first is over.
    tokio::time::sleep(Canceller::USUAL_DEADLINE + Duration::from_millis(400)).await;
    proxy.pass();
    for _ in 0..5 {
        pool.execute("select pg_sleep(0.05)", &[]).await.unwrap();
    }
    assert_eq!(
        (pool.stats().connects_total, pool.stats().lost_total),
        (2, 1),
        "the session is not used again"
    );
}

#[tokio::test]
async fn a_session_is_not_detached_while_a_cancel_is_under_way() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let session = pool.session().await.unwrap();
    let given_up = tokio::time::timeout(SHORT, session.execute("select pg_sleep(30)", &[])).await;
    assert!(given_up.is_err());
    let session = session.detach().unwrap_err();
    assert_eq!(number(&session, "select 1").await.unwrap(), 1);
    let connection = session.detach().unwrap();
    pgkeel_connect::Executor::execute(&connection, "select 1", &[]).await.unwrap();
    assert_eq!(pool.stats().sessions(), 0);
}

/// Also what was run past the pool, on the bare connection.
#[tokio::test]
async fn a_statement_dropped_on_the_bare_connection_is_cancelled_at_the_return() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let session = pool.session().await.unwrap();
    let bare = session.connection();
    let sleeping = pgkeel_connect::Executor::execute(bare, "select pg_sleep(300)", &[]);
    assert!(tokio::time::timeout(SHORT, sleeping).await.is_err());
    drop(session);
    assert_eq!(number(&pool, "select 1").await.unwrap(), 1);
    assert_eq!(pool.stats().connects_total, 1, "the session stays in use");
}
