//! A name that is borrowed of what a user said does not live as long as the program.

use pgkeel_query::{col, q};

fn main() {
    let user = String::from("users; drop table users");
    let _ = q(user.as_str());
    let _ = q("users").select((user.as_str(), "email"));
    let _ = q("users").filter(col(&*user).eq(7_i32));
}
