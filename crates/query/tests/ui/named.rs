//! A name that is made at run time is no name for a statement, unless it was checked.

use pgkeel_query::{col, q};

fn main() {
    let user = String::from("users; drop table users");
    let _ = q(user.clone());
    let _ = q(format!("app.{user}"));
    let _ = q("users").select((user.clone(), "email"));
    let _ = q("users").select(vec![user.clone()]);
    let _ = q("users").select("id");
    let _ = q("users").filter(col(&user).eq(7_i32));
    let _ = q("users").filter("id = 7");
    let _ = q("users").order_by([user]);
}
