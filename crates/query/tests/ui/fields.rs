//! What users cannot be let ask for.

use pgkeel_query::{Entity, FieldSet, Json, fields};
use pgkeel_query::input::Request;

#[derive(Entity)]
#[pgkeel(table = "users", columns = u)]
struct User {
    id: i64,
    name: Option<String>,
    #[pgkeel(json)]
    prefs: Vec<i32>,
    scores: Vec<f64>,
}

#[derive(Entity)]
#[pgkeel(table = "posts", columns = p)]
struct Post {
    id: i64,
}

static OF_ANOTHER: FieldSet<User> = fields! { "id" => p::id [eq] };
static NO_TEXT: FieldSet<User> = fields! { "id" => u::id [contains] };
static NEVER_NULL: FieldSet<User> = fields! { "id" => u::id [is_null] };
static NO_VALUE: FieldSet<User> = fields! { "prefs" => u::prefs [eq] };
static NO_LIST: FieldSet<User> = fields! { "scores" => u::scores [sort, any_of] };
static NO_WORD: FieldSet<User> = fields! { "id" => u::id [like] };
static ORDER_OF_ANOTHER: FieldSet<User> = fields! { "id" => u::id [eq] }.sorted_by(|| vec![p::id.asc()]);
static POSTS: FieldSet<Post> = fields! { "id" => p::id [eq] };

fn asked(request: &Request<'_>) {
    let _ = User::query().apply(&POSTS, request);
}

fn from_a_user(order: String, column: &str) {
    User::query().order_by(order);
    User::query().order_by(column);
    User::query().order_by((u::id.asc(), column));
    User::query().distinct_on((column,));
    User::select((column,));
    User::query().filter(column);
}

fn main() {
    let _ = |prefs: Json<Vec<i32>>| prefs;
}
