//! What does not go with a statement of several tables.

use pgkeel_query::{Alias, Entity, Filter, Select};
use pgkeel_query::relation::{coalesce, count, lower, max, sum, value};

#[derive(Entity)]
#[pgkeel(table = "users", columns = u)]
struct User {
    id: i64,
    name: Option<String>,
    team: Option<i64>,
    is_open: bool,
}

#[derive(Entity)]
#[pgkeel(table = "teams", columns = t)]
struct Team {
    id: i64,
    title: String,
}

#[derive(Entity)]
#[pgkeel(table = "posts", columns = p)]
struct Post {
    id: i64,
    title: String,
}

type Boss = Alias<User, 0>;
type Members<'a> = Select<'a, (User, Option<Team>), pgkeel_query::relation::Whole>;

fn members() -> Members<'static> {
    User::query().left_join::<Team>(u::team.eq_expr(t::id))
}

fn of_other_tables() {
    members().filter(p::id.eq(1));
    members().order_by(p::id.asc());
    members().select((u::id, p::title));
    members().group_by((p::title,));
    members().having(max(p::id).gt(1));
    members().filter(Boss::of(u::id).eq(1));
    User::select((u::id, max(p::id)));
    Boss::of(t::id);
    User::query().inner_join::<String>(u::team.eq_expr(t::id));
    User::select((u::id,)).inner_join::<Team>(u::team.eq_expr(t::id));
    let _: Filter<'_, User> = u::id.eq(1) | t::id.eq(1);
}

fn of_other_types(text: String) {
    sum(u::name);
    max(u::is_open);
    lower(u::id);
    count().eq("x");
    u::team.eq_expr(t::title);
    u::id.in_query(Team::select((t::title,)));
    u::id.plus(value("x"));
    u::name.plus(u::name);
    coalesce(u::name, value(1_i64));
    u::id.cast::<Vec<u8>>();
    u::id.named(text);
    value(u::id);
    count().over(u::id.asc());
    lower(u::name).filter(u::id.eq(1));
}

async fn read_as_what_they_are(client: &tokio_postgres::Client) {
    let _: Vec<(User, Team)> = members().fetch_all(client).await.unwrap();
    let _: Vec<(String,)> = members().select((t::title,)).fetch_all(client).await.unwrap();
    let _: Vec<(i64,)> = User::select((sum(u::team.cast::<i32>()),)).fetch_all(client).await.unwrap();
    User::select((u::id,)).union(Team::select((t::title,)));
}

fn main() {}
