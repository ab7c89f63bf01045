//! What a sealed column cannot do, and what to do instead.

use pgkeel_query::relation::{count, lower, max, min};
use pgkeel_query::sealed::{Sealed, Sealer};
use pgkeel_query::{Entity, FieldSet, NewRow, fields};

#[derive(Entity)]
#[pgkeel(table = "users", columns = u)]
struct User {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(context = "users.email", index(column = "email_bidx")))]
    email: Sealed<String>,
    #[pgkeel(sealed(context = "users.note"))]
    note: Option<Sealed<String>>,
    name: String,
}

#[derive(NewRow)]
#[pgkeel(entity = User, columns = u)]
struct EnvelopeOfAnother<'a> {
    email: &'a Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "posts", columns = p)]
struct Post {
    id: i64,
}

static LISTED: FieldSet<User> = fields! { "email" => u::email [sort] };
static FOUND: FieldSet<User> = fields! { "email" => u::email [eq] };

fn compared(value: Sealed<String>) {
    u::email.eq("ann@example.org");
    u::email.eq(value);
    u::note.ne("tea");
    u::note.same_as(Some("tea"));
    u::email.lt("b");
    u::email.between("a", "b");
    u::email.any_of(["ann@example.org"]);
    u::email.contains("ann");
    u::email.like_pattern("ann%");
    u::email.eq_column(u::email);
    u::email.eq_expr(u::email);
    lower(u::email);
}

fn ordered() {
    User::query().order_by(u::email.asc());
    User::query().order_by(u::note.desc().nulls_last());
    User::query().order_by(u::email.named("e").desc());
    User::select((min(u::email), max(u::note), count()));
}

fn set(row: &User, value: Sealed<String>) {
    User::update().set(u::email, "eve@example.org");
    User::insert().set(u::email, value);
    User::insert().set(u::email, 7);
    User::insert().set(u::email, None::<&str>);
    row.change().set(u::note, 7_i64);
    User::update().add(u::email, "x");
}

fn opened(sealer: &Sealer, row: &User, post: &Post) {
    let _ = sealer.open(row, u::name);
    let _ = sealer.open(post, p::id);
    let _ = sealer.open(post, u::email);
    let _ = sealer.lookup(u::email, 7_i64);
    let _ = User::repo().sealed_by(sealer);
    let _ = Post::repo().sealed_by(sealer);
}

fn main() {}
