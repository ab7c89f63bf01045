//! What is wrong with parameters is told before anything is sent.

use pgkeel_query::{AuditedSql, Bind, Error, Executor as _, MisfitReason, Type, ViaToSql, sql};
use pgkeel_testkit::{Direction, Proxy, TestDatabase};

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
        let statement = AuditedSql::new("a test of many parameters", "select 1");
        (0..count).fold(statement, |statement, _| statement.bind(&1_i32))
    };
    let before = proxy.passed(Direction::ToServer);
    let error = many(65_536).scalar::<i32>(&connection).await.unwrap_err();
    assert!(matches!(error, Error::TooManyParameters { found: 65_536 }), "{error:?}");
    assert_eq!(proxy.passed(Direction::ToServer), before);
    assert_eq!(many(65_535).scalar::<i32>(&connection).await.unwrap(), 1);
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
