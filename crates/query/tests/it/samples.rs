//! Which Rust type fits where, as it is promised; and values of each, with their extremes.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use pgkeel_query::{Bind, Json};
use pgkeel_testkit::Random;
use rust_decimal::Decimal;
use uuid::Uuid;

/// The types of the server's that everything is tried on; of each there are arrays besides.
pub(crate) const TYPES: [&str; 38] = [
    "bool",
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "numeric",
    "oid",
    "money",
    "text",
    "varchar",
    "bpchar",
    "name",
    "\"char\"",
    "xml",
    "bytea",
    "bit",
    "varbit",
    "uuid",
    "json",
    "jsonb",
    "jsonpath",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "interval",
    "inet",
    "cidr",
    "macaddr",
    "int4range",
    "int8multirange",
    "point",
    "tsvector",
    "mood",
    "age",
    "label",
];
pub(crate) const SCHEMA: &str = "create type mood as enum ('sad', 'glad'); create domain age as int4;
    create domain label as varchar";

const SMALL: &[&str] = &["int2", "int4", "int8", "float4", "float8", "numeric", "age"];
const TEXT: &[&str] = &["text", "varchar", "bpchar", "name", "mood", "label"];

/// A Rust type, its natural type, and all that it fits.
pub(crate) struct Rule {
    pub(crate) rust: &'static str,
    pub(crate) natural: &'static str,
    pub(crate) fits: &'static [&'static str],
}

const fn rule(rust: &'static str, natural: &'static str, fits: &'static [&'static str]) -> Rule {
    Rule { rust, natural, fits }
}

pub(crate) const RULES: &[Rule] = &[
    rule("bool", "bool", &["bool"]),
    rule("i8", "int2", SMALL),
    rule("i16", "int2", SMALL),
    rule("u8", "int2", SMALL),
    rule("u16", "int4", &["int4", "int8", "float4", "float8", "numeric", "age"]),
    rule("i32", "int4", &["int4", "int8", "float8", "numeric", "age"]),
    rule("u32", "int8", &["int8", "float8", "numeric", "oid"]),
    rule("i64", "int8", &["int8", "numeric"]),
    rule("u64", "numeric", &["numeric"]),
    rule("f32", "float4", &["float4", "float8"]),
    rule("f64", "float8", &["float8"]),
    rule("char", "text", TEXT),
    rule("str", "text", TEXT),
    rule("String", "text", TEXT),
    rule("[u8]", "bytea", &["bytea"]),
    rule("Vec<u8>", "bytea", &["bytea"]),
    rule("[u8; 2]", "bytea", &["bytea"]),
    rule("Bytes", "bytea", &["bytea"]),
    rule("SystemTime", "timestamptz", &["timestamptz"]),
    rule("IpAddr", "inet", &["inet"]),
    rule("Uuid", "uuid", &["uuid"]),
    rule("NaiveDate", "date", &["date"]),
    rule("NaiveTime", "time", &["time"]),
    rule("NaiveDateTime", "timestamp", &["timestamp"]),
    rule("DateTime", "timestamptz", &["timestamptz"]),
    rule("serde_json::Value", "jsonb", &["json", "jsonb"]),
    rule("Json<Vec<i32>>", "jsonb", &["json", "jsonb"]),
    rule("Decimal", "numeric", &["numeric"]),
];

/// The rule of a Rust type: of an `Option` that of what is in it, of a `Vec` that of its elements, as arrays.
pub(crate) fn fits(rust: &str, kind: &str) -> bool {
    if let Some(rule) = RULES.iter().find(|rule| rule.rust == rust) {
        return rule.fits.contains(&kind);
    }
    if let Some(inner) = inside(rust, "Option<") {
        return fits(inner, kind);
    }
    let element = inside(rust, "Vec<").or_else(|| inside(rust, "[").map(|it| it.split(';').next().unwrap()));
    kind.strip_suffix("[]").is_some_and(|kind| fits(element.expect("a type with a rule"), kind))
}

pub(crate) fn natural(rust: &str) -> String {
    if let Some(rule) = RULES.iter().find(|rule| rule.rust == rust) {
        return rule.natural.to_owned();
    }
    if let Some(inner) = inside(rust, "Option<") {
        return natural(inner);
    }
    let element = inside(rust, "Vec<").or_else(|| inside(rust, "[").map(|it| it.split(';').next().unwrap()));
    format!("{}[]", natural(element.expect("a type with a rule")))
}

fn inside<'a>(rust: &'a str, before: &str) -> Option<&'a str> {
    rust.strip_prefix(before)?.strip_suffix(['>', ']'])
}

