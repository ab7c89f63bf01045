//! What must never be read in an error.

use pgkeel_connect::Executor as _;
use pgkeel_testkit::{TestDatabase, in_full};

const CANARY: &str = "canary_4711";

#[tokio::test]
async fn values_of_rows_and_parameters_are_not_in_errors() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let schema =
        "create table t(mail text unique, n int check (n > 0)); insert into t values ('canary_4711', 1)";
    connection.batch_execute(schema).await.unwrap();
    let duplicate = connection.execute("insert into t values ($1, 1)", &[&CANARY]).await.unwrap_err();
    let syntax = connection.query("select $1::text::int", &[&CANARY]).await.unwrap_err();
    let json = connection.query("select $1::text::json", &[&CANARY]).await.unwrap_err();
    let date = connection.query("select $1::text::date", &[&CANARY]).await.unwrap_err();
    let check = connection.execute("insert into t values ($1, -1)", &[&"canary_4711b"]).await.unwrap_err();
    let kind = connection.query("select $1::int", &[&CANARY]).await.unwrap_err();
    let raise = "create function r(v text) returns int language plpgsql as $$ begin raise exception 'saw %', v; end $$";
    connection.batch_execute(raise).await.unwrap();
    let raised = connection.query("select r($1)", &[&CANARY]).await.unwrap_err();
    let search = connection.query("select to_tsquery($1)", &[&"canary_4711 & & &"]).await.unwrap_err();
    for error in [duplicate, syntax, json, date, check, kind, raised, search] {
        assert!(!in_full(&error).contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn the_servers_detail_is_there_for_who_asks() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection
        .batch_execute("create table t(mail text unique); insert into t values ('canary_4711')")
        .await
        .unwrap();
    let error = connection.execute("insert into t values ($1)", &[&CANARY]).await.unwrap_err();
    assert!(error.server().unwrap().detail().unwrap().contains(CANARY));
}

#[tokio::test]
async fn names_and_the_place_of_a_syntax_error_stay_readable() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let missing = connection.query("select * from no_such_table", &[]).await.unwrap_err();
    assert!(missing.server().unwrap().to_string().contains("\"no_such_table\""));
    let typo = connection.query("selct 1", &[]).await.unwrap_err();
    assert!(typo.server().unwrap().to_string().contains("at or near \"selct\""));
}
