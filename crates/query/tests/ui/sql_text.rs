//! The text is a literal, and everything in braces has a name.

use pgkeel_query::sql;

const TEXT: &str = "select 1";

fn main() {
    let table = "users";
    let id = 7;
    sql!();
    sql!(TEXT);
    sql!(table);
    sql!(format!("select * from {table}"));
    sql!(&format!("select * from {table}"));
    sql!(include_str!("sql_text.rs"));
    sql!(concat!("select ", "1"));
    sql!(b"select 1");
    sql!("select " + table);
    sql!("select $1", id);
    sql!("select * from users where id = $1", id = id);
    sql!("select {}", id);
    sql!("select {0}");
    sql!("select {id");
    sql!("select id}");
    sql!("select {{id}}");
    sql!("select '{id}");
    sql!("select id{id}");
    sql!("select {type}");
}
