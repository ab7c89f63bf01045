//! What is concluded of a COMMIT whose answer is lost, where little is known of its transaction.

use std::task::{Context, Waker};

use pgkeel_connect::Connection;
use pgkeel_pool::{Begin as _, Error, Executor as _, Pool, Transaction, TxOptions};
use pgkeel_testkit::{Direction, Proxy, TestDatabase, eventually};

use crate::config_at;

struct Line {
    /// Not by way of the proxy.
    direct: Connection,
    proxy: Proxy,
    _database: TestDatabase,
}

/// COMMIT waits at the server until nobody has lock 1.
const SCHEMA: &str = "create table t(n int);
    create function wait() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock(1); return null; end $$;
    create constraint trigger wait after insert on t deferrable initially deferred
        for each row execute function wait()";

async fn line() -> Line {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let direct = database.connection().await;
    direct.batch_execute(SCHEMA).await.unwrap();
    Line { direct, proxy, _database: database }
}

impl Line {
    fn pool(&self, statement_cache: u32) -> Pool {
        Pool::lazy(config_at(self.proxy.address(), 1, 0).with_statement_cache(statement_cache))
    }

    /// Commits. The answer to COMMIT is lost, and nothing that came before it.
    async fn lose_answer(&self, tx: impl Transaction<Error = Error>) -> Result<(), Error> {
        self.direct.batch_execute("select pg_advisory_lock(1)").await.unwrap();
        let waiting = "select exists(select from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database()))";
        let lose = async {
            eventually("COMMIT has got there", async || {
                self.direct.query_scalar::<bool>(waiting, &[]).await.unwrap().then_some(())
            })
            .await;
            self.proxy.cut_after(Direction::ToClient, 0);
            self.direct.batch_execute("select pg_advisory_unlock(1)").await.unwrap();
            eventually("it is done", async || (self.rows().await > 0).then_some(())).await;
            self.proxy.pass();
        };
        tokio::join!(tx.commit(), lose).0
    }

    async fn rows(&self) -> i64 {
        self.direct.query_scalar("select count(*) from t", &[]).await.unwrap()
    }
}

fn resolving() -> TxOptions {
    TxOptions::new().resolve_commit(true)
}

/// Has the session find out which server it leads to.
async fn introduce(pool: &Pool) {
    let tx = pool.begin_with(resolving()).await.unwrap();
    tx.execute("select 1", &[]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_say_which_it_is_leaves_it_open() {
    let line = line().await;
    let role = format!("unknowing_{}", std::process::id());
    let make = format!(
        "create role {role}; grant all on t to {role};
         revoke execute on function pg_control_system() from public"
    );
    line.direct.batch_execute(&make).await.unwrap();
    let pool = line.pool(100);
    let mut session = pool.session().await.unwrap();
    session.batch_execute(&format!("set role {role}")).await.unwrap();
    let tx = session.begin_with(resolving()).await.unwrap();
    tx.execute("select 1", &[]).await.unwrap();
    tx.commit().await.unwrap();
    let tx = session.begin_with(resolving()).await.unwrap();
    tx.execute("insert into t values (1)", &[]).await.unwrap();
    let done = line.lose_answer(tx).await;
    line.direct.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
    assert!(matches!(done, Err(Error::CommitUnknown { .. })), "{done:?}");
}

/// The session goes on without, and has its statements prepared behind what was asked for with them.
#[tokio::test]
async fn a_reload_that_gives_a_statement_cache_does_not_make_the_question_come_too_early() {
    let line = line().await;
    let pool = line.pool(0);
    introduce(&pool).await;
    pool.reload(config_at(line.proxy.address(), 1, 0));
    let tx = pool.begin_with(resolving()).await.unwrap();
    tx.execute("insert into t values (1)", &[]).await.unwrap();
    line.lose_answer(tx).await.unwrap();
}

#[tokio::test]
async fn a_statement_that_waits_for_a_cancel_is_not_asked_about_before_it_is_sent() {
    let line = line().await;
    let pool = line.pool(100);
    introduce(&pool).await;
    let tx = pool.begin_with(resolving()).await.unwrap();
    tx.batch_execute("show transaction_isolation").await.unwrap();
    let mut first = Box::pin(tx.batch_execute("show work_mem"));
    let mut second = Box::pin(tx.execute("insert into t values (1)", &[]));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut cx).is_pending() && second.as_mut().poll(&mut cx).is_pending());
    // Cancelled once the second is prepared, which therefore waits before it is run.
    drop(first);
    second.await.unwrap();
    line.lose_answer(tx).await.unwrap();
}

/// A kept statement does not fit any more, and is prepared anew: the question waits for that.
#[tokio::test]
async fn a_statement_that_is_prepared_anew_is_not_asked_about_before_it_is_sent() {
    let line = line().await;
    let pool = line.pool(100);
    introduce(&pool).await;
    let insert = "insert into t values ($1)";
    let tx = pool.begin().await.unwrap();
    tx.execute(insert, &[&1_i32]).await.unwrap();
    tx.rollback().await.unwrap();
    line.direct.batch_execute("alter table t alter n type bigint").await.unwrap();
    let tx = pool.begin_with(resolving()).await.unwrap();
    tx.execute(insert, &[&1_i64]).await.unwrap();
    line.lose_answer(tx).await.unwrap();
}
