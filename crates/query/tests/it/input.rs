//! What users ask for: which rows they get, and what they are told.

use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, Utc};
use pgkeel_query::connect::Connection;
use pgkeel_query::input::{Caps, Fault, InputValue, Request, Step};
use pgkeel_query::{Entity, Executor as _, FieldErrors, FieldSet, fields};
use pgkeel_testkit::TestDatabase;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::moods::Mood;

#[derive(Entity)]
#[pgkeel(table = "things", columns = t)]
#[expect(dead_code, reason = "only the columns matter")]
struct Thing {
    id: i32,
    small: i16,
    large: Option<i64>,
    number: u32,
    is_on: bool,
    single: f32,
    double: f64,
    price: Decimal,
    name: Option<String>,
    key: Uuid,
    at: DateTime<Utc>,
    day: NaiveDate,
    address: IpAddr,
    mood: Mood,
    tags: Vec<String>,
}

static ALL: FieldSet<Thing> = fields! {
    "id" => t::id [eq, ne, any_of, none_of, range, sort],
    "small" => t::small [eq, any_of],
    "large" => t::large [eq, range, is_null, sort],
    "number" => t::number [eq],
    "on" => t::is_on [eq, ne],
    "single" => t::single [range],
    "double" => t::double [eq, range],
    "price" => t::price [eq, any_of, range],
    "name" => t::name [
        eq, ne, any_of, contains, starts_with, ends_with, contains_ignore_case, starts_with_ignore_case,
        ends_with_ignore_case, eq_ignore_case, is_null, sort,
    ],
    "key" => t::key [eq, any_of],
    "at" => t::at [eq, range],
    "day" => t::day [eq, range],
    "address" => t::address [eq],
    "mood" => t::mood [eq, any_of],
    "tags" => t::tags [sort],
}
.sorted_by(|| vec![t::id.desc()]);

const TABLE: &str = "create type mood as enum ('sad', 'glad');
    create table things(id int4, small int2, large int8, number oid, is_on bool, single float4, double float8,
        price numeric, name text, key uuid, at timestamptz, day date, address inet, mood mood, tags text[]);
    insert into things values
    (1, -5, 9007199254740993, 4294967295, true, 0.5, 0.1, 9.99, 'Ann', '00000000-0000-0000-0000-000000000001',
        '2026-11-22T15:00:00Z', '2026-11-22', '10.0.0.1', 'sad', '{}'),
    (2, 7, null, 2, false, 1.5, 1e300, 123456789012345.678901, 'a%b,c', '00000000-0000-0000-0000-000000000002',
        '2026-11-23T00:00:00.000001Z', '2026-11-23', '::1', 'glad', '{x}'),
    (3, 0, -1, 0, true, -2, 0, 0, null, '00000000-0000-0000-0000-000000000003',
        '1999-12-31T23:59:59Z', '1999-12-31', '10.0.0.3', 'glad', '{y}')";

/// A request, and the rows that it is for.
type Pairs<'p> = (&'p [(&'p str, &'p str)], &'p [i32]);

async fn found(connection: &Connection, request: &Request<'_>) -> Vec<i32> {
    let statement = Thing::select((t::id,)).apply(&ALL, request).unwrap();
    statement.fetch_all(connection).await.unwrap().into_iter().map(|row| row.0).collect()
}

