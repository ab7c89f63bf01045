//! The pool in front of `PgBouncer` in session mode, which is like a server that starts sessions sooner.

use std::time::Duration;

use pgkeel_pool::connect::Connection;
use pgkeel_pool::{Executor as _, Pool, Reset};
use pgkeel_testkit::{Bouncer, TestDatabase, eventually};

use crate::config_of;

#[tokio::test]
async fn statements_stay_prepared_and_the_session_comes_back_clean() {
    let database = TestDatabase::empty().await;
    let bouncer = Bouncer::before(database.address(), "session", &[]).await;
    for reset in [Reset::Rollback, Reset::Smart, Reset::DiscardAll] {
        let pool = Pool::lazy(config_of(&bouncer, 1).with_reset(reset).with_statement_cache(8));
        for number in 0..20_i32 {
            let got: i32 = pool.query_scalar("select $1::int4", &[&number]).await.unwrap();
            assert_eq!(got, number);
        }
        let session = pool.session().await.unwrap();
        session.batch_execute("begin; set local work_mem = '1MB'").await.unwrap();
        session.batch_execute("create temp table left_over(n int); set my.mark = 'left'").await.unwrap();
        drop(session);
        let session = pool.session().await.unwrap();
        let left = "select coalesce(current_setting('my.mark', true), '') || coalesce(to_regclass('left_over')::text, '')";
        let left: String = session.query_scalar(left, &[]).await.unwrap();
        assert_eq!(left, "", "{reset}");
        assert_eq!(pool.stats().dirty_closed_total, 0);
    }
}

#[tokio::test]
async fn a_dropped_statement_is_cancelled() {
    let database = TestDatabase::empty().await;
    let bouncer = Bouncer::before(database.address(), "session", &[]).await;
    let pool = Pool::lazy(config_of(&bouncer, 1));
    let asleep = tokio::time::timeout(Duration::from_millis(100), pool.execute("select pg_sleep(600)", &[]));
    assert!(asleep.await.is_err());
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
    assert_eq!(pool.stats().connects_total, 1, "on the same connection");
}

async fn clients(observer: &Connection) -> i64 {
    let sql =
        "select count(*) from pg_stat_activity where application_name = 'pgkeel' and pid <> pg_backend_pid()
        and datname = current_database() and state <> 'idle'";
    observer.query_scalar(sql, &[]).await.unwrap()
}

#[tokio::test]
async fn a_close_waits_for_what_runs_and_says_good_bye() {
    let database = TestDatabase::empty().await;
    let observer = database.connection().await;
    let bouncer = Bouncer::before(database.address(), "session", &[]).await;
    let pool = Pool::lazy(config_of(&bouncer, 4));
    let running = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.execute("select pg_sleep(0.3)", &[]).await })
    };
    eventually("it runs", async || (clients(&observer).await == 1).then_some(())).await;
    let report = pool.close(Duration::from_secs(20)).await;
    assert!(report.is_graceful(), "{report:?}");
    assert!(running.await.unwrap().is_ok());
    eventually("PgBouncer has logged the end", async || {
        bouncer.log().contains("closing because: client close request").then_some(())
    })
    .await;
    assert!(!bouncer.log().contains("client unexpected eof"), "{}", bouncer.log());
}
