//! Rotations in the metrics of `pgkeel serve`, whoever runs them.

use pgkeel_connect::Executor as _;
use pgkeel_testkit::eventually;
use rustix::process::Signal;
use serde_json::Value;

use super::operator::Operator;
use crate::http::get;
use crate::program::Serving;

#[tokio::test]
async fn what_a_rotation_has_done_is_in_the_metrics() {
    let (operator, old) = Operator::with_users(50).await;
    let new = operator.new_key("second").await;
    operator.keyring(&[(&old, "decrypt"), (&new, "primary")]);
    operator.done(&["rotate"]).await;

    let address = operator.address();
    let serving = Serving::start(&[("DATABASE_URL", address.as_str())]).await;
    let labels = format!("column=\"app.users.email\",key=\"{}\",other_column=\"\"", new.id);
    let expected = [
        format!("pgkeel_rotation_rows_total{{{labels},result=\"rewritten\",task=\"reseal\"}} 50"),
        format!("pgkeel_rotation_rows_total{{{labels},result=\"failed\",task=\"reseal\"}} 0"),
        format!("pgkeel_rotation_running{{{labels},task=\"reseal\"}} 0"),
    ];
    eventually("the rotation is in the metrics", async || {
        let (_, metrics) = get(serving.address, "/metrics").await;
        expected.iter().all(|line| metrics.contains(line.as_str())).then_some(())
    })
    .await;
    serving.send(Signal::TERM);
    assert!(serving.ended().await.0.success());
}

#[tokio::test]
async fn a_rotation_that_nobody_works_on_is_a_warning() {
    let (operator, _) = Operator::with_users(1).await;
    let left = "insert into pgkeel.rotation (column_id, to_key, started_by, started_at)
        select id, '0badcafe', 'somebody', now() - interval '2 min' from pgkeel.sealed_column";
    operator.connection().await.batch_execute(left).await.unwrap();
    assert_eq!(first_look(&operator.address()).await["output"], "rotation_stalled");
}

#[tokio::test]
async fn a_database_without_rotations_is_well() {
    let operator = Operator::new().await;
    let looked = first_look(&operator.address()).await;
    assert_eq!((&looked["status"], &looked["facts"]), (&"pass".into(), &Value::Array(Vec::new())));
}

/// What the check says that was run once.
async fn first_look(address: &str) -> Value {
    let serving = Serving::start(&[("DATABASE_URL", address)]).await;
    let looked = eventually("it was looked at the rotations", async || {
        let (_, body) = get(serving.address, "/api/v1/health").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        let check = &body["checks"]["rotations:responseTime"][0];
        check["facts"].is_array().then(|| check.clone())
    })
    .await;
    serving.send(Signal::TERM);
    assert!(serving.ended().await.0.success());
    looked
}
