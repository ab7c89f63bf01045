use pgkeel_query::connect::Executor;
use pgkeel_query::{Entity, KeysetRequest, PageRequest};

#[derive(Entity)]
#[pgkeel(table = "users", columns = u)]
struct User {
    #[pgkeel(id)]
    id: i64,
}

async fn a_stream_outside_of_a_transaction(database: &impl Executor) {
    let _ = User::query().stream(database, 10).await;
}

fn cursors_without_keys() {
    let _ = User::query().keyset(KeysetRequest::first(10));
}

fn a_page_before_the_first() {
    let _ = User::query().page(PageRequest::offset(-1, 10));
}

fn main() {}
