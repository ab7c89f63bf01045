//! What is wrong with parameters is told before anything is sent.

use std::collections::BTreeMap;

use pgkeel_pool::{Config as PoolConfig, Pool};
use pgkeel_query::bind::{MisfitReason, ViaToSql};
use pgkeel_query::{AuditedSql, Bind, Error, Executor as _, Json, Type, sql};
use pgkeel_testkit::{Direction, Proxy, TestDatabase};
use serde::Serialize;

use crate::pool_of;

#[tokio::test]
async fn the_error_names_bind_number_types_and_remedy_and_the_session_goes_on() {
    let database = TestDatabase::empty().await;
    let pool = pool_of(&database);
    pool.batch_execute("create table users(id int4, email text)").await.unwrap();
    let (id, email) = (7_i64, "a@b");
    let insert = sql!("insert into users(email, id) values ({email}, {id})");
    let error = insert.execute(&pool).await.unwrap_err();
    let Error::Parameter(bad) = &error else { panic!("{error:?}") };
    assert_eq!((bad.number(), bad.bind_name(), bad.column()), (2, Some("id"), None));
    assert_eq!(
        bad.to_string(),
        "{id} ($2): `i64` does not fit `int4`; it takes an `i32` or a smaller integer; or let the server convert it, \
         `{id}::int8::int4`"
    );
    let told = sql!("insert into users(email, id) values ({email}, {id}::int8::int4)");
    assert_eq!(told.execute(&pool).await.unwrap(), 1, "the remedy mends it");
    assert_eq!(pool.stats().connects_total, 1);
}

#[tokio::test]
async fn what_a_type_cannot_tell_is_told_of_the_value() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let leap = chrono::NaiveTime::from_hms_nano_opt(12, 59, 59, 1_500_000_000).unwrap();
    let early = chrono::NaiveDate::from_ymd_opt(-4713, 11, 23).unwrap();
    let late = std::time::UNIX_EPOCH + std::time::Duration::from_hours(2_562_310_560);
    let cases: [(&dyn Bind, Type, MisfitReason); 9] = [
        (&"a\0b", Type::TEXT, MisfitReason::ZeroByte),
        (&'\0', Type::TEXT, MisfitReason::ZeroByte),
        (&vec!["a", "\0"], Type::TEXT_ARRAY, MisfitReason::ZeroByte),
        (&leap, Type::TIME, MisfitReason::LeapSecond),
        (&early.and_time(leap), Type::TIMESTAMP, MisfitReason::LeapSecond),
        (&early, Type::DATE, MisfitReason::OutOfRange),
        (&early.and_time(chrono::NaiveTime::MIN).and_utc(), Type::TIMESTAMPTZ, MisfitReason::OutOfRange),
        (&late, Type::TIMESTAMPTZ, MisfitReason::OutOfRange),
        (&vec![vec![1_i32]], Type::INT4_ARRAY, MisfitReason::OtherType),
    ];
    for (value, kind, reason) in cases {
        let statement = AuditedSql::new("a test of values", "select $1").bind_as(value, kind.clone());
        let error = statement.fetch_all::<(bool,)>(&connection).await.unwrap_err();
        let Error::Parameter(bad) = error else { panic!("{kind}: {error:?}") };
        assert_eq!((bad.number(), bad.misfit().reason()), (1, reason), "{bad}");
        assert_eq!(sql!("select 1").scalar::<i32>(&connection).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn more_than_a_message_can_count_are_counted_first() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let connection =
        pgkeel_query::connect::dial(&pgkeel_query::connect::Config::new(proxy.address())).await.unwrap();
    let many = |count: usize| {
        let statement = AuditedSql::new("a test of many parameters", format!("select ${count}"));
        (0..count).fold(statement, |statement, _| statement.bind(&1_i32))
    };
    let before = proxy.passed(Direction::ToServer);
    let error = many(65_536).scalar::<i32>(&connection).await.unwrap_err();
    assert!(matches!(error, Error::TooManyParameters { found: 65_536 }), "{error:?}");
    assert_eq!(proxy.passed(Direction::ToServer), before);
    assert_eq!(many(65_535).scalar::<i32>(&connection).await.unwrap(), 1);
}

/// On each executor: none of them would tell, as the server leaves aside what the text has no number for.
#[tokio::test]
async fn more_values_than_parameters_are_refused_before_a_byte_is_sent() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let config = pgkeel_query::connect::Config::new(proxy.address());
    let connection = pgkeel_query::connect::dial(&config).await.unwrap();
    let pool = Pool::lazy(PoolConfig::new(proxy.address()).with_size(1, 0).unwrap());
    let session = pool.session().await.unwrap();
    let statement = AuditedSql::new("a test of counts", "select $1 -- $2").bind(&1_i32);
    assert_eq!(statement.scalar::<i32>(&session).await.unwrap(), 1);
    let statement = statement.bind(&"surplus");
    let before = proxy.passed(Direction::ToServer);
    for error in [
        statement.scalar::<i32>(&session).await.unwrap_err(),
        statement.fetch_all::<(i32,)>(&connection).await.unwrap_err(),
        statement.execute(connection.client()).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::UnusedParameters { expected: 1, found: 2 }), "{error:?}");
    }
    assert_eq!(proxy.passed(Direction::ToServer), before);
    let fewer = AuditedSql::new("a test of counts", "select $1::int4 + $2").bind(&1_i32);
    assert!(fewer.scalar::<i32>(&session).await.unwrap_err().server().is_some(), "the server tells");
}

#[derive(Serialize)]
enum Reading {
    Unit,
    Wrapped(f64),
    Several(f32, f64),
    Named { value: Option<f64> },
}

