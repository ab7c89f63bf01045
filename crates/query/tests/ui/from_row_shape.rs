//! Rows are read into structs with named fields that own what they have.

use pgkeel_query::FromRow;

#[derive(FromRow)]
struct Tuple(i32);

#[derive(FromRow)]
struct Unit;

#[derive(FromRow)]
enum Choice {
    One,
}

#[derive(FromRow)]
struct Borrowed<'a> {
    name: &'a str,
}

fn main() {}
