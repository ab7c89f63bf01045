//! What it costs to build a statement beside one that is a literal, without a server: `building literal|built COUNT`.
//!
//! `valgrind --tool=callgrind target/release/examples/building built 100000` counts instructions; what lies between two
//! counts is free of start and end.

use std::hint::black_box;
use std::time::Instant;

use pgkeel_query::connect::{Error, TypedParam};
use pgkeel_query::{Entity, Executor, sql};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

#[derive(Entity)]
#[pgkeel(table = "app.users", columns = u)]
struct User {
    #[pgkeel(id, generated)]
    id: i64,
    email: String,
    name: Option<String>,
    is_open: bool,
}

/// Runs nothing: what is left is what it takes to get here.
struct Nowhere;

impl Executor for Nowhere {
    type Error = Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        black_box((sql, params));
        Ok(Vec::new())
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        black_box((sql, params));
        Ok(0)
    }

    async fn batch_execute(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn query_typed(&self, _: &str, _: &[TypedParam<'_>]) -> Result<Vec<Row>, Error> {
        Ok(Vec::new())
    }

    async fn execute_typed(&self, _: &str, _: &[TypedParam<'_>]) -> Result<u64, Error> {
        Ok(0)
    }
}

async fn literal(id: i64) -> usize {
    let statement = sql!(
        r#"select "users"."id", "users"."email", "users"."name", "users"."is_open" from "app"."users" where ("users"."id" = {id})"#
    );
    statement.fetch_all::<User>(&Nowhere).await.map_or(0, |users| users.len())
}

async fn built(id: i64) -> usize {
    User::query().filter(u::id.eq(id)).fetch_all(&Nowhere).await.map_or(0, |users| users.len())
}

async fn listed(id: i64) -> usize {
    let since = black_box(Some("a"));
    let statement = User::query()
        .filter(u::id.any_of([id]) & !(u::name.is_null() | u::is_open.eq(true)))
        .and_if_some(since, |since| u::email.ge(since))
        .order_by((u::email.asc(), u::id.desc().nulls_last()))
        .limit(50);
    statement.fetch_all(&Nowhere).await.map_or(0, |users| users.len())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut words = std::env::args().skip(1);
    let kind = words.next().unwrap_or_default();
    let count: i64 = words.next().and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let begun = Instant::now();
    for id in 0..count {
        black_box(match kind.as_str() {
            "built" => built(black_box(id)).await,
            "listed" => listed(black_box(id)).await,
            _ => literal(black_box(id)).await,
        });
    }
    println!("{kind}: {:?} for each of {count}", begun.elapsed() / u32::try_from(count).unwrap_or(1));
    let _ = |user: User| (user.id, user.email, user.name, user.is_open);
}
