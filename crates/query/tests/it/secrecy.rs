//! No value is in anything that is shown, of any error of this crate.

use pgkeel_query::bind::{Param, ParamName, ViaToSql};
use pgkeel_query::{AuditedSql, Bind, Error, Executor as _, sql};
use pgkeel_testkit::{Log, TestDatabase, in_full};

const CANARY: &str = "Zanzibar4711";

#[tokio::test]
async fn values_are_in_no_error_no_debug_and_no_log() {
    let log = Log::of_this_process();
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    pool.batch_execute("create table secrets(word text primary key, n int4 check (n < 0))").await.unwrap();
    let (word, zero) = (CANARY, format!("{CANARY}\0"));
    sql!("insert into secrets(word) values ({word})").execute(&pool).await.unwrap();
    let errors: Vec<Error> = vec![
        sql!("insert into secrets(word) values ({word})").execute(&pool).await.unwrap_err(),
        sql!("select {word}::int4").scalar::<i32>(&pool).await.unwrap_err(),
        sql!("select {word}::text::int4").scalar::<i32>(&pool).await.unwrap_err(),
        sql!("select {zero}::text").scalar::<String>(&pool).await.unwrap_err(),
        sql!("select word from secrets").scalar::<i32>(&pool).await.unwrap_err(),
        sql!("select word::uuid from secrets").scalar::<uuid::Uuid>(&pool).await.unwrap_err(),
        AuditedSql::new("a test of secrets", "select $1::int8").bind(&word).execute(&pool).await.unwrap_err(),
    ];
    let mut shown: Vec<String> = errors.iter().map(|error| in_full(error)).collect();
    let statement = sql!("select {word}");
    let value: &dyn Bind = &word;
    let param = Param { number: 1, name: ParamName::None, value };
    shown.extend([format!("{statement:?}"), format!("{param:?}"), format!("{:?}", ViaToSql(word))]);
    shown.push(log.text());
    let lines: Vec<&str> =
        shown.iter().flat_map(|text| text.lines()).filter(|line| line.contains(CANARY)).collect();
    assert!(lines.is_empty(), "{lines:?}");
}
