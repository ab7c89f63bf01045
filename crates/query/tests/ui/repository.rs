//! What the words of an entity do not say its repository cannot do.

use pgkeel_query::connect::Connection;
use pgkeel_query::{Entity, load_many, tenant};

#[derive(Clone, Entity)]
#[pgkeel(table = "plain")]
struct Plain {
    word: String,
}

#[derive(Clone, Entity)]
#[pgkeel(table = "users")]
struct User {
    #[pgkeel(id)]
    id: i64,
    name: String,
}

#[derive(Clone, Entity)]
#[pgkeel(table = "posts")]
struct Post {
    #[pgkeel(id)]
    id: i64,
    user_id: i32,
}

#[derive(Entity)]
#[pgkeel(table = "lines")]
struct Line {
    #[pgkeel(id)]
    order: i64,
    #[pgkeel(id)]
    place: i64,
}

#[derive(Entity)]
#[pgkeel(table = "counted", version = "version")]
struct Counted {
    #[pgkeel(try_from = "i32")]
    version: i64,
}

async fn wrong(db: &Connection, user: User, plain: Plain, users: &[User], lines: &[Line]) {
    let _ = User::repo().restore(db, 7);
    let _ = User::repo().with_deleted();
    let _ = User::repo().delete_row(db, &user);
    let _ = Plain::repo().get(db, 7);
    let _ = plain.change();
    let _ = User::repo().get(db, "seven");
    let _ = User::repo().count(db, post::id.eq(7));
    let _ = user.change().set(post::id, 7);
    let _ = load_many(users, Post::by(post::user_id), db);
    let _ = load_many(lines, Post::by(post::id), db);
    let _ = tenant::policy_sql::<User>();
    let _ = tenant::enter(db, &7);
}

fn main() {}