#[tokio::test]
async fn values_of_every_type_find_their_rows_in_either_way_to_ask() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let cases: &[(&str, &str, &str, Value, &[i32])] = &[
        ("id", "ne", "2", json!(2), &[3, 1]),
        ("id", "ge", "2", json!("2"), &[3, 2]),
        ("small", "eq", "-5", json!(-5), &[1]),
        ("large", "eq", "9007199254740993", json!(9_007_199_254_740_993_i64), &[1]),
        ("large", "eq", "9007199254740993", json!("9007199254740993"), &[1]),
        ("large", "lt", "0", json!(0), &[3]),
        ("large", "is_null", "true", json!(true), &[2]),
        ("large", "is_null", "false", json!(false), &[3, 1]),
        ("number", "eq", "4294967295", json!(4_294_967_295_u32), &[1]),
        ("on", "eq", "true", json!(true), &[3, 1]),
        ("on", "ne", "true", json!(true), &[2]),
        ("single", "gt", "0.5", json!(0.5), &[2]),
        ("double", "eq", "0.1", json!(0.1), &[1]),
        ("double", "ge", "1e300", json!(1e300), &[2]),
        ("price", "eq", "9.99", json!(9.99), &[1]),
        ("price", "eq", "123456789012345.678901", json!("123456789012345.678901"), &[2]),
        ("price", "le", "0", json!(0), &[3]),
        ("name", "eq", "a%b,c", json!("a%b,c"), &[2]),
        ("name", "ne", "Ann", json!("Ann"), &[2]),
        ("name", "contains", "%", json!("%"), &[2]),
        ("name", "starts_with", "A", json!("A"), &[1]),
        ("name", "ends_with", "c", json!("c"), &[2]),
        ("name", "contains_ignore_case", "N", json!("N"), &[1]),
        ("name", "starts_with_ignore_case", "A", json!("A"), &[2, 1]),
        ("name", "ends_with_ignore_case", "NN", json!("NN"), &[1]),
        ("name", "eq_ignore_case", "ANN", json!("ANN"), &[1]),
        (
            "key",
            "eq",
            "00000000-0000-0000-0000-000000000002",
            json!("00000000-0000-0000-0000-000000000002"),
            &[2],
        ),
        ("at", "ge", "2026-11-23T01:00:00.000001+01:00", json!("2026-11-23T01:00:00.000001+01:00"), &[2]),
        ("day", "lt", "2026-11-22", json!("2026-11-22"), &[3]),
        ("address", "eq", "::1", json!("::1"), &[2]),
        ("mood", "eq", "glad", json!("glad"), &[3, 2]),
    ];
    for (field, operator, text, value, ids) in cases {
        let pairs = [(format!("filter[{field}][{operator}]"), (*text).to_owned())];
        assert_eq!(found(&connection, &Request::pairs(&pairs)).await, *ids, "{pairs:?}");
        let object = json!({"filter": {*field: {*operator: value}}});
        assert_eq!(found(&connection, &Request::json(&object)).await, *ids, "{object}");
    }
}

#[tokio::test]
async fn lists_trees_and_orders_mean_what_they_say() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let pairs: &[Pairs<'_>] = &[
        (&[], &[3, 2, 1]),
        (&[("page", "7"), ("filters", "x"), ("sorting", "x")], &[3, 2, 1]),
        (&[("sort", "id")], &[1, 2, 3]),
        (&[("sort", "-large,id")], &[2, 1, 3]),
        (&[("sort", "large"), ("sort", "-id")], &[3, 1, 2]),
        (&[("filter[name]", "Ann")], &[1]),
        (&[("filter[id][any_of]", "3"), ("sort", "id"), ("filter[id][any_of]", "1")], &[1, 3]),
        (&[("filter[name][any_of]", "a%b,c")], &[2]),
        (&[("filter[id][ge]", "2"), ("filter[id][le]", "2")], &[2]),
        (&[("filter[id][none_of]", "2"), ("filter[on]", "true")], &[3, 1]),
    ];
    for (pairs, ids) in pairs {
        assert_eq!(found(&connection, &Request::pairs(pairs)).await, *ids, "{pairs:?}");
    }
    let objects: &[(Value, &[i32])] = &[
        (json!({}), &[3, 2, 1]),
        (json!({"filter": {}, "sort": [], "page": 7}), &[3, 2, 1]),
        (json!({"sort": ["-id", "name"]}), &[3, 2, 1]),
        (json!({"sort": "tags,id"}), &[1, 2, 3]),
        (json!({"filter": {"name": "Ann"}}), &[1]),
        (json!({"filter": {"id": {"ge": 2, "le": 2}}}), &[2]),
        (json!({"filter": {"id": {"any_of": []}}}), &[]),
        (json!({"filter": {"id": {"any_of": [1, "3"]}, "on": true}}), &[3, 1]),
        (
            json!({"filter": {"or": [{"id": 1}, {"id": 2, "on": true}, {"large": {"is_null": true}}]}}),
            &[2, 1],
        ),
        (json!({"filter": {"not": {"or": [{"id": 1}, {"and": [{"id": 2}, {"on": false}]}]}}}), &[3]),
        (json!({"filter": {"not": {"name": {"contains": "n"}}}}), &[2]),
    ];
    for (object, ids) in objects {
        assert_eq!(found(&connection, &Request::json(object)).await, *ids, "{object}");
    }
}

