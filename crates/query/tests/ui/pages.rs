use pgkeel_query::connect::Executor;
use pgkeel_query::{CursorKeys, Entity, KeysetRequest, PageRequest, col};

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

fn pages_behind_a_row_of_combined_statements(cursors: &CursorKeys) {
    let ids = || User::select((u::id,)).union(User::select((u::id,)));
    let _ = ids().keyset(cursors, KeysetRequest::first(10));
    let _ = ids().in_batches(10);
}

fn a_column_by_name_alone_among_those_of_tables() {
    let _ = User::query().filter(col("id").eq(7_i64));
    let _ = User::query().filter(col("id").eq(7_i64).joined());
}

fn main() {}
