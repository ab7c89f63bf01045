//! Values made by chance in types that are made on the server: domains over enums, composite types, ranges, and arrays of two
//! dimensions; and in every built-in type, near its ends. What is stored is what the server's own text of it says.

use std::error::Error as StdError;

use bytes::{BufMut as _, BytesMut};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use pgkeel_query::bind::{IsNull, MisfitReason, ViaToSql};
use pgkeel_query::connect::Connection;
use pgkeel_query::{AuditedSql, Bind, Error, Executor as _, Type, sql};
use pgkeel_testkit::{Random, TestDatabase, scaled};
use tokio_postgres::types::{Kind, ToSql, to_sql_checked};

const SCHEMA: &str = "create type mood as enum ('sad', 'glad', 'it''s \"odd\", {really}');
    create domain feeling as mood check (value <> 'sad'); create domain feelings as feeling[];
    create type place as (street text, number int4, feeling feeling); create domain square as int4[][];
    create type span as range (subtype = int8); set timezone = 'UTC'";
const LABELS: [&str; 3] = ["sad", "glad", "it's \"odd\", {really}"];

async fn connection() -> (TestDatabase, Connection) {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(SCHEMA).await.unwrap();
    (database, connection)
}

#[tokio::test]
async fn labels_go_into_domains_over_enums_alone_and_in_arrays() {
    let (_database, connection) = connection().await;
    let mut random = Random::seeded();
    for _ in 0..scaled(50, 5_000) {
        let labels: Vec<Option<&str>> = (0..random.below(5))
            .map(|_| LABELS.get(usize::try_from(random.below(4)).unwrap()).copied())
            .collect();
        let texts = labels.clone();
        let stored =
            sql!("select {labels}::feelings::text, {texts}::text[]::text").fetch_one(&connection).await;
        if labels.contains(&Some("sad")) {
            let error: Result<(String, String), Error> = stored;
            assert!(error.unwrap_err().is_check_violation(), "the domain's check is the server's");
        } else {
            let (stored, text): (String, String) = stored.unwrap();
            assert_eq!(stored, text, "{labels:?}");
        }
    }
    let label = "glad";
    let one = sql!("select {label}::feeling::text").scalar::<String>(&connection).await.unwrap();
    assert_eq!(one, label);
}

#[tokio::test]
async fn arrays_of_two_dimensions_are_refused_and_the_connection_goes_on() {
    let (_database, connection) = connection().await;
    let nested: Vec<Vec<i32>> = vec![vec![1, 2], vec![3, 4]];
    let texts: [[&str; 2]; 1] = [["a", "b"]];
    let values: [(&dyn Bind, &str); 4] =
        [(&nested, "int4[]"), (&nested, "square"), (&texts, "text[]"), (&nested, "int4[][]")];
    for (value, kind) in values {
        let param = pgkeel_query::bind::Param { number: 1, name: pgkeel_query::bind::ParamName::None, value };
        let error = connection.query(&format!("select $1::{kind}"), &[&param]).await.map_err(Error::from);
        let Err(Error::Parameter(bad)) = error else { panic!("{kind}: {error:?}") };
        assert_eq!(bad.misfit().reason(), MisfitReason::OtherType, "{bad}");
        assert_eq!(sql!("select 1").scalar::<i32>(&connection).await.unwrap(), 1);
    }
    // One dimension goes into what is declared with two, which the server does not tell apart.
    let flat = vec![1_i32, 2];
    assert_eq!(sql!("select {flat}::square::text").scalar::<String>(&connection).await.unwrap(), "{1,2}");
}

/// As the server has rows: how many fields, and of each its type, its length and its value.
#[derive(Debug)]
struct Place {
    street: Option<String>,
    number: i32,
    feeling: &'static str,
}

