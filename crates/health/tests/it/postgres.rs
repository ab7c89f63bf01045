//! The database and the pool as they are watched: on a real PostgreSQL.

use std::time::Duration;

use pgkeel_connect::Config as ConnectConfig;
use pgkeel_health::{
    ClientStatements as _, DatabaseProbe, Monitor, Outcome, PoolProbe, PoolWatch, Probe as _, Source as _,
    Status, View as _,
};
use pgkeel_pool::{
    Config as PoolConfig, Error, Executor as _, Pool, Reset, RetryPolicy, Transaction as _, TxOptions,
};
use pgkeel_testkit::{Direction, Proxy, TestDatabase, eventually};
use tokio::time::timeout;

use crate::exposition::Page;

/// As long as the scheduler gives a run.
const RUN: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_database_that_answers_passes_and_says_what_it_is() {
    let database = TestDatabase::empty().await;
    let probe = DatabaseProbe::new(database.config());
    for _ in 0..3 {
        assert_eq!(probe.run().await.status(), Status::Pass);
    }
    let watched = Monitor::builder().source(probe).build().unwrap().0;
    let page = Page::parse(&watched.metrics_page());
    page.lint();
    assert_eq!(page.value("pgkeel_pg_up", "").to_string(), "1");
    assert_eq!(page.value("pgkeel_pg_check_connects_total", "").to_string(), "1");
}

#[tokio::test]
async fn each_trouble_has_its_word() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let of = |address| DatabaseProbe::new(ConnectConfig::new(address));
    let gone = of(database.address().clone().with_database("no_such_database"));
    assert_eq!(gone.run().await, Outcome::fail("no_such_database"));
    proxy.refuse();
    assert_eq!(of(proxy.address()).run().await, Outcome::fail("db_unreachable"));
    proxy.black_hole();
    let config = ConnectConfig::new(proxy.address()).with_connect_timeout(Duration::from_millis(50));
    assert_eq!(DatabaseProbe::new(config).run().await, Outcome::fail("timeout"));
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_replaced_within_the_run() {
    let database = TestDatabase::empty().await;
    let probe = DatabaseProbe::new(database.config());
    assert_eq!(probe.run().await.status(), Status::Pass);
    let end = "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
        where application_name = 'pgkeel-health' and datname = current_database()";
    let ended: i64 = database.connection().await.query_scalar(end, &[]).await.unwrap();
    assert_eq!(ended, 1);
    assert_eq!(probe.run().await.status(), Status::Pass);
}

#[tokio::test]
async fn a_slow_dial_goes_on_when_a_run_is_given_up() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    proxy.black_hole();
    let probe = DatabaseProbe::new(ConnectConfig::new(proxy.address()));
    assert!(timeout(Duration::from_millis(20), probe.run()).await.is_err());
    assert!(timeout(Duration::from_millis(20), probe.run()).await.is_err());
    proxy.pass();
    assert_eq!(probe.run().await.status(), Status::Pass);
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn a_silent_connection_is_given_up_with_its_run() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let probe = DatabaseProbe::new(ConnectConfig::new(proxy.address()));
    assert_eq!(probe.run().await.status(), Status::Pass);
    proxy.black_hole();
    assert!(timeout(RUN, probe.run()).await.is_err());
    proxy.pass();
    assert_eq!(probe.run().await.status(), Status::Pass);
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn a_busy_pool_warns_and_a_broken_one_fails() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(PoolConfig::new(database.address().clone()).with_size(1, 0).unwrap());
    let probe = PoolProbe::new(pool.clone());
    assert_eq!(probe.run().await, Outcome::pass());
    let held = pool.session().await.unwrap();
    assert_eq!(probe.run().await, Outcome::warn("pool_busy"));
    drop(held);
    assert_eq!(probe.run().await, Outcome::pass());
    pool.close(RUN).await;
    assert_eq!(probe.run().await, Outcome::fail("pool_closed"));
}

#[tokio::test]
async fn a_pools_figures_are_shown_and_a_queue_before_a_full_pool_warns() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(PoolConfig::new(database.address().clone()).with_size(1, 1).unwrap());
    let watch = PoolWatch::new("orders", pool.clone());
    let held = (pool.session().await.unwrap(), pool.session().await.unwrap());
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.execute("select 1", &[]).await }
    });
    eventually("somebody waits", async || (pool.stats().waiting == 1).then_some(())).await;
    let (status, figures) = watch.json();
    assert_eq!(status, Status::Warn);
    assert_eq!(
        (&figures["checked_out"], &figures["overflow"], &figures["waiting"]),
        (&2.into(), &1.into(), &1.into())
    );
    drop(held);
    waiter.await.unwrap().unwrap();
    assert_eq!(watch.json().0, Status::Pass);
    pool.close(RUN).await;
    pool.session().await.unwrap_err();
    pool.start().await.unwrap();
    let totals = &watch.json().1["totals"];
    let outcomes = ["acquires", "timeouts", "overloaded", "refused", "found_closed", "abandoned"];
    assert_eq!(outcomes.map(|outcome| totals[outcome].as_u64().unwrap()), [4, 0, 0, 0, 1, 0]);

    let families = watch.families().len();
    assert!(families >= 11, "{families}");
    let monitor = Monitor::builder().source(watch.clone()).view(watch).build().unwrap().0;
    let page = Page::parse(&monitor.metrics_page());
    page.lint();
    assert_eq!(page.value("pgkeel_pool_sessions", "pool=\"orders\",state=\"idle\"").to_string(), "1");
    assert_eq!(page.value("pgkeel_pool_found_closed_total", "pool=\"orders\"").to_string(), "1");
}

