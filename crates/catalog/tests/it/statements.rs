//! Statements by the time that they took, and their texts.

use std::time::Duration;

use pgkeel_catalog::{
    Statement, StatementOrder, StatementQuery, StatementText, Statements, statement_texts, statements,
};
use pgkeel_connect::{Connection, Executor as _};
use pgkeel_testkit::TestDatabase;

use crate::Sample;

async fn with_extension() -> (TestDatabase, Connection) {
    let test = TestDatabase::empty().await;
    let connection = test.connection().await;
    connection.batch_execute("create extension pg_stat_statements").await.expect("it is installed");
    (test, connection)
}

async fn seen(sample: &Sample, query: &StatementQuery) -> Statements {
    let seen = statements(&sample.connection, &sample.capabilities, query).await.expect("an answer");
    seen.known().expect("statements can be read")
}

async fn texts(sample: &Sample, top: &[Statement]) -> Vec<StatementText> {
    let ids: Vec<_> = top.iter().map(|statement| statement.id).collect();
    let texts = statement_texts(&sample.connection, &sample.capabilities, &ids).await.expect("an answer");
    texts.known().expect("texts can be read")
}

#[tokio::test]
async fn a_statement_has_the_figures_that_its_view_has() {
    let (test, worker) = with_extension().await;
    for _ in 0..3 {
        worker.query("select pg_sleep(0.02), generate_series(1, 4) as of_this_test", &[]).await.unwrap();
    }
    let sample = Sample::of(&test).await;
    let slow = StatementQuery::new(StatementOrder::Mean, 50).slowest_at_least(Duration::from_millis(60));
    let seen = seen(&sample, &slow).await;
    let texts = texts(&sample, &seen.top).await;
    let of_test = texts.iter().find(|text| text.text.contains("of_this_test")).expect("it was slow");
    let found = seen.top.iter().find(|statement| statement.id == of_test.id).unwrap();
    assert_eq!((found.calls, found.rows, of_test.is_own), (3, 12, false));
    assert!(found.mean() >= Duration::from_millis(60) && found.slowest <= found.total, "{found:?}");
    assert!(found.total <= seen.total_time && seen.hidden == 0);
    let slowest: Vec<_> = seen.top.iter().map(Statement::mean).collect();
    assert!(slowest.is_sorted_by(|one, next| one >= next), "{slowest:?}");
}

#[tokio::test]
async fn quick_statements_are_not_slow_ones_and_excluded_ones_are_gone() {
    let (test, worker) = with_extension().await;
    worker.query("select 1 as quick", &[]).await.unwrap();
    let sample = Sample::of(&test).await;
    let slow = StatementQuery::new(StatementOrder::Total, 50).slowest_at_least(Duration::from_hours(1));
    let none = seen(&sample, &slow).await;
    assert!(none.top.is_empty() && none.total_time > Duration::ZERO, "{none:?}");
    let all = seen(&sample, &StatementQuery::new(StatementOrder::Total, 50)).await;
    let first = all.top[0].id;
    let rest = seen(&sample, &StatementQuery::new(StatementOrder::Total, 50).without(vec![first])).await;
    assert!(rest.top.iter().all(|statement| statement.id != first) && !rest.top.is_empty());
    let one = seen(&sample, &StatementQuery::new(StatementOrder::Total, 1)).await;
    assert_eq!(one.top.len(), 1);
}

#[tokio::test]
async fn the_crates_own_statements_are_known_as_such() {
    let (test, _) = with_extension().await;
    let sample = Sample::of(&test).await;
    seen(&sample, &StatementQuery::new(StatementOrder::Total, 50)).await;
    let again = seen(&sample, &StatementQuery::new(StatementOrder::Total, 50)).await;
    let texts = texts(&sample, &again.top).await;
    assert!(texts.iter().any(|text| text.is_own && text.text.contains("pg_stat_statements")), "{texts:?}");
}

#[tokio::test]
async fn no_text_holds_a_value() {
    let (test, worker) = with_extension().await;
    let role = format!("hushed_{}", test.address().database());
    worker
        .batch_execute(&format!("create role {role} password 'hush-hush'; select 'hush-hush', 4711"))
        .await
        .unwrap();
    worker
        .batch_execute("do $$ begin perform 'hush-hush'; end $$; set application_name = 'hush-hush'")
        .await
        .unwrap();
    let sample = Sample::of(&test).await;
    let all = seen(&sample, &StatementQuery::new(StatementOrder::Total, 1000)).await;
    let texts = texts(&sample, &all.top).await;
    let told: Vec<_> = texts.iter().map(|text| &*text.text).collect();
    assert!(told.iter().any(|text| text.starts_with("create role")), "{told:?}");
    assert!(!told.iter().any(|text| text.contains("hush-hush") || text.contains("4711")), "{told:?}");
}
