//! What a service answers to requests that cannot be, as JSON; no database is asked.
//!
//! `cargo run -p pgkeel-query --all-features --example answers`

#![expect(dead_code, reason = "only the columns and rules matter")]

use garde::Validate;
use pgkeel_query::input::{Caps, Request, check};
use pgkeel_query::{Entity, FieldErrors, FieldSet, fields};
use serde_json::json;

#[derive(Entity)]
#[pgkeel(table = "app.orders", columns = o)]
struct Order {
    #[pgkeel(id, generated)]
    id: i64,
    customer: String,
    total: i64,
    note: Option<String>,
}

static LIST: FieldSet<Order> = fields! {
    "id" => o::id [eq, any_of],
    "customer" => o::customer [eq, contains_ignore_case, sort],
    "total" => o::total [range, sort],
    "note" => o::note [contains, is_null],
}
.sorted_by(|| vec![o::id.desc()])
.capped(Caps::new().most_terms(8));

#[derive(Validate)]
struct NewOrder {
    #[garde(length(chars, min = 1, max = 40))]
    customer: String,
    #[garde(range(min = 1, max = 1_000_000))]
    total: i64,
}

fn main() {
    let pairs = [
        ("sort", "-total,custmer"),
        ("filter[total][ge]", "many"),
        ("filter[id][contains]", "7"),
        ("page", "3"),
    ];
    show("a query string", LIST.read(&Request::pairs(&pairs)).map(drop));
    let body = json!({ "filter": { "or": [{ "id": { "any_of": [1, "x"] } }, { "password": "x" }] } });
    show("a body", LIST.read(&Request::json(&body)).map(drop));
    show("a new row", check(&NewOrder { customer: String::new(), total: 0 }));
    let asked = LIST.read(&Request::pairs(&[("sort", "customer"), ("filter[note][is_null]", "true")]));
    println!("a good one: {asked:?}");
}

fn show(what: &str, checked: Result<(), FieldErrors>) {
    let Err(errors) = checked else { return };
    let body = serde_json::to_string_pretty(&errors.problem()).unwrap_or_default();
    println!("{what}: {} {body}\n", errors.status());
}