#[tokio::test]
async fn sessions_that_came_back_dirty_are_shown_and_those_of_them_that_were_closed() {
    let database = TestDatabase::empty().await;
    let config = PoolConfig::new(database.address().clone()).with_size(1, 0).unwrap();
    let pool = Pool::lazy(config.clone());
    for reset in [Reset::Rollback, Reset::None] {
        pool.reload(config.clone().with_reset(reset));
        pool.batch_execute("begin").await.unwrap();
        pool.batch_execute("select 1").await.unwrap(); // Once it was cleaned, or replaced.
    }
    let watch = PoolWatch::new("orders", pool);
    let totals = &watch.json().1["totals"];
    let page = Page::parse(&Monitor::builder().source(watch.clone()).build().unwrap().0.metrics_page());
    page.lint();
    for (total, expected) in [("dirty", 2), ("dirty_closed", 1)] {
        assert_eq!(totals[total], expected, "{total}");
        let value = page.value(&format!("pgkeel_pool_{total}_total"), "pool=\"orders\"");
        assert_eq!(value.to_string(), expected.to_string(), "{total}");
    }
}

#[tokio::test]
async fn what_a_pool_ran_again_and_its_lost_commits_are_shown() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(PoolConfig::new(proxy.address()).with_size(1, 0).unwrap());
    run_again_until_refused(&pool).await;
    pool.batch_execute("create table t(n int)").await.unwrap();
    lose_commit(&pool, &proxy, TxOptions::new().resolve_commit(true)).await.unwrap();
    let error = lose_commit(&pool, &proxy, TxOptions::new()).await.unwrap_err();
    assert!(matches!(error, Error::CommitUnknown { .. }), "{error:?}");

    let watch = PoolWatch::new("orders", pool);
    let totals = &watch.json().1["totals"];
    let page = Page::parse(&Monitor::builder().source(watch.clone()).build().unwrap().0.metrics_page());
    page.lint();
    for (total, expected) in
        [("retries", 100), ("retries_refused", 1), ("commits_resolved", 1), ("commits_unknown", 1)]
    {
        assert_eq!(totals[total], expected, "{total}");
        let value = page.value(&format!("pgkeel_pool_{total}_total"), "pool=\"orders\"");
        assert_eq!(value.to_string(), expected.to_string(), "{total}");
    }
}

/// Spends what a pool has saved up: 100 retries.
async fn run_again_until_refused(pool: &Pool) {
    let policy = RetryPolicy::new().attempts(200).backoff(Duration::ZERO, Duration::ZERO);
    let raise = "do $$ begin raise exception using errcode = '40001'; end $$";
    let run = pool.retrying(policy).transaction(|tx| async move { tx.batch_execute(raise).await });
    let error = run.await.expect_err("it fails each time");
    assert!(error.to_string().contains("retry budget"), "{error}");
}

/// Commits, but the answer is lost, and the line with it; mended when that was noticed.
async fn lose_commit(pool: &Pool, proxy: &Proxy, options: TxOptions) -> Result<(), Error> {
    let before = pool.stats().lost_total;
    let tx = pool.begin_with(options).await?;
    tx.execute("insert into t values (1)", &[]).await?;
    // The number that is asked for behind one statement has come with the answer to the next.
    tx.batch_execute("select 1").await?;
    tx.batch_execute("select 1").await?;
    proxy.cut_after(Direction::ToClient, 0);
    let mend = async {
        eventually("the cut is noticed", async || (pool.stats().lost_total > before).then_some(())).await;
        proxy.pass();
    };
    tokio::join!(tx.commit(), mend).0
}

#[tokio::test]
async fn a_pools_slow_statements_are_handed_on_without_values() {
    let database = TestDatabase::empty().await;
    let threshold = Some(Duration::from_millis(10));
    let config = PoolConfig::new(database.address().clone()).with_slow_query_threshold(threshold);
    let pool = Pool::lazy(config);
    pool.query("select pg_sleep(0.02), 'hush-hush'", &[]).await.unwrap();
    let slow = PoolWatch::new("orders", pool).slow_queries();
    let found = slow.iter().find(|slow| slow.text.contains("pg_sleep")).unwrap();
    assert!(found.took >= Duration::from_millis(20) && !found.text.contains("hush"), "{found:?}");
}

#[tokio::test]
async fn a_pools_statements_are_metrics_by_operation() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(PoolConfig::new(database.address().clone()));
    pool.query("select n from generate_series(1, 3) n", &[]).await.unwrap();
    pool.query("select 1/0", &[]).await.unwrap_err();
    pool.execute("create table hush(n int)", &[]).await.unwrap();
    let watched = Monitor::builder().source(PoolWatch::new("orders", pool)).build().unwrap().0;
    let text = watched.metrics_page();
    let page = Page::parse(&text);
    page.lint();
    let of = |name: &str, operation: &str| {
        page.value(name, &format!("operation=\"{operation}\",pool=\"orders\"")).to_string()
    };
    assert_eq!(of("pgkeel_statement_seconds_count", "SELECT"), "2");
    assert_eq!(of("pgkeel_statement_seconds_count", "OTHER"), "1");
    assert_eq!(of("pgkeel_statement_rows_total", "SELECT"), "3");
    assert_eq!(of("pgkeel_statements_failed_total", "SELECT"), "1");
    assert!(!text.contains("hush"));
}
