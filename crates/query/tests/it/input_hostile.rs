//! Requests that nobody would send: never a panic, and nothing of them in a statement's text.

use std::collections::BTreeSet;

use pgkeel_query::input::Request;
use pgkeel_query::{Entity, Executor as _, FieldErrors, FieldSet, fields, sql};
use pgkeel_testkit::{Random, TestDatabase, scaled};
use serde_json::{Map, Value, json};

use crate::hostile::corpus;

#[derive(Entity)]
#[pgkeel(table = "texts", columns = t)]
#[expect(dead_code, reason = "only the columns matter")]
struct Row {
    id: i32,
    text: Option<String>,
    count: i64,
}

static LIST: FieldSet<Row> = fields! {
    "id" => t::id [eq, ne, range, any_of, none_of, sort],
    "text" => t::text [eq, ne, any_of, contains, starts_with, contains_ignore_case, eq_ignore_case, is_null, sort],
    "count" => t::count [eq, range, sort],
};

/// All that the text of a statement of this list is made of.
const TOKENS: [&str; 34] = [
    "select",
    "\"texts\".\"id\"",
    "\"texts\".\"text\"",
    "\"texts\".\"count\"",
    "from",
    "\"texts\"",
    "where",
    "and",
    "or",
    "not",
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "any",
    "all",
    "like",
    "ilike",
    "is",
    "null",
    "order",
    "by",
    "asc",
    "desc",
    "limit",
    "",
    "$",
    "distinct",
    "between",
    "escape",
    "nulls",
    "first",
];

/// Makes requests of names, operators and values, some of them right and some hostile.
struct Maker {
    random: Random,
    texts: Vec<String>,
}

impl Maker {
    fn new() -> Self {
        Self { random: Random::seeded(), texts: corpus() }
    }

    fn one_of(&mut self, some: &[&str]) -> String {
        let place = self.random.below(some.len() as u64);
        some[usize::try_from(place).unwrap()].to_owned()
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.random.below(one_in) == 0
    }

    fn hostile(&mut self) -> String {
        let place = usize::try_from(self.random.below(self.texts.len() as u64)).unwrap();
        match self.random.below(4) {
            0 => (0..self.random.below(12))
                .filter_map(|_| char::from_u32(u32::try_from(self.random.below(0x11_0000)).unwrap()))
                .collect(),
            _ => self.texts[place].clone(),
        }
    }

    fn name(&mut self) -> String {
        if self.chance(8) { self.hostile() } else { self.one_of(&["id", "text", "count", "text"]) }
    }

    fn operator(&mut self) -> String {
        if self.chance(8) {
            return self.hostile();
        }
        self.one_of(&[
            "eq",
            "ne",
            "lt",
            "ge",
            "any_of",
            "none_of",
            "contains",
            "starts_with",
            "contains_ignore_case",
            "is_null",
        ])
    }

    fn value(&mut self) -> String {
        if self.chance(2) {
            self.hostile()
        } else {
            self.one_of(&["1", "-7", "true", "9223372036854775807", "", "x"])
        }
    }

    fn pairs(&mut self) -> Vec<(String, String)> {
        let pair = |maker: &mut Self| match maker.random.below(6) {
            0 => ("sort".to_owned(), format!("-{},{}", maker.name(), maker.name())),
            1 => (format!("filter[{}]", maker.name()), maker.value()),
            2 => (format!("filter{}", maker.hostile()), maker.value()),
            _ => (format!("filter[{}][{}]", maker.name(), maker.operator()), maker.value()),
        };
        (0..self.random.below(4)).map(|_| pair(self)).collect()
    }

    fn leaf(&mut self) -> Value {
        match self.random.below(8) {
            0 => Value::Null,
            1 => json!(self.random.next()),
            2 => json!(f64::from_bits(self.random.next())),
            3 => json!(self.chance(2)),
            _ => json!(self.value()),
        }
    }

    fn any(&mut self, depth: u64) -> Value {
        match self.random.below(3 + depth) {
            0 => (0..self.random.below(4)).map(|_| self.any(depth.saturating_sub(1))).collect(),
            1 if depth > 0 => self.filter(depth - 1),
            _ => self.leaf(),
        }
    }

