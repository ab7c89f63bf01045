//! The figures of a real database, in answers and in metrics.

use std::time::Duration;

use pgkeel_connect::Executor as _;
use pgkeel_health::{DatabaseProbe, Monitor, Probe as _};
use pgkeel_testkit::{Proxy, TestDatabase, eventually};
use serde_json::{Value, json};

use crate::client::get;
use crate::exposition::Page;
use crate::fakes::{FixedView, Sampled, idle};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn every_part_of_a_database_is_shown_with_its_status_and_age() {
    let database = TestDatabase::empty().await;
    let builder = Monitor::builder().view(FixedView("main", Some(pgkeel_health::Status::Pass)));
    let sampled = Sampled::with(builder, database.address().clone(), SECOND);
    sampled.sampler.refresh().await.unwrap();
    let answer = sampled.get("comprehensive").await;
    let body = answer.json();
    assert_eq!(answer.code, 200, "{body:#}");
    for part in ["server", "activity", "database", "checkpoints", "size", "tables", "indexes"] {
        assert_eq!(body[part]["status"], "pass", "{part}: {:#}", body[part]);
        assert!(
            body[part]["age_s"].is_number() && body[part]["took_ms"].is_number(),
            "{part}: {:#}",
            body[part]
        );
        assert_eq!(body[part]["stale"], false, "{part}");
    }
    let admin = database.connection().await;
    let version: String = admin.query_scalar("show server_version", &[]).await.unwrap();
    assert_eq!((&body["server"]["version"], &body["server"]["role"]), (&json!(version), &json!("primary")));
    assert_eq!(body["server"]["max_connections"], 100);
    assert_eq!(body["database"]["name"], database.address().database());
    assert!(body["size"]["bytes"].as_u64().is_some_and(|bytes| bytes > 1 << 20));
    assert!(body["activity"]["connections"]["used"].as_u64().is_some_and(|used| used >= 1));
    assert_eq!(body["pools"][0]["name"], "main");
    assert_eq!(body["scope"], json!(["database", "this_process"]));
    let missing = body["skipped"].as_array().unwrap();
    assert!(missing.iter().any(|part| part["part"] == "statements" && part["reason"] == "extension_missing"));
    assert!(missing.iter().any(|part| part["part"] == "connection" && part["reason"] == "not_checked"));
}

#[tokio::test]
async fn rates_are_those_between_two_looks() {
    let database = TestDatabase::empty().await;
    let worker = database.connection().await;
    worker.batch_execute("create table t (a int)").await.unwrap();
    let sampled = Sampled::of(database.address().clone(), SECOND);
    sampled.sampler.refresh().await.unwrap();
    let body = sampled.get("performance").await.json();
    assert_eq!((&body["scope"], &body["database"]["rates"]), (&json!("database"), &Value::Null));
    for _ in 0..20 {
        worker.batch_execute("insert into t values (1)").await.unwrap();
    }
    drop(worker);
    let rates = eventually("the server has counted", async || {
        sampled.sampler.refresh().await.unwrap();
        let body = sampled.get("performance").await.json();
        let rates = body["database"]["rates"].clone();
        (rates["rows_written_per_s"].as_f64()? > 0.0).then_some(rates)
    })
    .await;
    assert!(
        rates["interval_s"].as_f64().is_some() && rates["commits_per_s"].as_f64().unwrap() > 0.0,
        "{rates}"
    );
    assert_eq!(rates["cache_hit_ratio"], Value::Null, "too few blocks for a ratio: {rates}");
    assert!(rates["commit_ratio"].as_f64().is_some_and(|ratio| ratio > 0.5), "{rates}");

    let admin = database.connection().await;
    admin.execute("select pg_stat_reset()", &[]).await.unwrap();
    eventually("the reset is seen", async || {
        sampled.sampler.refresh().await.unwrap();
        sampled.get("performance").await.json()["database"]["rates"].is_null().then_some(())
    })
    .await;
}

#[tokio::test]
async fn sessions_and_their_locks_are_shown() {
    let database = TestDatabase::empty().await;
    let (holder, waiter) = (database.connection().await, database.connection().await);
    holder.batch_execute("create table t ()").await.unwrap();
    holder.batch_execute("begin; lock table t").await.unwrap();
    let waiting = tokio::spawn(async move { waiter.batch_execute("begin; lock table t").await });
    let sampled = Sampled::of(database.address().clone(), SECOND);
    let activity = eventually("one waits for the other", async || {
        sampled.sampler.refresh().await.unwrap();
        let activity = sampled.get("performance").await.json()["activity"].clone();
        (activity["blocked_sessions"].as_u64()? >= 1).then_some(activity)
    })
    .await;
    assert_eq!(activity["connections"]["scope"], "server");
    assert_eq!(
        (&activity["connections"]["max"], &activity["connections"]["usable"]),
        (&json!(100), &json!(97))
    );
    assert!(
        activity["idle_in_transaction"].as_u64() >= Some(1) && activity["oldest_transaction_s"].is_number()
    );
    assert_eq!(activity["applications"]["scope"], "applications");
    assert!(activity["active_by_wait"]["Lock"].as_u64() >= Some(1), "{activity:#}");
    drop(holder);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn one_connection_asks_for_everything() {
    let database = TestDatabase::empty().await;
    let sampled = Sampled::of(database.address().clone(), SECOND);
    for _ in 0..3 {
        sampled.sampler.refresh().await.unwrap();
    }
    let held = "select count(*), min(backend_start) = max(backend_start) from pg_stat_activity
        where application_name = 'pgkeel-health' and datname = current_database()";
    let row = database.connection().await.query_one(held, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, bool>(1)), (1, true));
}