/// A value, and how the server writes the same one as its natural type. `None` for NULL.
pub(crate) struct Sample {
    pub(crate) value: Box<dyn Bind>,
    pub(crate) literal: Option<String>,
}

fn is(value: impl Bind + 'static, literal: impl Into<String>) -> Sample {
    Sample { value: Box::new(value), literal: Some(literal.into()) }
}

fn null(value: impl Bind + 'static) -> Sample {
    Sample { value: Box::new(value), literal: None }
}

pub(crate) fn all() -> Vec<Sample> {
    [numbers(), texts(), moments(), others(), arrays()].into_iter().flatten().collect()
}

/// Values by chance, one of each kind a round.
pub(crate) fn by_chance(random: &mut Random, rounds: u64) -> Vec<Sample> {
    (0..rounds).flat_map(|_| one_of_each(random)).collect()
}

fn one_of_each(random: &mut Random) -> Vec<Sample> {
    let bits = random.next();
    let [b0, b1, b2, b3, ..] = bits.to_be_bytes();
    let (small, half, whole) = (b0, u16::from_be_bytes([b0, b1]), u32::from_be_bytes([b0, b1, b2, b3]));
    let (single, double) = (f32::from_bits(whole), f64::from_bits(bits));
    let digits = i128::from(bits.cast_signed()) * i128::from(whole);
    let decimal = Decimal::from_i128_with_scale(digits, u32::from(small % 29));
    let decimal = if decimal.is_zero() { Decimal::ZERO } else { decimal };
    let text: String = (0..small % 20)
        .filter_map(|_| char::from_u32(u32::try_from(random.below(0xD800)).unwrap()))
        .collect();
    let text = text.replace('\0', "");
    let uuid = Uuid::from_u64_pair(bits, random.next());
    let bytes: Vec<u8> = text.bytes().rev().collect();
    let written = bytes.iter().fold("\\x".to_owned(), |all, byte| format!("{all}{byte:02x}"));
    let json = serde_json::json!({ &text: [bits, &text] });
    vec![
        is(small, small.to_string()),
        is(small.cast_signed(), small.cast_signed().to_string()),
        is(half, half.to_string()),
        is(half.cast_signed(), half.cast_signed().to_string()),
        is(whole, whole.to_string()),
        is(whole.cast_signed(), whole.cast_signed().to_string()),
        is(bits, bits.to_string()),
        is(bits.cast_signed(), bits.cast_signed().to_string()),
        is(single, format!("{single:?}")),
        is(double, format!("{double:?}")),
        is(decimal, decimal.to_string()),
        is(text.clone(), text),
        is(uuid, uuid.to_string()),
        is(bytes, written),
        is(json.clone(), json.to_string()),
    ]
}

macro_rules! extremes {
    ($($kind:ident),+) => {
        vec![$(
            is($kind::MIN, $kind::MIN.to_string()),
            is($kind::MAX, $kind::MAX.to_string()),
            is(1 as $kind, "1"),
            null(None::<$kind>),
            is(Some($kind::MAX), $kind::MAX.to_string()),
            is(vec![$kind::MAX, 0].into_iter().map(Some).chain([None]).collect::<Vec<_>>(),
                format!("{{{},0,NULL}}", $kind::MAX)),
        )+]
    };
}

fn numbers() -> Vec<Sample> {
    let mut samples = extremes!(i8, i16, i32, i64, u8, u16, u32, u64);
    samples.extend([
        is(true, "true"),
        is(false, "false"),
        null(None::<bool>),
        is(vec![true, false], "{t,f}"),
    ]);
    for value in [0.0, -0.0, 0.1, 1.5, -3.0e38, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY, f32::NAN] {
        samples.push(is(value, format!("{value:?}")));
        samples.push(is([value], format!("{{{value:?}}}")));
    }
    for value in [0.0, -0.0, 0.1, 1.5, 5e-324, f64::MAX, f64::MIN, f64::NEG_INFINITY, f64::NAN] {
        samples.push(is(value, format!("{value:?}")));
    }
    for digits in
        ["0", "-0.00", "1.10", "12345.6789", "-0.0000000000000000000000000001", "100000000", "0.00012"]
    {
        let value: Decimal = digits.parse().unwrap();
        samples.push(is(value, value.to_string()));
    }
    samples.extend([Decimal::MAX, Decimal::MIN].map(|value| is(value, value.to_string())));
    samples.push(is(vec![Decimal::MAX, Decimal::ONE], format!("{{{},1}}", Decimal::MAX)));
    samples
}

