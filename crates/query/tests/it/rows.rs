//! Rows as structs and tuples, and what is wrong with columns.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use pgkeel_query::connect::Connection;
use pgkeel_query::row::{CellReason, ColumnProblem, RowReader};
use pgkeel_query::{AuditedSql, Error, FromRow, sql};
use pgkeel_query::{Executor as _, Type};
use pgkeel_testkit::TestDatabase;
use rust_decimal::Decimal;
use serde::Deserialize;
use tokio_postgres::types::{FromSql, FromSqlOwned};

#[derive(Debug, PartialEq, FromRow)]
struct User {
    id: i64,
    #[pgkeel(rename = "mail")]
    email: String,
    name: Option<String>,
    #[pgkeel(flatten)]
    address: Address,
    #[pgkeel(json)]
    prefs: Option<Prefs>,
    #[pgkeel(default)]
    orders: i64,
    #[pgkeel(json, default)]
    flags: BTreeMap<String, bool>,
    r#type: i16,
}

#[derive(Debug, PartialEq, FromRow)]
#[pgkeel(rename_all = "camelCase")]
struct Address {
    street_name: String,
    #[pgkeel(try_from = "i32")]
    floor: Floor,
}

#[derive(Debug, PartialEq)]
struct Floor(u8);

impl TryFrom<i32> for Floor {
    type Error = std::num::TryFromIntError;

    fn try_from(floor: i32) -> Result<Self, Self::Error> {
        floor.try_into().map(Self)
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Prefs {
    dark: bool,
}

#[tokio::test]
async fn each_field_is_read_in_its_way_wherever_its_column_is() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let statement = sql!(
        "select 7 as floor, 'surplus' as other, 'High' as \"streetName\", 2::int2 as type, null::text as name,
            '{\"dark\": true}'::jsonb as prefs, 'a@b' as mail, 1::int8 as id"
    );
    let address = || Address { street_name: "High".into(), floor: Floor(7) };
    let user = User {
        id: 1,
        email: "a@b".into(),
        name: None,
        address: address(),
        prefs: Some(Prefs { dark: true }),
        orders: 0,
        flags: BTreeMap::new(),
        r#type: 2,
    };
    assert_eq!(statement.fetch_one::<User>(&connection).await.unwrap(), user);
    let statement = sql!(
        "select 1::int8 as id, 'a@b' as mail, 'Ann' as name, 'High' as \"streetName\", 7 as floor, null::json as prefs,
            3::int8 as orders, '{\"new\": true}'::json as flags, 2::int2 as type"
    );
    let flags = BTreeMap::from([("new".to_owned(), true)]);
    let other = User { name: Some("Ann".into()), prefs: None, orders: 3, flags, address: address(), ..user };
    assert_eq!(statement.fetch_opt::<User>(&connection).await.unwrap(), Some(other));
}

#[tokio::test]
async fn all_that_is_wrong_with_the_columns_is_told_at_once() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let statement = sql!(
        "select 1 as id, 'a' as mail, 'b' as mail, 7::int8 as floor, 'text' as prefs, 2::int2 as type, 5 as orders, '' as name"
    );
    let error = statement.fetch_all::<User>(&connection).await.unwrap_err();
    let Error::Columns(mismatch) = &error else { panic!("{error:?}") };
    let told: Vec<String> = mismatch.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "`User.id`: column \"id\" is `int4`, which is not read as `i64`",
            "`User.email`: 2 columns are called \"mail\"; rename all but one by `as`",
            "`Address.street_name`: no column \"streetName\", there are: id, mail, mail, floor, prefs, type, orders, name",
            "`Address.floor`: column \"floor\" is `int8`, which is not read as `i32`",
            "`User.prefs`: column \"prefs\" is `text`, which is not read as `JSON of Option<Prefs>`",
            "`User.orders`: column \"orders\" is `int4`, which is not read as `i64`",
        ]
    );
    assert!(error.to_string().starts_with("the columns of the statement do not fit"));
    assert_eq!(sql!("select 1").scalar::<i32>(&connection).await.unwrap(), 1);
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_told_with_its_row_and_without_itself() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let cases = [
        (
            "case n when 3 then null else 'secret' end",
            "'High'",
            "1",
            "'{\"dark\": true}'",
            "email",
            CellReason::Null,
        ),
        ("'a'", "'High'", "case n when 3 then 4711 else 1 end", "null", "floor", CellReason::Refused),
        ("'a'", "'High'", "1", "case n when 3 then '{\"dark\": \"secret\"}' end", "prefs", CellReason::Json),
        ("'a'", "case n when 3 then null else 'x' end", "1", "null", "street_name", CellReason::Null),
    ];
    for (mail, street, floor, prefs, field, reason) in cases {
        let text = format!(
            "select n::int8 as id, ({mail})::text as mail, null::text as name, ({street})::text as \"streetName\",
                ({floor})::int4 as floor, ({prefs})::jsonb as prefs, 1::int2 as type from generate_series(1, 5) n"
        );
        let statement = pgkeel_query::AuditedSql::new("a test of values", text);
        let error = statement.fetch_all::<User>(&connection).await.unwrap_err();
        let told = pgkeel_testkit::in_full(&error);
        let Error::Cell { row: 3, source } = error else { panic!("{told}") };
        assert_eq!((source.field().field, source.reason()), (field, reason), "{told}");
        assert!(!told.contains("secret") && !told.contains("4711"), "{told}");
    }
}

