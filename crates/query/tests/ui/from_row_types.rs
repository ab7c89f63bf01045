//! A field has a type that can be read.

use pgkeel_query::{Executor, FromRow, sql};

struct Own;

#[derive(FromRow)]
struct Plain {
    own: Own,
}

#[derive(FromRow)]
struct Flat {
    #[pgkeel(flatten)]
    own: Own,
}

#[derive(FromRow)]
struct Converted {
    #[pgkeel(try_from = "i32")]
    own: Own,
}

async fn rows(database: &impl Executor) {
    let _ = sql!("select 1").fetch_all::<Own>(database).await;
    let _ = sql!("select 1").fetch_all::<i32>(database).await;
    let _ = sql!("select 1").scalar::<Own>(database).await;
}

fn main() {}
