//! Futures dropped in the middle: nothing dirty is handed on, no lock stays.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use deadpool_postgres::RecyclingMethod;
use futures_util::{SinkExt as _, StreamExt as _};
use pgkeel_connect::{Connection, TransactionStatus};
use pgkeel_pool::{Begin as _, Error, Executor as _, Pool, Session, Transaction as _};
use pgkeel_testkit::{PATIENCE, TestDatabase, eventually, is_soak, scaled};

use crate::peer::peer_of;
use crate::pool_of;

/// Lets the runtime go on between two polls, so that answers arrive.
async fn breathe(round: u32) {
    if round.is_multiple_of(2) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    } else {
        tokio::task::yield_now().await;
    }
}

/// Polls the future at most this often and drops it. Whether it came to its end.
pub(crate) async fn poll_times(future: impl Future, times: u32) -> bool {
    let mut future = pin!(future);
    for round in 0..times {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        breathe(round).await;
    }
    false
}

/// What is dropped in the middle.
#[derive(Debug, Clone, Copy)]
enum Work {
    Transaction,
    Raw,
    CopyIn,
    CopyOut,
}

const UPDATE: &str = "update t set n = n + 1";

impl Work {
    async fn run(self, pool: &Pool) -> Result<(), Error> {
        match self {
            Self::Transaction => transaction(pool).await,
            Self::Raw => raw(&pool.session().await?).await,
            Self::CopyIn => copy_in(&pool.session().await?).await,
            Self::CopyOut => copy_out(&pool.session().await?).await,
        }
    }
}

async fn transaction(pool: &Pool) -> Result<(), Error> {
    let tx = pool.begin().await?;
    tx.execute(UPDATE, &[]).await?;
    let savepoint = (&tx).begin().await?;
    savepoint.execute(UPDATE, &[]).await?;
    savepoint.commit().await?;
    tx.commit().await
}

/// The pool learns of this transaction only off the wire.
async fn raw(session: &Session) -> Result<(), Error> {
    session.batch_execute("begin").await?;
    session.execute(UPDATE, &[]).await?;
    session.batch_execute("savepoint s").await?;
    session.execute(UPDATE, &[]).await?;
    session.batch_execute("release s").await?;
    session.batch_execute("commit").await
}

async fn copy_in(session: &Session) -> Result<(), Error> {
    session.batch_execute("begin").await?;
    session.execute(UPDATE, &[]).await?;
    let client = session.connection().client();
    let sink = client.copy_in("copy copied from stdin").await.map_err(pgkeel_connect::Error::from)?;
    let mut sink = pin!(sink);
    for _ in 0..3 {
        sink.send(b"1\n2\n".as_slice()).await.map_err(pgkeel_connect::Error::from)?;
    }
    sink.finish().await.map_err(pgkeel_connect::Error::from)?;
    session.batch_execute("commit").await
}

async fn copy_out(session: &Session) -> Result<(), Error> {
    session.batch_execute("begin").await?;
    session.execute(UPDATE, &[]).await?;
    let rows = "copy (select repeat('x', 1000) from generate_series(1, 100)) to stdout";
    let client = session.connection().client();
    let mut rows = pin!(client.copy_out(rows).await.map_err(pgkeel_connect::Error::from)?);
    while let Some(row) = rows.next().await {
        row.map_err(pgkeel_connect::Error::from)?;
    }
    session.batch_execute("commit").await
}

async fn with_tables() -> (TestDatabase, Connection) {
    let database = TestDatabase::empty().await;
    let watcher = database.connection().await;
    let tables = "create table t(n int); insert into t values (0); create table copied(n int)";
    watcher.batch_execute(tables).await.unwrap();
    (database, watcher)
}

async fn in_transactions(watcher: &Connection) -> i64 {
    let open = "select count(*) from pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'";
    watcher.query_scalar(open, &[]).await.unwrap()
}

/// How long it takes until a rival can write the same row and nobody is in a transaction.
async fn until_nothing_is_open(watcher: &Connection) -> Duration {
    let dropped = Instant::now();
    watcher.batch_execute("update t set n = n").await.unwrap();
    eventually("nobody is in a transaction", async || (in_transactions(watcher).await == 0).then_some(()))
        .await;
    dropped.elapsed()
}

