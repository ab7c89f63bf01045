//! A statement borrows its values.

use pgkeel_query::{Sql, sql};

fn escapes() -> Sql<'static> {
    let id = 7;
    sql!("select {id}")
}

fn main() {
    let _ = escapes();
}