type Wide = (i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, String);

#[tokio::test]
async fn tuples_go_by_position_and_have_as_many_columns() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let rows: Vec<(i32, Option<String>)> =
        sql!("values (1, 'a'), (2, null)").fetch_all(&connection).await.unwrap();
    assert_eq!(rows, [(1, Some("a".into())), (2, None)]);
    let error = sql!("select 1, 2").scalar::<i32>(&connection).await.unwrap_err();
    let Error::Columns(mismatch) = error else { panic!("{error:?}") };
    assert!(matches!(mismatch.problems(), [ColumnProblem::Count { expected: 1, found: 2, .. }]));
    let error = sql!("select 1, 'a', 1").fetch_one::<(i64, String, bool)>(&connection).await.unwrap_err();
    let Error::Columns(mismatch) = error else { panic!("{error:?}") };
    assert_eq!(mismatch.problems().len(), 2, "{mismatch}");
    let error = sql!("select null::int4").scalar::<i32>(&connection).await.unwrap_err();
    assert!(
        matches!(&error, Error::Cell { row: 1, source } if source.reason() == CellReason::Null),
        "{error:?}"
    );
    let wide: Wide = sql!("select 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'last'")
        .fetch_one(&connection)
        .await
        .unwrap();
    assert_eq!((wide.0, wide.15.as_str()), (1, "last"));
}

#[derive(Debug, PartialEq, FromRow)]
struct Counted<T, R: FromRow> {
    count: i64,
    #[pgkeel(rename = "key")]
    value: T,
    #[pgkeel(flatten)]
    rest: R,
}

#[derive(Debug, PartialEq, FromRow)]
struct Empty {}

#[tokio::test]
async fn a_struct_with_parameters_is_read_for_each_of_them() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let statement = sql!("select 2::int8 as count, 'a' as key");
    let counted: Counted<String, Empty> = statement.fetch_one(&connection).await.unwrap();
    assert_eq!(counted, Counted { count: 2, value: "a".into(), rest: Empty {} });
    statement.fetch_one::<Counted<i64, Empty>>(&connection).await.expect_err("it is no number");
}

#[tokio::test]
async fn a_statement_without_rows_has_no_columns_to_look_at() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let none = sql!("select 'text' as id where false").fetch_all::<User>(&connection).await.unwrap();
    assert!(none.is_empty());
    let statement = connection.prepare("select 'text' as id where false").await.unwrap();
    let error = RowReader::<User>::new(statement.columns()).unwrap_err();
    assert!(matches!(error, Error::Columns(_)), "but a prepared statement tells them: {error:?}");
}

#[tokio::test]
async fn types_are_strict() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    sql!("select 1::int4").scalar::<i64>(&connection).await.unwrap_err();
    sql!("select 1::int8").scalar::<i32>(&connection).await.unwrap_err();
    sql!("select 1::float4").scalar::<f64>(&connection).await.unwrap_err();
    sql!("select '1'").scalar::<i32>(&connection).await.unwrap_err();
    assert_eq!(sql!("select 1::int8").scalar::<i64>(&connection).await.unwrap(), 1);
    let row = connection.query_one_typed("select $1", &[(&1_i32, Type::INT4)]).await.unwrap();
    assert_eq!(RowReader::<(i32,)>::new(row.columns()).unwrap().read(&row).unwrap(), (1,));
}