#[derive(Serialize)]
struct Readings {
    list: Vec<Reading>,
    by_name: BTreeMap<String, (f32, [f64; 2])>,
    wrapped: Wrapped,
}

#[derive(Serialize)]
struct Wrapped(f64);

/// Of each way in which serde tells of a value.
fn readings(number: f64, place: usize) -> Readings {
    let at = |index| if place == index { number } else { 1.5 };
    #[expect(clippy::cast_possible_truncation, reason = "NaN and infinity stay what they are")]
    let single = |index| at(index) as f32;
    Readings {
        list: vec![
            Reading::Unit,
            Reading::Wrapped(at(0)),
            Reading::Several(single(1), at(2)),
            Reading::Named { value: Some(at(3)) },
            Reading::Named { value: None },
        ],
        by_name: BTreeMap::from([("a".to_owned(), (single(4), [2.5, at(5)]))]),
        wrapped: Wrapped(at(6)),
    }
}

#[tokio::test]
async fn a_float_that_json_has_no_number_for_is_refused_before_a_byte_is_sent() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let config = pgkeel_query::connect::Config::new(proxy.address());
    let connection = pgkeel_query::connect::dial(&config).await.unwrap();
    let fine = Json(readings(1.5, 0));
    let kept = sql!("select {fine}::jsonb").scalar::<serde_json::Value>(&connection).await.unwrap();
    assert_eq!(kept, serde_json::to_value(&fine.0).unwrap(), "all else is as serde_json writes it");
    let statement = AuditedSql::new("a test of JSON", "select $1");
    let before = proxy.passed(Direction::ToServer);
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for place in 0..7 {
            for kind in [Type::JSON, Type::JSONB] {
                let value = Json(readings(number, place));
                let statement = AuditedSql::new("a test of JSON", "select $1").bind_as(&value, kind);
                let Err(Error::Parameter(bad)) = statement.execute(&connection).await else {
                    panic!("{place}")
                };
                assert_eq!(bad.misfit().reason(), MisfitReason::NotFinite, "{bad}");
            }
        }
    }
    let value = Json(vec![Some(f64::NAN)]);
    let Err(Error::Parameter(bad)) = statement.bind(&value).execute(&connection).await else { panic!() };
    assert_eq!(proxy.passed(Direction::ToServer), before);
    assert_eq!(
        bad.to_string(),
        "$1: `Json<Vec<Option<f64>>>` with a float that is NaN or infinite does not fit `jsonb`; make the float an `Option` \
         that is `None` there, or write it as a text"
    );
    assert_eq!(sql!("select 1").scalar::<i32>(&connection).await.unwrap(), 1);
}

/// The pool keeps statements, whose parameters have the types of when they were prepared.
#[tokio::test]
async fn a_column_of_another_type_is_told_or_the_server_converts_as_it_assigns() {
    let database = TestDatabase::empty().await;
    let (pool, other) = (pool_of(&database), database.connection().await);
    let schema = "create type mood as enum ('sad', 'glad'); create table t(n int4, m text)";
    other.batch_execute(schema).await.unwrap();
    let (number, label) = (7_i32, "glad");
    let insert = async || sql!("insert into t values ({number}, {label})").execute(&pool).await;
    let find = async || sql!("select m::text from t where n = {number}").fetch_all::<(String,)>(&pool).await;
    for _ in 0..2 {
        insert().await.unwrap();
        find().await.unwrap();
    }
    other.batch_execute("alter table t alter m type mood using m::mood").await.unwrap();
    insert().await.expect("a text is a label too");
    other.batch_execute("alter table t alter n type text").await.unwrap();
    let error = find().await.unwrap_err();
    let Error::Parameter(bad) = &error else { panic!("{error:?}") };
    assert_eq!((bad.bind_name(), bad.misfit().server_type().as_deref()), (Some("number"), Some("text")));
    insert().await.expect("what the server assigns is of the type that it had");
    other.batch_execute("alter table t alter n type int8 using n::int8").await.unwrap();
    assert_eq!(find().await.unwrap().len(), 4, "an `i32` fits again, and all were stored as they are");
    assert_eq!(pool.stats().connects_total, 1);
}

#[tokio::test]
async fn without_a_natural_type_one_has_to_be_said() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let value = ViaToSql(7_i64);
    let statement = || AuditedSql::new("a test of types", "select $1");
    let error = statement().bind(&value).scalar::<i64>(&connection).await.unwrap_err();
    let Error::Parameter(bad) = error else { panic!("{error:?}") };
    assert_eq!(bad.misfit().reason(), MisfitReason::NoNaturalType);
    assert!(bad.to_string().contains("bind_as"), "{bad}");
    assert_eq!(statement().bind_as(&value, Type::INT8).scalar::<i64>(&connection).await.unwrap(), 7);
}

#[tokio::test]
async fn jsonb_with_a_zero_byte_is_refused_before_it_is_sent_and_json_keeps_it() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    let kept = ["\\u0000", "\\\\u0000", "u0000", "\u{1}", "\""];
    for text in kept.map(|text| serde_json::json!({ text: [text] })) {
        let back: serde_json::Value = sql!("select {text}::jsonb").scalar(&pool).await.unwrap();
        assert_eq!(back, text);
    }
    for value in ["\0", "a\\\0b", "\\\\\"\0"].map(|text| serde_json::json!({ "key": [text] })) {
        let error = sql!("select {value}::jsonb").execute(&pool).await.unwrap_err();
        let Error::Parameter(bad) = error else { panic!("{error:?}") };
        assert_eq!(bad.misfit().reason(), MisfitReason::ZeroByte);
        let back: serde_json::Value = sql!("select {value}::json").scalar(&pool).await.unwrap();
        assert_eq!(back, value);
    }
}