fn codes(errors: &FieldErrors) -> Vec<(String, &'static str)> {
    let place =
        |error: &pgkeel_query::input::FieldError| error.to_string().split(": ").next().unwrap().to_owned();
    errors.iter().map(|error| (place(error), error.fault().code())).collect()
}

#[track_caller]
fn told(request: &Request<'_>, expected: &[(&str, &str)]) {
    let errors = ALL.read(request).unwrap_err();
    let expected: Vec<_> = expected.iter().map(|(place, code)| ((*place).to_owned(), *code)).collect();
    assert_eq!(codes(&errors), expected);
    assert_eq!(errors.status(), 400);
}

#[test]
fn everything_wrong_in_pairs_is_told_at_once_with_its_place() {
    let pairs = [
        ("sort", "-id,,nmae,-single,id"),
        ("filter", "x"),
        ("filter[", "x"),
        ("filter[id][ge", "x"),
        ("filter[id]ge]", "x"),
        ("filter[password]", "x"),
        ("filter[tags]", "x"),
        ("filter[id][contains]", "x"),
        ("filter[small][lt]", "1"),
        ("filter[small]", "32768"),
        ("filter[id][any_of]", "1"),
        ("filter[id][any_of]", "2.0"),
        ("filter[mood]", "angry"),
        ("filter[name]", "a\0b"),
        ("filter[name][contains]", "a\0b"),
        ("filter[large][is_null]", "yes"),
        ("filter[double]", "NaN"),
        ("filter[double]", "1e999"),
        ("filter[price]", "0.00000000000000000000000000001"),
        ("filter[at]", "2026-11-22T15:00:00"),
        ("filter[at]", "2026-12-31T23:59:60Z"),
    ];
    told(
        &Request::pairs(&pairs),
        &[
            ("query.sort[1].", "unknown_field"),
            ("query.sort[2].nmae", "unknown_field"),
            ("query.sort[3].single", "unknown_field"),
            ("query.sort[4].id", "said_twice"),
            ("query.filter", "malformed"),
            ("query.filter", "malformed"),
            ("query.filter", "malformed"),
            ("query.filter", "malformed"),
            ("query.filter.password", "unknown_field"),
            ("query.filter.tags", "unknown_field"),
            ("query.filter.id.contains", "unknown_operator"),
            ("query.filter.small.lt", "unknown_operator"),
            ("query.filter.small.eq", "wrong_value"),
            ("query.filter.mood.eq", "wrong_value"),
            ("query.filter.name.eq", "wrong_value"),
            ("query.filter.name.contains", "wrong_value"),
            ("query.filter.large.is_null", "wrong_value"),
            ("query.filter.double.eq", "wrong_value"),
            ("query.filter.double.eq", "wrong_value"),
            ("query.filter.price.eq", "wrong_value"),
            ("query.filter.at.eq", "wrong_value"),
            ("query.filter.at.eq", "wrong_value"),
            ("query.filter.id.any_of[1]", "wrong_value"),
        ],
    );
}

