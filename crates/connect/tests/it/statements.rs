//! Single statements, and what the wire says after each.

use pgkeel_connect::{Error, Executor as _, TransactionStatus};
use pgkeel_testkit::TestDatabase;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn rows_come_as_many_as_the_call_can_use() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let rows = connection.query("select generate_series(1, $1)", &[&3]).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert!(connection.query_opt("select 1 where false", &[]).await.unwrap().is_none());
    let none = connection.query_one("select 1 where false", &[]).await.unwrap_err();
    assert!(matches!(none, Error::RowCount { found: 0, .. }), "{none:?}");
    let two = connection.query_opt("values (1), (2)", &[]).await.unwrap_err();
    assert!(matches!(two, Error::RowCount { found: 2, .. }), "{two:?}");
    let touched = connection.execute("create table t as select generate_series(1, 4)", &[]).await.unwrap();
    assert_eq!(touched, 4);
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_and_no_panic() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let error = connection.query_scalar::<String>("select 1", &[]).await.unwrap_err();
    assert!(matches!(error, Error::Decode { column: 0, .. }), "{error:?}");
    let error = connection.query("select $1::int", &[&"text"]).await.unwrap_err();
    assert!(matches!(error, Error::Driver(_)), "{error:?}");
    let one: i32 = connection.query_scalar("select 1", &[]).await.unwrap();
    assert_eq!(one, 1);
}

#[tokio::test]
async fn the_wire_knows_the_transaction_status() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
    connection.batch_execute("begin").await.unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Open);
    let error = connection.execute("select 1/0", &[]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
    connection.settle().await.unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Failed);
    connection.batch_execute("rollback").await.unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
}

#[tokio::test]
async fn the_wire_is_read_right_through_large_replies() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let sql = "begin; select repeat('Z', 1000000) from generate_series(1, 5)";
    connection.batch_execute(sql).await.unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Open);
}

#[tokio::test]
async fn constraint_and_class_are_told() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create table t(id int constraint only_one primary key)").await.unwrap();
    connection.execute("insert into t values (1)", &[]).await.unwrap();
    let error = connection.execute("insert into t values (1)", &[]).await.unwrap_err();
    assert_eq!(error.constraint(), Some("only_one"));
    assert_eq!(error.server().unwrap().class(), pgkeel_connect::SqlClass::Integrity);
    assert!(!error.is_safe_to_retry());
}
