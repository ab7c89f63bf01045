//! Names that users could not write, or that two fields have.

use pgkeel_query::{Entity, FieldSet, fields};
use pgkeel_query::input::Caps;

#[derive(Entity)]
#[pgkeel(table = "users", columns = u)]
struct User {
    id: i64,
}

static TWICE: FieldSet<User> = fields! { "id" => u::id [eq], "id" => u::id [sort] };
static WORD: FieldSet<User> = fields! { "and" => u::id [eq] };
static EMPTY: FieldSet<User> = fields! { "" => u::id [eq] };
static MINUS: FieldSet<User> = fields! { "-id" => u::id [sort] };
static COMMA: FieldSet<User> = fields! { "i,d" => u::id [sort] };
static DEEP: FieldSet<User> = fields! { "id" => u::id [eq] }.capped(Caps::new().most_depth(33));

fn main() {}
