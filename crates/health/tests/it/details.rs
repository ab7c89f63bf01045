//! What strangers are told: the status words, the age, and nothing that helps an attacker.

use pgkeel_health::{About, Config, Monitor, Router, Status};
use serde_json::Value;

use crate::client::{Served, get};
use crate::fakes::{Act, FixedView, Puppet, results, running};

const PATHS: [&str; 10] = [
    "/api/v1/health/",
    "/api/v1/health/live",
    "/api/v1/health/ready",
    "/api/v1/health/database",
    "/api/v1/health/database/comprehensive",
    "/api/v1/health/database/connection-pool",
    "/api/v1/health/database/performance",
    "/api/v1/health/database/slow-queries",
    "/api/v1/health/database/statistics",
    "/health",
];

async fn router(act: Act) -> (Router, pgkeel_health::Running) {
    let mut about = About::default();
    about.service_id = "secret-service".into();
    let builder = Monitor::builder().about(about).database(Puppet::new("database", act));
    let (router, running) = running(builder.view(FixedView("secret-pool", Some(Status::Pass))));
    results(&router, &["database"]).await;
    (router, running)
}

#[tokio::test(start_paused = true)]
async fn strangers_see_status_database_and_age_only() {
    for act in [Act::Pass, Act::Fail, Act::Hang] {
        let (router, _running) = router(act).await;
        let hidden = router.showing_details(false);
        for path in PATHS {
            let body = get(&hidden, path).await.json();
            let members: Vec<_> = body.as_object().expect("an object").keys().map(String::as_str).collect();
            assert!(
                members.iter().all(|name| ["status", "database", "age_s"].contains(name)),
                "{path}: {body}"
            );
            assert!(body["status"].is_string(), "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_status_code_is_the_same_with_and_without_details() {
    let (router, _running) = router(Act::Fail).await;
    for path in PATHS {
        let shown = get(&router, path).await.code;
        assert_eq!(get(&router.clone().showing_details(false), path).await.code, shown, "{path}");
    }
}

#[tokio::test]
async fn a_new_router_hides_and_a_loopback_server_shows() {
    let (monitor, _scheduler) = Monitor::builder().build().unwrap();
    let config = Config::default();
    let router = Router::new(monitor);
    assert_eq!(get(&router, "/api/v1/health/live").await.json().get("version"), None);
    let served = Served::by(config, router).await;
    assert!(matches!(served.get("/api/v1/health/live").await.json()["version"], Value::String(_)));
    served.stop().await;
}

#[tokio::test]
async fn a_server_on_all_addresses_hides() {
    let (monitor, _scheduler) = Monitor::builder().build().unwrap();
    let mut config = Config::default();
    config.listen = ([0, 0, 0, 0], 0).into();
    let router = Router::new(monitor);
    let server =
        pgkeel_health::Server::bind(&config, router.showing_details(true)).await.expect("a free port");
    assert!(format!("{server:?}").contains("details: false"));
}
