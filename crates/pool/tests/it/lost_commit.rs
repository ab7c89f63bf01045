//! COMMITs whose answer is lost: what is said of them is what became of them.

use std::time::Duration;

use pgkeel_connect::Connection;
use pgkeel_pool::{Begin as _, Error, Executor as _, Pool, RetryPolicy, Transaction as _, Tx, TxOptions};
use pgkeel_testkit::{Direction, Proxy, TestCluster, TestDatabase, eventually, scaled};

use crate::config_at;

struct Line {
    /// Not by way of the proxy.
    direct: Connection,
    proxy: Proxy,
    pool: Pool,
    _database: TestDatabase,
}

async fn line() -> Line {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    // One session: with others there, checking them would send something as well.
    let pool = Pool::lazy(config_at(proxy.address(), 1, 0));
    let direct = database.connection().await;
    let tables = "create table t(n int primary key); create table c(n int); insert into c values (0)";
    direct.batch_execute(tables).await.unwrap();
    Line { direct, proxy, pool, _database: database }
}

impl Line {
    /// Has the next bytes in this direction lost, and the line with them.
    fn cut_next(&self, direction: Direction) {
        self.proxy.cut_after(direction, 0);
    }

    /// Mends the line once it was cut.
    async fn mend_after_cut(&self, lost_before: u64) {
        eventually("the cut is noticed", async || (self.pool.stats().lost_total > lost_before).then_some(()))
            .await;
        self.proxy.pass();
    }

    async fn has(&self, n: i32) -> bool {
        self.direct.query_scalar("select exists(select from t where n = $1)", &[&n]).await.unwrap()
    }

    async fn counted(&self) -> i32 {
        self.direct.query_scalar("select n from c", &[]).await.unwrap()
    }
}

/// What was lost: COMMIT on its way to the server, or the answer to it.
const LOST: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

async fn write(tx: &Tx, n: i32) -> Result<(), Error> {
    tx.execute("insert into t values ($1)", &[&n]).await?;
    hear_all(tx).await
}

/// The number is asked for behind each statement until it is known. It is when the first of these has its answer, so
/// behind the second nothing is asked, and with its answer there is none to come.
async fn hear_all(tx: &Tx) -> Result<(), Error> {
    tx.batch_execute("select 1").await?;
    tx.batch_execute("select 1").await
}

#[tokio::test]
async fn a_lost_commit_is_resolved_as_what_became_of_it() {
    let line = line().await;
    let most = scaled(10, 200);
    for n in 0..most {
        let lost = LOST[usize::try_from(n % 2).unwrap()];
        let before = line.pool.stats().lost_total;
        let tx = line.pool.begin_with(TxOptions::new().resolve_commit(true)).await.unwrap();
        write(&tx, n).await.unwrap();
        line.cut_next(lost);
        let (done, ()) = tokio::join!(tx.commit(), line.mend_after_cut(before));
        assert_eq!(done.is_ok(), line.has(n).await, "{lost:?} {done:?}");
        assert_eq!(done.is_ok(), lost == Direction::ToClient);
        if let Err(error) = done {
            assert!(matches!(error, Error::NotCommitted { xid: Some(_), .. }), "{error:?}");
            assert!(error.is_safe_to_retry());
        }
    }
    let stats = line.pool.stats();
    println!(
        "{most} lost COMMITs: {} resolved, {} unknown",
        stats.commits_resolved_total, stats.commits_unknown_total
    );
    assert_eq!((stats.commits_resolved_total, stats.commits_unknown_total), (most.unsigned_abs().into(), 0));
}

#[tokio::test]
async fn transactions_that_lose_a_commit_each_and_are_run_again_count_exactly() {
    let line = line().await;
    let most = scaled(10, 200);
    for n in 0..most {
        let before = line.pool.stats().lost_total;
        let mut attempts = 0;
        let (line, lost) = (&line, LOST[usize::try_from(n % 2).unwrap()]);
        let run = line.pool.retrying(RetryPolicy::default()).transaction(|tx| {
            attempts += 1;
            let cuts = attempts == 1;
            async move {
                tx.execute("update c set n = n + 1", &[]).await?;
                hear_all(&tx).await?;
                if cuts {
                    line.cut_next(lost);
                }
                Ok::<_, Error>(())
            }
        });
        let (done, ()) = tokio::join!(run, line.mend_after_cut(before));
        done.unwrap();
        assert_eq!(attempts, if lost == Direction::ToServer { 2 } else { 1 });
    }
    println!("{most} retried transactions: the counter is {}", line.counted().await);
    assert_eq!(line.counted().await, most);
}

#[tokio::test]
async fn without_the_option_nothing_is_known_and_nothing_is_run_again() {
    let line = line().await;
    let tx = line.pool.begin().await.unwrap();
    write(&tx, 1).await.unwrap();
    line.cut_next(Direction::ToClient);
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::CommitUnknown { xid: None, .. }), "{error:?}");
    assert!(!error.is_safe_to_retry());
}

