//! Statements whose parameters come with their types.

use pgkeel_connect::{Begin as _, Config, Connection, EncodedParams, Error, Executor, Type, dial};
use pgkeel_testkit::{Direction, Proxy, TestDatabase};
use tokio_postgres::error::SqlState;

async fn counted() -> (TestDatabase, Proxy, Connection) {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let connection = dial(&Config::new(proxy.address())).await.expect("the server is there");
    (database, proxy, connection)
}

async fn prepared(connection: &Connection) -> i64 {
    let count = "select count(*) from pg_prepared_statements";
    connection.query_scalar_typed(count, &[]).await.expect("a row")
}

#[tokio::test]
async fn each_takes_one_round_trip_and_leaves_nothing_prepared() {
    let (_database, proxy, mut connection) = counted().await;
    connection.batch_execute("create table t(n int4, v text)").await.unwrap();
    let before = proxy.flights();
    let touched =
        connection.execute_typed("insert into t values ($1, $2)", &[(&7, Type::INT4), (&"a", Type::TEXT)]);
    assert_eq!(touched.await.unwrap(), 1);
    let rows = connection.query_typed("select n from t where n = $1", &[(&7, Type::INT4)]).await.unwrap();
    assert_eq!(rows[0].get::<_, i32>(0), 7);
    let row =
        connection.query_opt_typed("select n from t where v = $1", &[(&"b", Type::TEXT)]).await.unwrap();
    assert!(row.is_none());
    let row = connection.query_one_typed("select v, n from t", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "a");
    assert_eq!((prepared(&connection).await, proxy.flights() - before), (0, 5));
    let tx = connection.begin().await.unwrap();
    let before = proxy.flights();
    let touched = Executor::execute_typed(&tx, "delete from t where n = $1", &[(&7, Type::INT4)]).await;
    assert_eq!((touched.unwrap(), proxy.flights() - before), (1, 1));
}

#[tokio::test]
async fn as_many_rows_as_the_call_can_use() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let two = connection.query_opt_typed("values (1), (2), (3)", &[]).await.unwrap_err();
    assert!(matches!(two, Error::RowCount { found: 3, .. }), "{two:?}");
    let none = connection.query_one_typed("select 1 where false", &[]).await.unwrap_err();
    assert!(matches!(none, Error::RowCount { found: 0, .. }), "{none:?}");
    let error = connection.query_scalar_typed::<String>("select 1", &[]).await.unwrap_err();
    assert!(matches!(error, Error::Decode { column: 0, .. }), "{error:?}");
    assert_eq!(connection.execute_typed("", &[]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_an_error_before_a_byte_is_sent() {
    let (_database, proxy, connection) = counted().await;
    let params = [(&1_i32 as _, Type::INT4), (&"two" as _, Type::INT4)];
    let before = proxy.passed(Direction::ToServer);
    for error in [
        connection.query_typed("select $1 + $2", &params).await.unwrap_err(),
        connection.query_one_typed("select $1 + $2", &params).await.unwrap_err(),
        connection.execute_typed("select $1 + $2", &params).await.unwrap_err(),
        Executor::query_typed(connection.client(), "select $1 + $2", &params).await.unwrap_err(),
        Executor::execute_typed(connection.client(), "select $1 + $2", &params).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Parameter { number: 2, .. }), "{error:?}");
        assert!(!error.is_safe_to_retry() && !error.is_disconnected());
    }
    assert_eq!(proxy.passed(Direction::ToServer), before);
    let fitting = [params[0].clone(), (&2, Type::INT4)];
    assert_eq!(connection.query_scalar_typed::<i32>("select $1 + $2", &fitting).await.unwrap(), 3);
}

/// Only the server knows how many a statement has.
#[tokio::test]
async fn a_wrong_number_of_parameters_is_refused_by_the_server() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let missing = connection.query_typed("select $1::int4, $2::int4", &[(&1, Type::INT4)]).await.unwrap_err();
    assert_eq!(missing.code(), Some(&SqlState::PROTOCOL_VIOLATION));
    let surplus = [(&1_i32 as _, Type::INT4), (&2_i32 as _, Type::INT4)];
    connection.query_typed("select $1::int4", &surplus).await.unwrap();
    assert_eq!(connection.query_scalar_typed::<i32>("select 1", &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn those_that_were_carried_out_are_counted() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let before = connection.completed();
    connection.batch_execute("select 1; select 2").await.unwrap();
    connection.query_typed("select generate_series(1, 10000)", &[]).await.unwrap();
    connection.execute_typed("select 1 / 0", &[]).await.unwrap_err();
    assert_eq!(connection.completed_before_refusal() - before, 3);
    connection.settle().await.unwrap();
    assert_eq!(connection.completed() - before, 3);
    let encoded = EncodedParams::of(&[(&7, Type::INT4)]).unwrap();
    assert_eq!(connection.query_encoded("select $1", &encoded).await.unwrap().len(), 1);
    assert!(connection.query_opt_encoded("select $1", &encoded).await.unwrap().is_some());
    assert_eq!(connection.execute_encoded("select $1", &encoded).await.unwrap(), 1);
    assert_eq!(connection.completed() - before, 6);
}

#[tokio::test]
async fn what_does_not_go_into_a_message_is_an_error_before_a_byte_is_sent() {
    let (_database, proxy, connection) = counted().await;
    let before = proxy.passed(Direction::ToServer);
    let many = vec![(&1_i32 as _, Type::INT4); 65_536];
    let error = connection.query_typed("select 1", &many).await.unwrap_err();
    assert!(matches!(error, Error::ParameterCount { expected: 65_535, found: 65_536 }), "{error:?}");
    for error in [
        connection.query_typed("select 1 \0", &[]).await.unwrap_err(),
        connection.execute_typed("select 1 \0", &[]).await.unwrap_err(),
        connection.query("select 1 \0", &[]).await.unwrap_err(),
        connection.batch_execute("select 1 \0").await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Driver(_)), "{error:?}");
        assert!(!error.is_disconnected() && !error.is_safe_to_retry());
    }
    assert_eq!(proxy.passed(Direction::ToServer), before);
    let most = connection.query_typed("select 1", &many[1..]).await;
    assert_eq!(most.unwrap().len(), 1);
}
