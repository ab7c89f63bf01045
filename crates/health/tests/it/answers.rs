//! Status codes and bodies of every route, by what the probes say.

use pgkeel_health::{Answers, Family, LegacyStatus, Monitor, Router, Status};
use serde_json::{Value, json};

use crate::client::{ask, get};
use crate::fakes::{Act, FixedView, Puppet, idle, results, running};

const DRAFT: &[(&str, &str)] = &[("accept", "application/health+json")];

/// Code and the two words of each route, with one database probe that acts so from its first run on.
async fn all_codes(act: Act) -> [u16; 6] {
    let (router, _running) = running(Monitor::builder().database(Puppet::new("database", act)));
    results(&router, &["database"]).await;
    let mut codes = [0; 6];
    let paths = ["", "/live", "/ready", "/database", "/database/connection-pool"];
    for (code, path) in codes.iter_mut().zip(paths) {
        *code = get(&router, &format!("/api/v1/health{path}")).await.code;
    }
    codes[5] = get(&router, "/health").await.code;
    codes
}

#[tokio::test(start_paused = true)]
async fn a_passing_or_warning_database_makes_every_route_answer_200() {
    assert_eq!(all_codes(Act::Pass).await, [200; 6]);
    assert_eq!(all_codes(Act::Warn).await, [200; 6]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_hanging_or_panicking_database_leaves_live_and_pools_at_200() {
    for act in [Act::Fail, Act::Hang, Act::Panic] {
        assert_eq!(all_codes(act).await, [503, 200, 503, 503, 200, 503], "{act:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn plain_json_speaks_the_words_of_the_python_layer() {
    let database = Puppet::new("database", Act::Pass);
    let (router, _running) = running(Monitor::builder().database(database.clone()));
    results(&router, &["database"]).await;
    for path in ["/api/v1/health/", "/api/v1/health", "/api/v1/health/ready", "/api/v1/health/database"] {
        let answer = get(&router, path).await;
        let body = answer.json();
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!((&body["status"], &body["database"]), (&json!("healthy"), &json!("connected")), "{path}");
        assert!(body["age_s"].is_number(), "{path}: {body}");
    }
    let check = &get(&router, "/api/v1/health/database").await.json()["checks"]["database:responseTime"][0];
    assert_eq!(check["facts"], json!({ "server_version": "18.1" }));
    assert_eq!((&check["componentType"], &check["observedUnit"]), (&json!("datastore"), &json!("ms")));
}

#[tokio::test(start_paused = true)]
async fn the_draft_is_spoken_when_asked_for() {
    for (act, word, code) in [(Act::Pass, "pass", 200), (Act::Warn, "warn", 200), (Act::Fail, "fail", 503)] {
        let (router, _running) = running(Monitor::builder().database(Puppet::new("database", act)));
        results(&router, &["database"]).await;
        let answer = ask(&router, "GET", "/api/v1/health/database", DRAFT).await;
        let body = answer.json();
        assert_eq!((answer.code, answer.header("content-type")), (code, "application/health+json"));
        assert_eq!((&body["status"], body.get("database")), (&json!(word), None), "{body}");
        assert_eq!(body["checks"]["database:responseTime"][0]["status"], word);
        assert!(body["age_s"].is_number() && body["version"].is_string() && body["serviceId"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_as_a_slug_and_a_pass_has_none() {
    let told = |act| async move {
        let (router, _running) = running(Monitor::builder().database(Puppet::new("database", act)));
        results(&router, &["database"]).await;
        get(&router, "/api/v1/health/database").await.json()["output"].clone()
    };
    assert_eq!(told(Act::Fail).await, "db_unreachable");
    assert_eq!(told(Act::Hang).await, "timeout");
    assert_eq!(told(Act::Panic).await, "panicked");
    assert_eq!(told(Act::Pass).await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn before_the_first_result_it_is_starting_and_not_ready() {
    let (router, _running) = running(Monitor::builder().database(Puppet::new("database", Act::Hang)));
    let answer = get(&router, "/api/v1/health/ready").await;
    let body = answer.json();
    assert_eq!((answer.code, &body["phase"], &body["age_s"]), (503, &json!("starting"), &Value::Null));
    assert_eq!(get(&router, "/api/v1/health/live").await.code, 200);
    assert_eq!(
        get(&router, "/health").await.json(),
        json!({
            "status": "unhealthy", "database": "disconnected", "age_s": null
        })
    );
}

#[tokio::test(start_paused = true)]
async fn an_advisory_failure_warns_and_keeps_the_process_ready() {
    let advisory = Puppet::new("cache", Act::Fail).advisory();
    let (router, _running) =
        running(Monitor::builder().database(Puppet::new("database", Act::Pass)).probe(advisory));
    results(&router, &["database", "cache"]).await;
    assert_eq!(get(&router, "/api/v1/health/ready").await.code, 200);
    let overall = ask(&router, "GET", "/api/v1/health/", DRAFT).await;
    let body = overall.json();
    assert_eq!((overall.code, &body["status"]), (200, &json!("warn")));
    assert_eq!(
        body["components"],
        json!({ "live": "pass", "ready": "pass", "database": "pass", "cache": "warn" })
    );
}

#[tokio::test]
async fn without_a_database_probe_nothing_claims_to_be_connected() {
    let router = idle();
    assert_eq!(get(&router, "/api/v1/health/").await.code, 200);
    let answer = get(&router, "/api/v1/health/database").await;
    let body = answer.json();
    assert_eq!((answer.code, &body["output"]), (503, &json!("not_checked")));
    assert_eq!(body["database"], "disconnected");
}

#[tokio::test]
async fn without_a_pool_the_pools_are_an_empty_list() {
    let answer = get(&idle(), "/api/v1/health/database/connection-pool").await;
    assert_eq!((answer.code, &answer.json()["pools"]), (200, &json!([])));
}

#[tokio::test]
async fn pools_show_their_figures_and_the_worst_one_decides() {
    let views = Monitor::builder().view(FixedView("main", Some(Status::Pass)));
    let (router, _running) = running(views.view(FixedView("stuck", Some(Status::Fail))));
    let answer = get(&router, "/api/v1/health/database/connection-pool").await;
    assert_eq!(answer.code, 503);
    assert_eq!(
        answer.json()["pools"],
        json!([
            { "name": "main", "status": "pass", "size": 4, "idle": 3 },
            { "name": "stuck", "status": "fail", "size": 4, "idle": 3 },
        ])
    );
    let overall = get(&router, "/api/v1/health/").await;
    assert_eq!((overall.code, &overall.json()["components"]["pool:stuck"]), (503, &json!("unhealthy")));
}

#[tokio::test]
async fn a_panicking_view_warns_and_takes_nothing_else_with_it() {
    let views =
        Monitor::builder().view(FixedView("broken", None)).view(FixedView("main", Some(Status::Pass)));
    let (router, _running) = running(views);
    let answer = get(&router, "/api/v1/health/database/connection-pool").await;
    assert_eq!(answer.code, 200);
    assert_eq!(
        answer.json()["pools"][0],
        json!({ "name": "broken", "status": "warn", "output": "view_panicked" })
    );
    assert_eq!(answer.json()["pools"][1]["size"], 4);
}

#[tokio::test(start_paused = true)]
async fn the_legacy_answer_can_keep_its_old_status_code() {
    let builder = Monitor::builder().database(Puppet::new("database", Act::Fail));
    let (monitor, scheduler) = builder.build().unwrap();
    let mut answers = Answers::default();
    answers.legacy_status = LegacyStatus::Always200;
    let router = Router::new(monitor).answering(answers);
    let _running = scheduler.spawn();
    results(&router, &["database"]).await;
    let answer = ask(&router, "GET", "/health", &[("accept", "text/html")]).await;
    let body = answer.json();
    assert_eq!(
        (answer.code, &body["status"], &body["database"]),
        (200, &json!("unhealthy"), &json!("disconnected"))
    );
}

#[tokio::test(start_paused = true)]
async fn draining_ends_readiness_at_once_and_leaves_live_and_database_alone() {
    let (router, _running) = running(Monitor::builder().database(Puppet::new("database", Act::Pass)));
    results(&router, &["database"]).await;
    router.monitor().drain();
    let ready = get(&router, "/api/v1/health/ready").await;
    assert_eq!((ready.code, &ready.json()["phase"]), (503, &json!("draining")));
    assert_eq!(get(&router, "/api/v1/health/live").await.code, 200);
    assert_eq!(get(&router, "/api/v1/health/database").await.code, 200);
}

#[tokio::test]
async fn a_panicking_source_costs_its_own_families_only() {
    let panics: fn() -> Vec<Family> = || panic!("a source panics");
    let (router, _running) = running(Monitor::builder().source(crate::fakes::FixedSource("broken", panics)));
    let page = get(&router, "/metrics").await;
    assert_eq!(page.code, 200);
    assert!(page.body.contains("pgkeel_source_up{source=\"broken\"} 0"), "{}", page.body);
    assert!(page.body.contains("pgkeel_build_info"));
}
