//! What a column does not go with.

use pgkeel_query::{Entity, Filter, NewRow};

#[derive(Entity)]
#[pgkeel(table = "users", columns = u)]
struct User {
    id: i64,
    name: Option<String>,
}

#[derive(Entity)]
#[pgkeel(table = "posts", columns = p)]
struct Post {
    id: i64,
    title: String,
}

#[derive(NewRow)]
#[pgkeel(entity = User, columns = u)]
struct OtherType {
    name: i32,
}

#[derive(NewRow)]
#[pgkeel(entity = User, columns = u)]
struct OtherField {
    nmae: String,
}

fn filters(since: Option<i64>) {
    u::id.eq("x");
    u::id.eq(1_i32);
    u::id.eq(since);
    u::name.eq(None::<&str>);
    u::id.is_null();
    u::id.contains("1");
    u::id.any_of(["x"]);
}

fn statements(order: String) {
    User::query().filter(p::id.eq(1));
    let _: Filter<'_, User> = u::id.eq(1) & p::id.eq(1);
    User::query().order_by(order);
    User::query().order_by(u::id);
    User::query().order_by(p::id.asc());
    User::select((u::id, p::title));
    User::select(u::id);
    User::update().set(u::id, None::<i64>);
    User::update().set_null(u::id);
    User::update().add(u::name, "x");
}

async fn without_a_filter(client: &tokio_postgres::Client) {
    User::delete().execute(client).await;
    User::update().set(u::id, 1).and_if_some(Some(1), |id| u::id.eq(id)).fetch_all(client).await;
}

fn main() {}