impl ToSql for Place {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Kind::Composite(fields) = kind.kind() else { return Err("no row".into()) };
        let values: [&dyn Bind; 3] = [&self.street, &self.number, &self.feeling];
        out.put_i32(3);
        for (field, value) in fields.iter().zip(values) {
            let mut bytes = BytesMut::new();
            let is_null = value.write_checked(field.type_(), &mut bytes)?;
            out.put_u32(field.type_().oid());
            out.put_i32(if matches!(is_null, IsNull::Yes) { -1 } else { i32::try_from(bytes.len())? });
            out.extend_from_slice(&bytes);
        }
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(kind.kind(), Kind::Composite(fields) if fields.len() == 3)
    }

    to_sql_checked!();
}

/// A range with both ends, the second of which is not in it.
#[derive(Debug)]
struct Span(i64, i64);

impl ToSql for Span {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Kind::Range(of) = kind.kind() else { return Err("no range".into()) };
        out.put_u8(0x02);
        for end in [self.0, self.1] {
            out.put_i32(8);
            Bind::write_checked(&end, of, out)?;
        }
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(kind.kind(), Kind::Range(of) if *of == Type::INT8)
    }

    to_sql_checked!();
}

#[tokio::test]
async fn rows_and_ranges_that_write_themselves_come_back_as_the_server_writes_them() {
    let (_database, connection) = connection().await;
    let mut random = Random::seeded();
    for round in 0..scaled(100, 10_000) {
        let street: String = (0..round % 9)
            .filter_map(|_| char::from_u32(u32::try_from(1 + random.below(255)).unwrap()))
            .collect();
        let number =
            i32::try_from(random.next() >> 33).unwrap().wrapping_mul(if round % 2 == 0 { -1 } else { 1 });
        let place =
            Place { street: (round % 5 != 0).then_some(street), number, feeling: LABELS[1 + round % 2] };
        let (street, feeling) = (place.street.clone(), place.feeling);
        let place = ViaToSql(place);
        let statement = sql!(
            "select {place}::place::text, row({street}::text, {number}::int4, {feeling}::feeling)::place::text"
        );
        let (stored, wanted): (String, String) = statement.fetch_one(&connection).await.unwrap();
        assert_eq!(stored, wanted);
        let (low, high) = (random.next().cast_signed() >> 1, random.next().cast_signed() >> 1);
        let (low, high) = (low.min(high), low.max(high));
        let span = ViaToSql(Span(low, high));
        let statement = sql!("select {span}::span::text, span({low}::int8, {high}::int8)::text");
        let (stored, wanted): (String, String) = statement.fetch_one(&connection).await.unwrap();
        assert_eq!(stored, wanted);
    }
    let wrong = ViaToSql(Span(1, 2));
    let error = sql!("select {wrong}::int4range").execute(&connection).await.unwrap_err();
    assert!(matches!(error, Error::Parameter(_)), "{error:?}");
}

/// What the server says of each value, alone and as an element.
async fn texts<T: Bind>(connection: &Connection, values: &T, kind: Type) -> Vec<Option<String>> {
    let text = format!(
        "select array_agg(value::text order by place) from unnest($1::{}[]) with ordinality as t(value, place)",
        kind.name().trim_start_matches('_')
    );
    AuditedSql::new("a test of every type", text).bind_as(values, kind).scalar(connection).await.unwrap()
}

