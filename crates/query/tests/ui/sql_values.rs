//! Only what has a place in the server's types is a value.

use std::collections::HashMap;

use pgkeel_query::sql;

struct Own;

fn main() {
    let (own, map, size) = (Own, HashMap::<i32, i32>::new(), 7_usize);
    sql!("select {own}");
    sql!("select {own}", own = Own);
    sql!("select {map}");
    sql!("select {size}");
    sql!("select {huge}", huge = 1_i128);
    sql!("select {list}", list = vec![Some(Own)]);
}