    fn filter(&mut self, depth: u64) -> Value {
        let mut object = Map::new();
        for _ in 0..=self.random.below(2) {
            let (name, value) = match self.random.below(8) {
                0 if depth > 0 => ("and".to_owned(), json!([self.filter(depth - 1), self.filter(depth - 1)])),
                1 if depth > 0 => ("or".to_owned(), json!([self.filter(depth - 1), self.filter(depth - 1)])),
                2 if depth > 0 => ("not".to_owned(), self.filter(depth - 1)),
                3 => (self.name(), self.any(depth)),
                4 => (self.name(), json!({ self.operator(): [self.leaf(), self.leaf()] })),
                _ => (self.name(), json!({ self.operator(): self.leaf() })),
            };
            object.insert(name, value);
        }
        Value::Object(object)
    }

    fn json(&mut self) -> Value {
        match self.random.below(8) {
            0 => self.any(3),
            1 => json!({"filter": self.any(3), "sort": self.any(1)}),
            _ => json!({"filter": self.filter(3), "sort": [self.name(), format!("-{}", self.name())]}),
        }
    }
}

/// What of a text is none of the known tokens.
fn strange(text: &str) -> Vec<&str> {
    let known: BTreeSet<&str> = TOKENS.into();
    let tokens = text.split([' ', '(', ')', ',']);
    tokens.filter(|token| !known.contains(token.trim_end_matches(|it: char| it.is_ascii_digit()))).collect()
}

/// Names are cut and harmless, so an error is not longer than so much a fault.
fn check(errors: &FieldErrors) {
    let shown = format!("{errors}{errors:?}{}", serde_json::to_string(&errors.problem()).unwrap());
    assert!(errors.iter().count() <= 32 && shown.len() <= 32 * 4_000, "{}", shown.len());
    assert!(!shown.contains(['<', '>', '\'', '\u{1b}', '\u{202e}', '\u{200b}']), "{shown}");
}

#[tokio::test]
async fn no_request_panics_and_what_goes_through_is_made_of_known_words() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection
        .batch_execute("create table texts(id int4, text text, count int8); create table canary(id int)")
        .await
        .unwrap();
    let (mut maker, mut right, mut wrong, mut ran) = (Maker::new(), 0, 0, 0);
    for round in 0..scaled(20_000, 2_000_000) {
        let (pairs, object) = (maker.pairs(), maker.json());
        for request in [Request::pairs(&pairs), Request::json(&object)] {
            let statement = match Row::query().apply(&LIST, &request) {
                Ok(statement) => statement,
                Err(errors) => {
                    check(&errors);
                    wrong += 1;
                    continue;
                }
            };
            let text = statement.text().unwrap();
            assert_eq!(strange(&text), Vec::<&str>::new(), "{text}");
            right += 1;
            if round % 40 == 0 {
                statement.fetch_all(&connection).await.unwrap();
                ran += 1;
            }
        }
    }
    println!("{right} right, {wrong} wrong, {ran} run");
    assert!(right > wrong / 100 && wrong > right / 100 && ran > 50, "{right} {wrong} {ran}");
    sql!("select id from canary").fetch_all::<(i32,)>(&connection).await.expect("it is still there");
}

#[tokio::test]
async fn a_hostile_text_as_a_value_finds_the_row_that_has_it() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create table texts(id int4, text text, count int8)").await.unwrap();
    let texts: Vec<String> = corpus().into_iter().filter(|text| text.len() <= 256).collect();
    let ids: Vec<i32> = (0..).take(texts.len()).collect();
    sql!("insert into texts select * from unnest({ids}::int4[], {texts}::text[])")
        .execute(&connection)
        .await
        .unwrap();
    for (id, text) in ids.iter().zip(&texts).step_by(scaled(7, 1)) {
        for operator in ["eq", "contains", "any_of"] {
            let pairs = [(format!("filter[text][{operator}]"), text.clone())];
            let object = match operator {
                "any_of" => json!({"filter": {"text": {operator: [text]}}}),
                _ => json!({"filter": {"text": {operator: text}}}),
            };
            for request in [Request::pairs(&pairs), Request::json(&object)] {
                let statement = Row::select((t::id,)).apply(&LIST, &request).unwrap();
                let found = statement.fetch_all(&connection).await.unwrap();
                assert!(found.contains(&(*id,)), "{operator} {text:?}");
            }
        }
    }
}