/// Reading it panics for some values.
#[derive(Debug)]
struct Panicky;

impl FromSql<'_> for Panicky {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        assert!(raw.len() < 3, "it is too long");
        Ok(Self)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TEXT
    }
}

#[tokio::test]
async fn a_value_that_makes_its_reading_panic_is_told() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let statement = sql!("select n, repeat('a', n) as size from (values (1), (32)) as lengths(n)");
    let error = statement.fetch_all::<(i32, Panicky)>(&connection).await.unwrap_err();
    let Error::Cell { row: 2, source } = error else { panic!("{error:?}") };
    assert_eq!((source.field().field, source.reason()), ("1", CellReason::Panicked));
    assert_eq!((source.column(), source.server_type(), source.rust_type()), ("size", "text", "Panicky"));
    assert_eq!(sql!("select 1").scalar::<i32>(&connection).await.unwrap(), 1);
}

/// Reads a column of one expression, which is refused for not being exact, alone, as an `Option` and in an array.
async fn is_inexact<T>(connection: &Connection, expression: &str)
where
    T: FromSqlOwned + std::fmt::Debug,
{
    let text = |text: String| AuditedSql::new("a test of values that are not exact", text);
    let alone = text(format!("select {expression} as x")).scalar::<T>(connection).await;
    let perhaps = text(format!("select {expression} as x")).scalar::<Option<T>>(connection).await.map(drop);
    let list = format!("select array[null, {expression}] as x");
    let list = text(list).scalar::<Vec<Option<T>>>(connection).await.map(drop);
    for error in [alone.map(drop), perhaps, list] {
        let Err(Error::Cell { row: 1, source }) = &error else { panic!("{expression}: {error:?}") };
        assert_eq!((source.reason(), source.column()), (CellReason::Inexact, "x"), "{expression}");
        let told = pgkeel_testkit::in_full(&error.unwrap_err());
        assert!(told.contains("`::text`") && !told.contains("9999"), "{told}");
    }
}

async fn is_exact<T>(connection: &Connection, expression: &str, wanted: T)
where
    T: FromSqlOwned + std::fmt::Debug + PartialEq + Clone,
{
    let text = |text: String| AuditedSql::new("a test of values that are exact", text);
    let alone = text(format!("select {expression}")).scalar::<T>(connection).await.unwrap();
    let list = format!("select array[null, {expression}]");
    let list = text(list).scalar::<Vec<Option<T>>>(connection).await.unwrap();
    assert_eq!((alone, list), (wanted.clone(), vec![None, Some(wanted)]), "{expression}");
}

#[tokio::test]
async fn a_value_that_would_be_read_as_another_is_an_error_of_its_cell() {
    let database = TestDatabase::empty().await;
    let on = &database.connection().await;
    is_inexact::<IpAddr>(on, "inet '10.1.2.3/8'").await;
    is_inexact::<IpAddr>(on, "inet '::1/127'").await;
    is_exact::<IpAddr>(on, "inet '10.1.2.3'", "10.1.2.3".parse().unwrap()).await;
    is_exact::<IpAddr>(on, "inet 'fe80::1'", "fe80::1".parse().unwrap()).await;
    is_inexact::<NaiveTime>(on, "time '24:00'").await;
    let last = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    is_exact(on, "time '23:59:59.999999'", last).await;
    is_exact(on, "time '00:00'", NaiveTime::MIN).await;
    for endless in ["infinity", "-infinity"] {
        is_inexact::<SystemTime>(on, &format!("timestamptz '{endless}'")).await;
        is_inexact::<SystemTime>(on, &format!("timestamp '{endless}'")).await;
        is_inexact::<DateTime<Utc>>(on, &format!("timestamptz '{endless}'")).await;
        is_inexact::<DateTime<FixedOffset>>(on, &format!("timestamptz '{endless}'")).await;
        is_inexact::<NaiveDateTime>(on, &format!("timestamp '{endless}'")).await;
        is_inexact::<NaiveDate>(on, &format!("date '{endless}'")).await;
    }
    is_exact(on, "timestamptz '1970-01-01 00:00+00'", SystemTime::UNIX_EPOCH).await;
    is_exact(on, "date '0001-01-01'", NaiveDate::from_ymd_opt(1, 1, 1).unwrap()).await;
    for digits in [
        "1e-29",
        "0.99991234567890123456789012345",
        "79228162514264337593543950336",
        "1e32",
        "1e1000",
        "-9e999",
    ] {
        is_inexact::<Decimal>(on, &format!("{digits}::numeric")).await;
    }
    for digits in [
        "1e-28",
        "79228162514264337593543950335",
        "-79228162514264337593543950335",
        "7.9228162514264337593543950335",
    ] {
        let wanted = Decimal::from_scientific(digits).or_else(|_| digits.parse()).unwrap();
        is_exact(on, &format!("{digits}::numeric"), wanted).await;
    }
    is_exact(on, "round(1.5, 40)", Decimal::new(15, 1)).await;
    is_exact(on, "round(0, 40)", Decimal::ZERO).await;
    let nan = sql!("select 'NaN'::numeric").scalar::<Decimal>(on).await.unwrap_err();
    assert!(
        matches!(&nan, Error::Cell { source, .. } if source.reason() == CellReason::Unreadable),
        "{nan:?}"
    );
}