/// Drops such work after each number of polls, up to that at which it comes to its end; again and again, so many times.
async fn drop_at_each_poll(work: Work, runs: u32) {
    let (database, watcher) = with_tables().await;
    // The rival waits for the lock as long as it stays, but not for ever.
    watcher.batch_execute("set lock_timeout = '30s'").await.unwrap();
    let pool = pool_of(&database, 1, 1);
    let (mut polls, mut ended, mut longest) = (0, 0, Duration::ZERO);
    for _ in 0..runs {
        let at_its_end = poll_times(Box::pin(work.run(&pool)), polls).await;
        let took = until_nothing_is_open(&watcher).await;
        longest = longest.max(took);
        assert!(!is_soak() || took <= BOUND, "{work:?} after {polls} polls: {took:?}");
        let session = pool.session().await.unwrap();
        assert_eq!(session.transaction_status(), TransactionStatus::Idle, "{work:?} after {polls} polls");
        session.execute("update t set n = n", &[]).await.unwrap();
        polls = if at_its_end { 0 } else { polls + 1 };
        ended += u32::from(at_its_end);
    }
    println!(
        "check 3: {work:?} dropped {runs} times, {ended} times at its end: nothing open after {longest:?}"
    );
    assert!(ended > 0, "{work:?} does not come to its end in {polls} polls");
    eventually("all sessions are accounted for", async || {
        let stats = pool.stats();
        (stats.in_use == 0 && stats.resetting == 0 && stats.waiting == 0).then_some(())
    })
    .await;
}

/// Of a dropped future nothing is open any more after this.
const BOUND: Duration = Duration::from_millis(250);

#[tokio::test]
async fn a_transaction_dropped_after_any_number_of_polls_leaves_nothing_open() {
    drop_at_each_poll(Work::Transaction, scaled(60, 500)).await;
}

#[tokio::test]
async fn a_raw_transaction_dropped_after_any_number_of_polls_leaves_nothing_open() {
    drop_at_each_poll(Work::Raw, scaled(60, 500)).await;
}

#[tokio::test]
async fn rows_copied_in_and_dropped_after_any_number_of_polls_leave_nothing_open() {
    drop_at_each_poll(Work::CopyIn, scaled(60, 500)).await;
}

#[tokio::test]
async fn rows_copied_out_and_dropped_after_any_number_of_polls_leave_nothing_open() {
    drop_at_each_poll(Work::CopyOut, scaled(60, 500)).await;
}

/// For comparison: the peer hands such a session on as it is.
#[tokio::test]
async fn the_peer_keeps_a_dropped_transaction_open() {
    if !is_soak() {
        return;
    }
    let (database, watcher) = with_tables().await;
    let peer = peer_of(database.address(), 1, RecyclingMethod::Clean, PATIENCE);
    let client = peer.get().await.unwrap();
    client.batch_execute("begin; update t set n = n + 1").await.unwrap();
    drop(client);
    tokio::time::sleep(4 * BOUND).await;
    let open = in_transactions(&watcher).await;
    watcher.batch_execute("set lock_timeout = '1s'").await.unwrap();
    let rival = watcher.batch_execute("update t set n = n").await;
    println!("check 3, peer: {open} session in a transaction after {:?}, rival: {rival:?}", 4 * BOUND);
}

#[tokio::test]
async fn a_dropped_begin_on_a_held_session_leaves_it_usable() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let mut session = pool.session().await.unwrap();
    for polls in 0..4 {
        poll_times((&mut session).begin(), polls).await;
        session.execute("select 1", &[]).await.unwrap();
        assert_eq!(session.transaction_status(), TransactionStatus::Idle, "after {polls} polls");
    }
}

#[tokio::test]
async fn two_statements_at_once_in_one_transaction_both_work() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database, 1, 0);
    let both: Result<(i32, i32), Error> = pool
        .transaction(|tx| async move {
            let (one, two) = tokio::join!(tx.query_scalar("select 1", &[]), tx.query_scalar("select 2", &[]));
            Ok((one?, two?))
        })
        .await;
    assert_eq!(both.unwrap(), (1, 2));
}
