//! The words of the attribute.

use pgkeel_query::FromRow;

#[derive(FromRow)]
#[pgkeel(rename_all = "snake")]
struct Case {
    id: i32,
}

#[derive(FromRow)]
#[pgkeel(renamed)]
struct Unknown {
    id: i32,
}

#[derive(FromRow)]
struct Field {
    #[pgkeel(renam = "key")]
    id: i32,
}

#[derive(FromRow)]
struct Ways {
    #[pgkeel(json, flatten)]
    id: i32,
}

#[derive(FromRow)]
struct Twice {
    #[pgkeel(rename = "a", rename = "b")]
    id: i32,
}

#[derive(FromRow)]
struct Inner {
    id: i32,
}

#[derive(FromRow)]
struct Flattened {
    #[pgkeel(flatten, default)]
    inner: Inner,
}

fn main() {}