#[test]
fn everything_wrong_in_json_is_told_at_once_with_its_place() {
    for broken in [json!(null), json!([]), json!("x"), json!(7)] {
        told(&Request::json(&broken), &[("body", "malformed")]);
    }
    // Of an object the keys come in the order of letters.
    let object = json!({
        "sort": ["id", 7, "password"],
        "filter": {
            "and": [],
            "id": {},
            "key": null,
            "large": {"eq": [1], "is_null": "yes"},
            "mood": {"any_of": ["glad", "angry"]},
            "name": {"like": "x", "eq": 7},
            "not": 7,
            "on": "true",
            "or": [{}, 7, {"id": 1.0}],
            "price": {"eq": 0.123_456_789_012_345_6, "any_of": 1},
            "zzz": {"eq": 1},
        },
    });
    told(
        &Request::json(&object),
        &[
            ("body.sort[1]", "malformed"),
            ("body.sort[2].password", "unknown_field"),
            ("body.filter.and", "malformed"),
            ("body.filter.id", "malformed"),
            ("body.filter.key.eq", "malformed"),
            ("body.filter.large.eq", "malformed"),
            ("body.filter.large.is_null", "wrong_value"),
            ("body.filter.mood.any_of[1]", "wrong_value"),
            ("body.filter.name.eq", "wrong_value"),
            ("body.filter.name.like", "unknown_operator"),
            ("body.filter.not", "malformed"),
            ("body.filter.on.eq", "wrong_value"),
            ("body.filter.or[0]", "malformed"),
            ("body.filter.or[1]", "malformed"),
            ("body.filter.or[2].id.eq", "wrong_value"),
            ("body.filter.price.any_of", "malformed"),
            ("body.filter.price.eq", "wrong_value"),
            ("body.filter.zzz", "unknown_field"),
        ],
    );
}

#[test]
fn an_error_has_what_is_allowed_and_what_is_perhaps_meant() {
    let errors = ALL.read(&Request::pairs(&[
        ("filter[nmae]", "x"),
        ("filter[name][contain]", "x"),
        ("filter[mood]", "x"),
    ]));
    let errors = errors.unwrap_err();
    let faults: Vec<&Fault> = errors.iter().map(pgkeel_query::input::FieldError::fault).collect();
    let Fault::UnknownField { allowed, nearest } = faults[0] else { panic!("{errors:?}") };
    assert_eq!((*nearest, allowed.len(), allowed.contains(&"tags")), (Some("name"), 14, false));
    let Fault::UnknownOperator { allowed, nearest } = faults[1] else { panic!("{errors:?}") };
    assert_eq!((*nearest, allowed.len()), (Some("contains"), 11));
    assert_eq!(*faults[2], Fault::WrongValue { wanted: Mood::WANTED, choices: Mood::choices() });
    let place: Vec<Step> = ["query", "filter", "nmae"].map(|name| Step::Name(name.to_owned())).into();
    assert_eq!(errors.iter().next().unwrap().place(), place);
    let body = serde_json::to_value(&errors).unwrap();
    assert_eq!(body[0]["ctx"]["nearest"], "name");
    assert_eq!(
        body[2],
        json!({"loc": ["query", "filter", "mood", "eq"], "msg": "not a mood", "type": "wrong_value",
        "ctx": {"expected": "a mood", "allowed": ["sad", "glad"]}})
    );
}

static TIGHT: FieldSet<Thing> = fields! {
    "id" => t::id [eq, any_of, range, sort],
    "name" => t::name [eq, sort],
    "large" => t::large [sort],
}
.capped(
    Caps::new().most_terms(3).most_sorts(2).most_depth(2).most_listed(3).most_value_bytes(8).most_bytes(120),
);