#[tokio::test]
async fn times_near_and_far_keep_every_microsecond() {
    let (_database, connection) = connection().await;
    let mut random = Random::seeded();
    let count = scaled(500, 50_000);
    let ends = [
        NaiveDate::from_ymd_opt(-4713, 11, 24).unwrap(),
        NaiveDate::MAX,
        NaiveDate::from_ymd_opt(2000, 1, 1).unwrap(),
    ];
    let days = (NaiveDate::MAX - ends[0]).num_days().cast_unsigned();
    let dates: Vec<NaiveDate> =
        (0..count).map(|_| ends[0] + TimeDelta::days(random.below(days).cast_signed())).chain(ends).collect();
    let written = |date: NaiveDate| {
        use chrono::Datelike as _;
        let (year, era) = if date.year() > 0 { (date.year(), "") } else { (1 - date.year(), " BC") };
        (format!("{year:04}-{:02}-{:02}", date.month(), date.day()), era)
    };
    let wanted: Vec<_> =
        dates.iter().map(|date| Some(written(*date)).map(|(date, era)| date + era)).collect();
    assert_eq!(texts(&connection, &dates, Type::DATE_ARRAY).await, wanted);
    let back: Vec<NaiveDate> = sql!("select {dates}::date[]").scalar(&connection).await.unwrap();
    assert_eq!(back, dates);

    let micros = 86_400_000_000;
    let times: Vec<NaiveTime> = (0..count)
        .map(|_| NaiveTime::MIN + TimeDelta::microseconds(random.below(micros).cast_signed()))
        .chain([NaiveTime::MIN, NaiveTime::MIN - TimeDelta::microseconds(1)])
        .collect();
    let back: Vec<NaiveTime> = sql!("select {times}::time[]").scalar(&connection).await.unwrap();
    assert_eq!(back, times);
    let digits = |text: String| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    let padded = |time: &NaiveTime| time.format("%H:%M:%S.%6f").to_string();
    for (text, time) in texts(&connection, &times, Type::TIME_ARRAY).await.into_iter().zip(&times) {
        let text = text.unwrap();
        let text = if text.contains('.') { text } else { text + ".0" };
        assert_eq!(digits(text), digits(padded(time)));
    }
    let moments: Vec<DateTime<Utc>> =
        dates.iter().zip(times.iter().rev()).map(|(date, time)| date.and_time(*time).and_utc()).collect();
    let back: Vec<DateTime<Utc>> = sql!("select {moments}::timestamptz[]").scalar(&connection).await.unwrap();
    assert_eq!(back, moments);
    for (text, moment) in
        texts(&connection, &moments, Type::TIMESTAMPTZ_ARRAY).await.into_iter().zip(&moments)
    {
        let (date, era) = written(moment.date_naive());
        let text = text.unwrap();
        assert!(text.starts_with(&date) && text.ends_with(era) && text.contains("+00"), "{text} {moment}");
    }
}

#[tokio::test]
async fn a_numeric_is_read_exactly_or_refused() {
    let (_database, connection) = connection().await;
    let mut random = Random::seeded();
    let (mut exact, mut refused) = (0, 0);
    for _ in 0..scaled(500, 50_000) {
        let length = 1 + random.below(32);
        let digits: String =
            (0..length).map(|_| char::from(b'0' + u8::try_from(random.below(10)).unwrap())).collect();
        let point = usize::try_from(random.below(length + 1)).unwrap();
        let zeros = "0".repeat(usize::try_from(random.below(4) * random.below(4)).unwrap());
        let sign = if random.below(2) == 0 { "-" } else { "" };
        let text = format!("{sign}0{}.{}{zeros}", &digits[..point], &digits[point..]);
        let read = "select $1::text::numeric, ($1::text::numeric)::text";
        let read = AuditedSql::new("a test of numerics", read).bind(&text);
        match read.fetch_one::<(rust_decimal::Decimal, String)>(&connection).await {
            Ok((number, stored)) => {
                let same = "select $1::numeric = $2::text::numeric";
                let same = AuditedSql::new("a test of numerics", same).bind(&number).bind(&stored);
                assert!(same.scalar::<bool>(&connection).await.unwrap(), "{stored} was read as {number}");
                exact += 1;
            }
            Err(Error::Cell { source, .. }) => {
                assert_eq!(source.reason(), pgkeel_query::row::CellReason::Inexact, "{text}");
                let behind = digits[point..].trim_end_matches('0').len();
                let whole = format!("{}{}", &digits[..point], &digits[point..][..behind]);
                let fits = whole.parse::<u128>().unwrap_or(0) < 1 << 96 && behind <= 28;
                assert!(!fits, "{text} has a place in a `Decimal`");
                refused += 1;
            }
            Err(error) => panic!("{text}: {error:?}"),
        }
    }
    assert!(exact > 100 && refused > 10, "{exact} {refused}");
}