fn texts() -> Vec<Sample> {
    let mut samples = vec![is('x', "x"), is('😀', "😀"), is(vec!['a', 'ß'], "{a,ß}"), null(None::<char>)];
    let long = "ä".repeat(200);
    for text in [
        "",
        "sad",
        "x",
        "7",
        "abcd",
        "12345678",
        "true",
        "{1,2}",
        "0123456789abcdef",
        "O'Brien\\ \"",
        " a ",
        &long,
    ] {
        samples.push(is(text.to_owned(), text));
    }
    samples.extend([
        is("2026-11-22", "2026-11-22"),
        is(Cow::Borrowed("sad"), "sad"),
        is(Arc::<str>::from("sad"), "sad"),
        is(Box::new("glad"), "glad"),
        null(None::<&str>),
        is(vec!["sad", "glad"], "{sad,glad}"),
        is([Some("sad".to_owned()), None], "{sad,NULL}"),
        is(Vec::<String>::new(), "{}"),
    ]);
    samples
}

fn moments() -> Vec<Sample> {
    let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let time = |hour, nano| NaiveTime::from_hms_nano_opt(hour, 59, 59, nano).unwrap();
    let at = date(2026, 11, 22).and_time(time(15, 123_456_789));
    let first = date(-4713, 11, 24).and_time(NaiveTime::MIN);
    let offset = FixedOffset::west_opt(5 * 3600).unwrap();
    let nano = Duration::from_nanos(1);
    vec![
        is(date(2000, 1, 1), "2000-01-01"),
        is(date(1, 1, 1), "0001-01-01"),
        is(date(0, 12, 31), "0001-12-31 BC"),
        is(date(-4713, 11, 24), "4714-11-24 BC"),
        is(NaiveDate::MAX, "262142-12-31"),
        is(vec![Some(date(2024, 2, 29)), None], "{2024-02-29,NULL}"),
        is(NaiveTime::MIN, "00:00:00"),
        is(time(23, 999_999_999), "23:59:59.999999"),
        null(None::<NaiveTime>),
        is(at, "2026-11-22 15:59:59.123456"),
        is(first, "4714-11-24 00:00:00 BC"),
        is(NaiveDateTime::MAX, "262142-12-31 23:59:59.999999"),
        is(vec![at], "{2026-11-22 15:59:59.123456}"),
        is(at.and_utc(), "2026-11-22 15:59:59.123456+00"),
        is(at.and_local_timezone(offset).unwrap(), "2026-11-22 15:59:59.123456-05"),
        is(first.and_utc(), "4714-11-24 00:00:00+00 BC"),
        is(DateTime::<Utc>::UNIX_EPOCH - TimeDelta::nanoseconds(1), "1969-12-31 23:59:59.999999+00"),
        null(None::<DateTime<Utc>>),
        is(UNIX_EPOCH, "1970-01-01 00:00:00+00"),
        is(UNIX_EPOCH - nano, "1969-12-31 23:59:59.999999+00"),
        is(UNIX_EPOCH + Duration::from_hours(1_139_568), "2100-01-01 00:00:00+00"),
        is([UNIX_EPOCH + nano], "{1970-01-01 00:00:00+00}"),
    ]
}

fn others() -> Vec<Sample> {
    let json = serde_json::json!({"a": [1, null, "ü\"\\"], "": 1.5e10});
    vec![
        is(&[0_u8, 255][..], "\\x00ff"),
        is(vec![0_u8, 255], "\\x00ff"),
        is([7_u8, 8], "\\x0708"),
        is(Vec::<u8>::new(), "\\x"),
        is(Bytes::from_static(b"1234"), "\\x31323334"),
        is(b"0123456789abcdef".to_vec(), "\\x30313233343536373839616263646566"),
        null(None::<Vec<u8>>),
        is(IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)), "192.168.0.1"),
        is(IpAddr::V6(Ipv6Addr::LOCALHOST), "::1"),
        is(vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)], "{0.0.0.0}"),
        is(Uuid::nil(), "00000000-0000-0000-0000-000000000000"),
        is(Uuid::max(), "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        is(vec![Uuid::max()], "{ffffffff-ffff-ffff-ffff-ffffffffffff}"),
        is(json.clone(), json.to_string()),
        is(serde_json::Value::Null, "null"),
        is(Json(vec![1, 2]), "[1,2]"),
        null(None::<serde_json::Value>),
    ]
}

fn arrays() -> Vec<Sample> {
    vec![
        is(Vec::<i64>::new(), "{}"),
        is(vec![vec![0_u8], vec![]], "{\"\\\\x00\",\"\\\\x\"}"),
        is(Some(vec![1_i32, 2]), "{1,2}"),
        null(None::<Vec<i32>>),
        is([1_i16, 2, 3], "{1,2,3}"),
        is(&[1.5_f64][..], "{1.5}"),
        is(vec![Json(vec![1]), Json(vec![])], "{[1],[]}"),
    ]
}