#[tokio::test]
async fn what_cannot_be_resolved_names_the_transaction() {
    let line = line().await;
    let mut attempts = 0;
    let lost = &line;
    let run = line.pool.retrying(RetryPolicy::default()).transaction(|tx| {
        attempts += 1;
        async move {
            write(&tx, 1).await?;
            lost.cut_next(Direction::ToClient);
            tx.after_commit(|| panic!("it is not known to be committed"))
        }
    });
    // Nothing comes through any more, so there is nobody to ask: closing the pool ends the asking.
    let close = async {
        eventually("the cut is noticed", async || (line.pool.stats().lost_total > 0).then_some(())).await;
        line.pool.close(Duration::ZERO).await
    };
    let (done, _) = tokio::join!(run, close);
    let error = done.unwrap_err();
    assert!(matches!(error, Error::CommitUnknown { xid: Some(_), .. }), "{error:?}");
    assert_eq!((attempts, line.pool.stats().commits_unknown_total), (1, 1));
}

/// The question is part of the transaction, so its refusal is the transaction's; COMMIT would be answered all the same.
#[tokio::test]
async fn a_question_that_is_refused_is_no_commit() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database, 1, 0);
    let role = format!("app_{}", std::process::id());
    pool.batch_execute(&format!(
        "create table t(n int primary key); create role {role}; grant all on t to {role};
         revoke execute on function pg_current_xact_id_if_assigned() from public"
    ))
    .await
    .unwrap();
    let mut session = pool.session().await.unwrap();
    session.batch_execute(&format!("set role {role}")).await.unwrap();
    for n in 0..2 {
        let tx = session.begin_with(TxOptions::new().resolve_commit(true)).await.unwrap();
        tx.execute("insert into t values ($1)", &[&n]).await.unwrap();
        let error = tx.commit().await.unwrap_err();
        assert!(matches!(error, Error::Aborted { .. }), "{error:?}");
        assert_eq!(error.code().unwrap().code(), "42501");
    }
    assert_eq!(session.query_scalar::<i64>("select count(*) from t", &[]).await.unwrap(), 0);
    session.batch_execute(&format!("reset role; drop owned by {role}; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn what_wrote_nothing_is_run_again() {
    let line = line().await;
    for options in [TxOptions::new(), TxOptions::new().read_only(true)] {
        let before = line.pool.stats().lost_total;
        let (line, mut attempts) = (&line, 0);
        let run = line.pool.retrying(RetryPolicy::default()).transaction_with(options, |tx| {
            attempts += 1;
            let cuts = attempts == 1;
            async move {
                let n: i32 = tx.query_scalar("select n from c", &[]).await?;
                tx.batch_execute("show transaction_isolation").await?; // Behind which nothing is asked.
                if cuts {
                    line.cut_next(Direction::ToClient);
                }
                Ok::<_, Error>(n)
            }
        });
        let (done, ()) = tokio::join!(run, line.mend_after_cut(before));
        assert_eq!((done.unwrap(), attempts), (0, 2));
    }
}

async fn crash_under(restart: impl AsyncFn(&mut TestCluster)) -> (Result<(), Error>, bool) {
    let mut cluster = TestCluster::start().await;
    let proxy = Proxy::before(cluster.address()).await;
    let pool = Pool::lazy(config_at(proxy.address(), 1, 0));
    pool.batch_execute("create table t(n int primary key)").await.unwrap();
    pool.batch_execute("checkpoint").await.unwrap();
    let tx = pool.begin_with(TxOptions::new().resolve_commit(true)).await.unwrap();
    tx.batch_execute("set local synchronous_commit = on").await.unwrap();
    write(&tx, 1).await.unwrap();
    proxy.cut_after(Direction::ToClient, 0);
    let restarted = async {
        eventually("COMMIT is lost", async || (pool.stats().lost_total > 0).then_some(())).await;
        proxy.refuse();
        restart(&mut cluster).await;
        proxy.pass();
    };
    let (done, ()) = tokio::join!(tx.commit(), restarted);
    let there = cluster.connection().await.query_scalar("select exists(select from t)", &[]).await.unwrap();
    (done, there)
}

#[tokio::test]
async fn an_orderly_restart_meanwhile_changes_nothing() {
    let restart = async |cluster: &mut TestCluster| {
        cluster.stop().await;
        cluster.start_again().await;
    };
    let (done, there) = crash_under(restart).await;
    assert!(done.is_ok() && there, "{done:?}");
}

/// After a crash numbers that never reached the disk are given out anew, so the number alone proves nothing.
#[tokio::test]
async fn after_a_crash_no_commit_is_claimed() {
    let restart = async |cluster: &mut TestCluster| {
        cluster.crash().await;
        cluster.start_again().await;
    };
    let (done, _) = crash_under(restart).await;
    assert!(matches!(done, Err(Error::CommitUnknown { xid: Some(_), .. })), "{done:?}");
}