#[tokio::test]
async fn errors_name_types_without_their_paths() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let statement = sql!("select null::inet, 1");
    let error = statement.fetch_one::<(Option<IpAddr>, DateTime<Utc>)>(&connection).await.unwrap_err();
    let told = std::error::Error::source(&error).unwrap().to_string();
    assert!(told.contains("`(Option<IpAddr>, DateTime<Utc>).1`") && !told.contains("::"), "{told}");
    let error = statement.scalar::<IpAddr>(&connection).await.unwrap_err();
    let told = std::error::Error::source(&error).unwrap().to_string();
    assert!(told.contains("`(IpAddr,)` is read from 1 columns, there are 2"), "{told}");
}

#[derive(Debug, PartialEq, FromRow)]
struct Home {
    id: i32,
    #[pgkeel(flatten)]
    street: Option<Street>,
    last: bool,
}

#[derive(Debug, PartialEq, FromRow)]
struct Street {
    name: String,
    #[pgkeel(default)]
    number: Option<i32>,
    #[pgkeel(flatten)]
    town: Option<Town>,
}

#[derive(Debug, PartialEq, FromRow)]
struct Town {
    #[pgkeel(try_from = "i32")]
    code: Floor,
    #[pgkeel(json)]
    more: Option<Prefs>,
}

#[tokio::test]
async fn the_side_of_a_join_that_found_nothing_is_none() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let statement = sql!(
        "select id, name, code, more, true as last from (values (1), (2), (3)) as homes(id)
            left join (values (1, 'High', 7, '{\"dark\": true}'::jsonb), (2, 'Low', null, null)) as streets(home, name, code, more)
            on home = id order by id"
    );
    let found = statement.fetch_all::<Home>(&connection).await.unwrap();
    let town = Town { code: Floor(7), more: Some(Prefs { dark: true }) };
    let street = |name: &str, town| Some(Street { name: name.into(), number: None, town });
    let home = |id, street| Home { id, street, last: true };
    assert_eq!(found, [home(1, street("High", Some(town))), home(2, street("Low", None)), home(3, None)]);
    let all = statement.fetch_all::<Option<Home>>(&connection).await.unwrap();
    assert!(all.iter().all(Option::is_some), "{all:?}");
}

#[tokio::test]
async fn what_is_there_in_part_is_an_error_and_so_are_columns_that_are_missing() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let part = sql!(
        "select 1 as id, null::text as name, 7 as number, null::int4 as code, null::json as more, true as last"
    );
    let error = part.fetch_one::<Home>(&connection).await.unwrap_err();
    let Error::Cell { row: 1, source } = &error else { panic!("{error:?}") };
    assert_eq!(
        (source.field().of, source.field().field, source.reason()),
        ("Street", "name", CellReason::Null)
    );
    let none = sql!("select 1 as id, true as last").fetch_one::<Home>(&connection).await.unwrap_err();
    let Error::Columns(mismatch) = &none else { panic!("{none:?}") };
    assert_eq!(mismatch.problems().len(), 3, "{mismatch}");
}