#[tokio::test]
async fn a_database_that_is_gone_leaves_figures_that_grow_old() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let sampled = Sampled::of(proxy.address(), SECOND);
    sampled.sampler.refresh().await.unwrap();
    assert_eq!(sampled.get("performance").await.code, 200);
    let before = Page::parse(&sampled.router.monitor().metrics_page());
    assert!(before.value("pgkeel_pg_connections_max", "") > 99.0);

    proxy.refuse();
    proxy.cut();
    sampled.sampler.refresh().await.unwrap_err();
    let body = sampled.get("performance").await.json();
    assert_eq!((&body["database"]["status"], &body["database"]["stale"]), (&json!("warn"), &json!(false)));
    assert_eq!(body["database"]["output"], "db_unreachable");
    let gone = sampled.router.monitor().metrics_page();
    assert!(!gone.contains("pgkeel_pg_"), "{gone}");

    tokio::time::pause();
    tokio::time::advance(Duration::from_mins(1)).await;
    for path in ["performance", "comprehensive"] {
        let answer = sampled.get(path).await;
        let part = answer.json()["database"].clone();
        assert_eq!(
            (answer.code, &part["status"], &part["stale"]),
            (503, &json!("fail"), &json!(true)),
            "{path}"
        );
        assert!(
            part["age_s"].as_f64().is_some_and(|age| age >= 60.0) && part["totals"]["commits"].is_number()
        );
    }
    assert_eq!(sampled.get("statistics").await.code, 200, "tables are asked for every five minutes");
    tokio::time::advance(Duration::from_secs(1000)).await;
    assert_eq!(sampled.get("statistics").await.code, 503);
    tokio::time::resume();

    proxy.pass();
    sampled.sampler.refresh().await.unwrap();
    assert_eq!(sampled.get("comprehensive").await.code, 200);
}

#[tokio::test]
async fn a_database_probe_that_fails_decides_over_all_parts() {
    let database = TestDatabase::empty().await;
    let probe = DatabaseProbe::new(database.config());
    assert_eq!(probe.run().await.status(), pgkeel_health::Status::Pass);
    let builder = Monitor::builder().database(probe);
    let sampled = Sampled::with(builder, database.address().clone(), SECOND);
    sampled.sampler.refresh().await.unwrap();
    let answer = sampled.get("comprehensive").await;
    // The scheduler has not run the probe.
    assert_eq!((answer.code, &answer.json()["output"]), (503, &json!("starting")));
    assert_eq!(answer.json()["database"]["status"], "pass");
}

#[tokio::test]
async fn before_the_first_look_nothing_is_well_and_without_a_sampler_it_is_said() {
    let database = TestDatabase::empty().await;
    let sampled = Sampled::of(database.address().clone(), SECOND);
    for path in ["performance", "slow-queries", "statistics", "comprehensive"] {
        let answer = sampled.get(path).await;
        assert_eq!((answer.code, &answer.json()["output"]), (503, &json!("starting")), "{path}");
    }
    for path in ["performance", "slow-queries", "statistics"] {
        let answer = get(&idle(), &format!("/api/v1/health/database/{path}")).await;
        assert_eq!((answer.code, &answer.json()["output"]), (503, &json!("not_sampled")), "{path}");
    }
}

#[tokio::test]
async fn strangers_see_no_figures() {
    let database = TestDatabase::empty().await;
    let sampled = Sampled::of(database.address().clone(), SECOND);
    sampled.sampler.refresh().await.unwrap();
    let hidden = sampled.router.clone().showing_details(false);
    for path in ["comprehensive", "performance", "slow-queries", "statistics"] {
        let body = get(&hidden, &format!("/api/v1/health/database/{path}")).await.json();
        let members: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        assert!(members.iter().all(|name| ["status", "age_s"].contains(&&**name)), "{path}: {body}");
        assert_eq!(body["status"], "healthy");
    }
}

#[tokio::test]
async fn the_figures_are_lint_clean_metrics() {
    let database = TestDatabase::empty().await;
    let sampled = Sampled::of(database.address().clone(), SECOND);
    sampled.sampler.refresh().await.unwrap();
    let page = Page::parse(&sampled.router.monitor().metrics_page());
    page.lint();
    assert!(page.value("pgkeel_pg_connections", "state=\"active\"") >= 1.0);
    for (name, labels) in [
        ("pgkeel_pg_connections_reserved", ""),
        ("pgkeel_pg_transactions_total", "outcome=\"commit\""),
        ("pgkeel_pg_transactions_total", "outcome=\"rollback\""),
        ("pgkeel_pg_blocks_total", "source=\"hit\""),
        ("pgkeel_pg_blocks_total", "source=\"read\""),
        ("pgkeel_pg_temp_bytes_total", ""),
        ("pgkeel_pg_deadlocks_total", ""),
        ("pgkeel_pg_blocked_sessions", ""),
        ("pgkeel_pg_oldest_transaction_seconds", ""),
        ("pgkeel_pg_database_size_bytes", ""),
        ("pgkeel_pg_checkpoints_total", "trigger=\"timed\""),
        ("pgkeel_pg_checkpoints_total", "trigger=\"requested\""),
    ] {
        page.value(name, labels);
    }
}

#[tokio::test]
async fn the_scheduler_runs_both_rounds_at_its_start() {
    let database = TestDatabase::empty().await;
    let sampler = pgkeel_health::DatabaseSampler::new(database.config(), Some(SECOND));
    let (router, running) = crate::fakes::running(Monitor::builder().sampler(sampler));
    crate::fakes::results(&router, &["activity", "relations"]).await;
    let answer = get(&router, "/api/v1/health/database/statistics").await;
    assert_eq!(answer.code, 200, "{}", answer.body);
    assert_eq!(get(&router, "/api/v1/health/ready").await.code, 200);
    running.stop().await.unwrap();
}
