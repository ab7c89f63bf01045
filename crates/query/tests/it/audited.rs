//! Texts that are made at run time.

use pgkeel_query::{AuditedRuns, AuditedSql, Error, FromRow, Ident, Table, Type};
use pgkeel_testkit::{Log, TestDatabase};

#[derive(Debug, PartialEq, FromRow)]
struct Item {
    id: i32,
}

const REASON: &str = "a test of texts that are made at run time";

#[tokio::test]
async fn every_call_works_and_leaves_nothing_prepared() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    let table = Table::new(Ident::new("odd \"table\"").unwrap());
    let made = |text: &str| AuditedSql::new(REASON, format!("{text} {table}"));
    assert_eq!(made("create table").reason(), REASON);
    let create = AuditedSql::new(REASON, format!("create table {table}(id int4)"));
    create.execute(&pool).await.unwrap();
    let insert = AuditedSql::new(REASON, format!("insert into {table} values ($1), ($2)"));
    assert_eq!(insert.bind(&1_i32).bind_as(&2_i16, Type::INT4).execute(&pool).await.unwrap(), 2);
    assert_eq!(made("select * from").fetch_all::<Item>(&pool).await.unwrap().len(), 2);
    let one = AuditedSql::new(REASON, format!("select * from {table} where id = $1")).bind(&1_i32);
    assert_eq!(one.fetch_one::<Item>(&pool).await.unwrap(), Item { id: 1 });
    assert_eq!(one.fetch_opt::<Item>(&pool).await.unwrap(), Some(Item { id: 1 }), "it may run again");
    assert_eq!(made("select count(*) from").scalar::<i64>(&pool).await.unwrap(), 2);
    let error = made("select * from").fetch_one::<Item>(&pool).await.unwrap_err();
    assert!(matches!(error, Error::RowCount { found: 2, .. }), "{error:?}");
    let kept = "select count(*) from pg_prepared_statements where statement like '%odd%'";
    assert_eq!(AuditedSql::new(REASON, kept).scalar::<i64>(&pool).await.unwrap(), 0);
}

#[tokio::test]
async fn each_run_is_counted_and_told_with_its_reason_and_place() {
    let log = Log::of_this_process();
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    let reason = "so that the log can be looked through";
    let statement = AuditedSql::new(reason, "select 'canary' || $1").bind(&"secret");
    statement.scalar::<String>(&pool).await.unwrap();
    statement.scalar::<String>(&pool).await.unwrap();
    let refused = AuditedSql::new(reason, "select 1").bind(&"secret");
    refused.scalar::<i32>(&pool).await.unwrap_err();
    let runs: Vec<AuditedRuns> =
        AuditedSql::runs().into_iter().filter(|runs| runs.reason == reason).collect();
    assert_eq!(runs.len(), 2, "a place each, and none that was not sent: {runs:?}");
    assert!(runs.iter().all(|runs| runs.count == 1 && runs.at.file().ends_with("audited.rs")), "{runs:?}");
    assert!(runs[0].at.line() + 1 == runs[1].at.line(), "{runs:?}");
    let text = log.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(reason)).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("audited.rs") && !line.contains("canary")), "{lines:?}");
    let shown = format!("{statement:?}");
    assert!(shown.contains(reason) && !shown.contains("canary") && !shown.contains("secret"), "{shown}");
}
