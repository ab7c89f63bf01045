//! Every name is an argument or a variable, and every argument is used.

use pgkeel_query::sql;

fn main() {
    let id = 7;
    sql!("select {id}, {no_such}");
    sql!("select {id}", other = 1);
    sql!("select '{id}'", id = 1);
    sql!("select {id}", id = 1, id = 2);
    sql!("select {id}", id == 1);
    sql!("select {id}" id);
}