#[test]
fn every_cap_is_kept_to_the_last_one_and_ends_the_reading() {
    let nested = |levels: usize| (0..levels).fold(json!({"id": 1}), |inner, _| json!({"not": inner}));
    let pairs = |count: usize| vec![("filter[id]".to_owned(), "1".to_owned()); count];
    let listed = |count: usize| vec![("filter[id][any_of]".to_owned(), "1".to_owned()); count];
    let fine = [
        TIGHT.read(&Request::pairs(&pairs(3))),
        TIGHT.read(&Request::pairs(&listed(3))),
        TIGHT.read(&Request::pairs(&[("sort", "id,name")])),
        TIGHT.read(&Request::pairs(&[("filter[name]", "12345678")])),
        TIGHT.read(&Request::json(&json!({"filter": nested(2)}))),
        TIGHT.read(&Request::json(&json!({"filter": {"id": {"any_of": [1, 2, 3]}}}))),
        TIGHT.read(&Request::pairs(&[("cursor", "x".repeat(10_000))])),
    ];
    for asked in fine {
        asked.unwrap();
    }
    let many = json!({"filter": {"or": vec![json!({"password": 1}); 10_000]}});
    let wide = json!({"filter": {"id": {"any_of": vec![1; 1_000_000]}}});
    let over = [
        (TIGHT.read(&Request::pairs(&pairs(4))), "query.filter.id.eq", "too_many"),
        (TIGHT.read(&Request::pairs(&listed(4))), "query.filter.id.any_of", "too_many"),
        (TIGHT.read(&Request::pairs(&[("sort", "id,name,large")])), "query.sort[2]", "too_many"),
        (TIGHT.read(&Request::pairs(&[("filter[name]", "123456789")])), "query.filter.name.eq", "too_long"),
        (TIGHT.read(&Request::pairs(&[("filter[name]", "x".repeat(10_000))])), "query", "too_long"),
        (TIGHT.read(&Request::json(&json!({"filter": nested(3)}))), "body.filter.not.not.not", "too_deep"),
        (
            TIGHT.read(&Request::json(&json!({"filter": nested(2_000)}))),
            "body.filter.not.not.not",
            "too_deep",
        ),
        (
            TIGHT.read(&Request::json(&json!({"filter": {"id": {"any_of": [1, 2, 3, 4]}}}))),
            "body.filter.id.any_of",
            "too_many",
        ),
        (TIGHT.read(&Request::json(&wide)), "body.filter.id.any_of", "too_many"),
    ];
    for (read, place, code) in over {
        assert_eq!(codes(&read.unwrap_err()), [(place.to_owned(), code)]);
    }
    let codes = codes(&TIGHT.read(&Request::json(&many)).unwrap_err());
    assert_eq!(codes.last().map(|(_, code)| *code), Some("too_long"), "bytes end it: {codes:?}");
    let pairs = vec![("filter[password]", "x"); 10_000];
    let codes = self::codes(&ALL.read(&Request::pairs(&pairs)).unwrap_err());
    assert_eq!(
        (codes.len(), &codes[31]),
        (32, &("query".to_owned(), "more")),
        "no more is told than is read"
    );
}

#[test]
fn a_value_that_is_sent_is_in_nothing_that_is_shown() {
    const CANARY: &str = "Zanzibar4711";
    let pairs =
        [("filter[id]", CANARY), ("filter[mood]", CANARY), ("filter[name][any_of]", "a\0Zanzibar4711")];
    let object = json!({"filter": {"id": CANARY, "or": [{"mood": {"any_of": [CANARY]}}]}});
    for request in [Request::pairs(&pairs), Request::json(&object)] {
        let errors = ALL.read(&request).unwrap_err();
        assert_eq!(errors.iter().count(), if format!("{errors}").starts_with("query") { 3 } else { 2 });
        let shown =
            format!("{request:?} {errors:?} {errors} {}", serde_json::to_string(&errors.problem()).unwrap());
        assert!(!shown.contains(CANARY), "{shown}");
    }
    let asked = ALL.read(&Request::pairs(&[("filter[name]", CANARY)])).unwrap();
    assert!(!format!("{asked:?}").contains(CANARY) && asked.filter().is_some() && asked.order().len() == 1);
}
