//! Slow statements, as the server and as this process saw them.

use std::time::Duration;

use pgkeel_connect::{Address, Executor as _, HostName};
use pgkeel_health::{DatabaseSampler, Monitor, Router};
use pgkeel_pool::SlowQuery;
use pgkeel_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::client::get;
use crate::fakes::{FixedStatements, Sampled};

const PATH: &str = "/api/v1/health/database/slow-queries";

fn seen_here() -> FixedStatements {
    let mut waited = SlowQuery::new("select * from here where a = ?", Duration::from_secs(2));
    waited.waited = Duration::from_secs(5);
    waited.rows = 7;
    let mut slowest = SlowQuery::new("select * from here where a = ?", Duration::from_secs(4));
    slowest.params = vec!["int8".into()];
    slowest.site = Some(std::panic::Location::caller());
    FixedStatements(vec![waited, slowest])
}

async fn queries(sampled: &Sampled) -> Vec<Value> {
    sampled.get("slow-queries").await.json()["queries"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn the_servers_and_the_clients_rows_say_where_they_come_from() {
    let database = TestDatabase::empty().await;
    let worker = database.connection().await;
    worker.batch_execute("create extension pg_stat_statements").await.unwrap();
    for _ in 0..2 {
        worker.query("select pg_sleep(0.06), 'hush-hush' as slow_one", &[]).await.unwrap();
    }
    worker.query("select 'hush-hush' as quick_one", &[]).await.unwrap();
    let builder = Monitor::builder().statements(seen_here());
    let sampled = Sampled::with(builder, database.address().clone(), Duration::from_millis(50));
    sampled.sampler.refresh().await.unwrap();
    let answer = sampled.get("slow-queries").await;
    let body = answer.json();
    assert_eq!((answer.code, &body["statements"]["threshold_s"]), (200, &json!(0.05)));
    let rows = queries(&sampled).await;
    let server = rows.iter().find(|row| row["text"].as_str().is_some_and(|text| text.contains("slow_one")));
    let server = server.unwrap_or_else(|| panic!("{body:#}"));
    assert_eq!(
        (&server["source"], &server["calls"], &server["rows"]),
        (&json!("server"), &json!(2), &json!(2))
    );
    assert!(server["mean_s"].as_f64().unwrap() >= 0.06 && server["id"].is_string(), "{server:#}");
    assert!(server["share"].as_f64().is_some_and(|share| share > 0.1));
    let client = rows.iter().find(|row| row["source"] == "client").unwrap();
    assert_eq!(
        (&client["pool"], &client["calls"], &client["mean_s"]),
        (&json!("main"), &json!(2), &json!(3.0))
    );
    assert_eq!((&client["waited_for_session_s"], &client["rows"]), (&json!(5.0), &json!(7)));
    assert_eq!(client["slowest_params"], json!(["int8"]));
    assert!(client["slowest_at"].as_str().unwrap().contains("slow.rs:"), "{client:#}");
    assert!(!answer.body.contains("hush") && !answer.body.contains("quick_one"), "{}", answer.body);
    let advice: Vec<_> =
        body["recommendations"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(advice.iter().any(|text| text.contains("slow_one") && text.contains("2 calls")), "{advice:?}");
}

#[tokio::test]
async fn the_samplers_own_statements_are_never_listed() {
    let database = TestDatabase::empty().await;
    let worker = database.connection().await;
    worker.batch_execute("create extension pg_stat_statements").await.unwrap();
    let sampled = Sampled::of(database.address().clone(), Duration::ZERO);
    for _ in 0..3 {
        worker.query("select 1 as of_somebody", &[]).await.unwrap();
        sampled.sampler.refresh().await.unwrap();
        let rows = queries(&sampled).await;
        let texts: Vec<_> = rows.iter().filter_map(|row| row["text"].as_str()).collect();
        assert!(texts.iter().any(|text| text.contains("of_somebody")), "{texts:#?}");
        assert!(
            !texts.iter().any(|text| text.contains("pg_stat_activity") || text.contains("search_path")),
            "{texts:#?}"
        );
        assert!(!texts.iter().any(|text| text.starts_with("begin") || *text == "commit"), "{texts:#?}");
    }
}

#[tokio::test]
async fn without_the_extension_the_clients_rows_stay_and_the_remedy_is_told_and_works() {
    let database = TestDatabase::empty().await;
    let builder = Monitor::builder().statements(seen_here());
    let sampled = Sampled::with(builder, database.address().clone(), Duration::from_millis(1));
    sampled.sampler.refresh().await.unwrap();
    let answer = sampled.get("slow-queries").await;
    let body = answer.json();
    assert_eq!((answer.code, body["queries"].as_array().unwrap().len()), (200, 1));
    let skipped = &body["skipped"][0];
    assert_eq!((&skipped["part"], &skipped["reason"]), (&json!("statements"), &json!("extension_missing")));
    assert!(body["recommendations"][0].as_str().is_some_and(|text| text.contains("pool main")), "{body:#}");
    let worker = database.connection().await;
    worker.batch_execute(skipped["remedy"].as_str().unwrap()).await.unwrap();
    worker.query("select pg_sleep(0.01) as mended", &[]).await.unwrap();
    sampled.sampler.refresh().await.unwrap();
    let rows = queries(&sampled).await;
    assert!(
        rows.iter().any(|row| row["text"].as_str().is_some_and(|text| text.contains("mended"))),
        "{rows:#?}"
    );
    assert_eq!(sampled.get("slow-queries").await.json()["skipped"], json!([]));
}

/// The same database, where every session becomes this role at once.
fn as_role(address: &Address, role: &str) -> Address {
    let host = &address.hosts()[0];
    let name = match host.name() {
        HostName::Socket(directory) => directory.display().to_string(),
        HostName::Tcp(name) => name.clone(),
    };
    let (user, database, port) = (address.user(), address.database(), host.port());
    format!("postgresql://{user}@/{database}?host={name}&port={port}&options=-c%20role%3D{role}")
        .parse()
        .expect("an address")
}

#[tokio::test]
async fn a_role_that_may_not_see_others_is_told_so() {
    let database = TestDatabase::empty().await;
    let admin = database.connection().await;
    admin.batch_execute("create extension pg_stat_statements; create table others ()").await.unwrap();
    admin.query("select * from others", &[]).await.unwrap();
    let role = format!("plain_{}", database.address().database());
    admin.batch_execute(&format!("create role {role} login")).await.unwrap();
    let sampled = Sampled::of(as_role(database.address(), &role), Duration::ZERO);
    sampled.sampler.refresh().await.unwrap();
    for (path, part) in [("slow-queries", "statements"), ("performance", "activity")] {
        let body = sampled.get(path).await.json();
        let skipped = body["skipped"].as_array().unwrap();
        let told =
            skipped.iter().find(|skipped| skipped["part"] == part).unwrap_or_else(|| panic!("{body:#}"));
        assert_eq!(told["remedy"], format!("grant pg_read_all_stats to \"{role}\""));
    }
    assert_eq!(sampled.get("performance").await.code, 200);
}

#[tokio::test]
async fn a_threshold_that_is_off_asks_for_nothing_and_clients_alone_are_enough() {
    let database = TestDatabase::empty().await;
    let sampler = DatabaseSampler::new(database.config(), None);
    let (monitor, _scheduler) = Monitor::builder().sampler(sampler.clone()).build().unwrap();
    sampler.refresh().await.unwrap();
    let body = get(&Router::new(monitor).showing_details(true), PATH).await.json();
    assert_eq!((&body["status"], &body["skipped"][0]["reason"]), (&json!("healthy"), &json!("switched_off")));

    let (monitor, _scheduler) = Monitor::builder().statements(seen_here()).build().unwrap();
    let answer = get(&Router::new(monitor).showing_details(true), PATH).await;
    assert_eq!((answer.code, &answer.json()["skipped"][0]["reason"]), (200, &json!("not_sampled")));
    assert_eq!(answer.json()["queries"][0]["source"], "client");
}
