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

#[tokio::test]
async fn a_hostile_name_stays_in_its_label_and_of_thousands_of_rotations_one_is_told() {
    let (operator, _) = Operator::with_users(1).await;
    let name = "we\"ird\\\n} 1";
    let rotations = "with known as (
            insert into pgkeel.sealed_column (table_schema, table_name, column_name, row_columns, context, kind, suite,
                is_row_bound, is_tenant_bound)
            select table_schema, table_name, $1, row_columns, context, kind, suite, is_row_bound, is_tenant_bound
            from pgkeel.sealed_column returning id)
        insert into pgkeel.rotation (column_id, to_key, started_by, task, other_column, state, finished_at)
        select id, lpad(to_hex(n), 8, '0'), 'somebody', 'adopt', $1, 'finished', now() from known, generate_series(1, 3000) n";
    operator.connection().await.execute(rotations, &[&name]).await.unwrap();
    let address = operator.address();
    let serving = Serving::start(&[("DATABASE_URL", address.as_str())]).await;
    let escaped = r#"we\"ird\\\n} 1"#;
    let labels = format!(r#"column="app.users.{escaped}",key="00000bb8",other_column="{escaped}""#);
    let metrics = eventually("the newest rotation is in the metrics", async || {
        let (_, metrics) = get(serving.address, "/metrics").await;
        metrics.contains(&format!("pgkeel_rotation_running{{{labels},task=\"adopt\"}} 0")).then_some(metrics)
    })
    .await;
    let series = metrics.lines().filter(|line| line.starts_with("pgkeel_rotation_rows_total{"));
    assert_eq!(series.count(), 4, "{metrics}");
    serving.send(Signal::TERM);
    assert!(serving.ended().await.0.success());
}

#[tokio::test]
async fn a_role_without_rights_is_served_without_rotations_and_nothing_is_logged_of_it() {
    let (operator, _) = Operator::with_users(1).await;
    let (connection, user) = (operator.connection().await, operator.database.address().user().to_owned());
    let role = format!("watcher_{}", operator.database.address().database());
    connection.batch_execute(&format!("create role \"{role}\" login")).await.unwrap();
    let address = operator.address().replace(&format!("user={user}"), &format!("user={role}"));
    let serving = Serving::start(&[("DATABASE_URL", address.as_str())]).await;
    let looked = looked(&serving).await;
    assert_eq!((&looked["status"], &looked["facts"]), (&"pass".into(), &Value::Array(Vec::new())));
    let (_, metrics) = get(serving.address, "/metrics").await;
    assert!(!metrics.lines().any(|line| line.starts_with("pgkeel_rotation_running{")), "{metrics}");
    serving.send(Signal::TERM);
    let (status, log) = serving.ended().await;
    let is_complaint = |line: &String| line.contains(" WARN ") || line.contains(" ERROR ");
    assert!(status.success() && !log.iter().any(is_complaint), "{log:?}");
    connection.batch_execute(&format!("drop role \"{role}\"")).await.unwrap();
}

/// What the check says that was run once.
async fn first_look(address: &str) -> Value {
    let serving = Serving::start(&[("DATABASE_URL", address)]).await;
    let looked = looked(&serving).await;
    serving.send(Signal::TERM);
    assert!(serving.ended().await.0.success());
    looked
}

async fn looked(serving: &Serving) -> Value {
    eventually("it was looked at the rotations", async || {
        let (_, body) = get(serving.address, "/api/v1/health").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        let check = &body["checks"]["rotations:responseTime"][0];
        check["facts"].is_array().then(|| check.clone())
    })
    .await
}
