//! Tenants: each sees its own rows, as the database itself holds them apart by row-level security.
//!
//! Whose rows a transaction sees is said in the transaction, and ends with it: no session that goes back to a pool has it left. A
//! transaction that says nothing sees no row, and no row that it writes is taken: what was forgotten is closed, not open.
//!
//! 1. A migration turns it on: [`policy_sql`] writes the statements.
//! 2. The program connects as a role that neither owns the tables nor is a superuser, and [`verify()`] at its start tells what would
//!    leave a door open.
//! 3. Each transaction begins with [`enter`].
//!
//! ```
//! use pgkeel_query::connect::{Begin as _, Executor as _, Transaction};
//! use pgkeel_query::{Entity, Error, FromRow, NPlusOne, load_many, sql, tenant};
//!
//! #[derive(Debug, Entity)]
//! #[pgkeel(table = "app.users", columns = u, tenant = "tenant_id")]
//! struct User {
//!     #[pgkeel(id)]
//!     id: i64,
//!     tenant_id: i32,
//!     email: String,
//! }
//!
//! #[derive(Debug, Clone, Entity)]
//! #[pgkeel(table = "app.posts", columns = p)]
//! struct Post {
//!     #[pgkeel(id)]
//!     id: i64,
//!     user_id: i64,
//! }
//!
//! #[derive(Debug, PartialEq, FromRow)]
//! struct Count {
//!     n: i64,
//! }
//!
//! /// By `pool.transaction(|tx| async move { report(&tx, 7).await })`, for example.
//! async fn report(tx: &impl Transaction, tenant: i32) -> Result<(Vec<usize>, Count), Error> {
//!     tenant::enter(tx, &tenant).await?;
//!     let users = User::repo().list(tx, (), u::id.asc(), 100).await?; // No filter is forgotten, as none is needed.
//!     let posts = NPlusOne::above(1).refuse(load_many(&users, Post::by(p::user_id), tx)).await?;
//!     let count = sql!("select count(*) as n from app.users where email ~* {re}", re = "^a").fetch_one(tx).await?;
//!     Ok((posts.iter().map(Vec::len).collect(), count))
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let database = pgkeel_testkit::TestDatabase::empty().await;
//! # let mut db = database.connection().await;
//! # let tables = "create schema app; create table app.users(id int8 primary key, tenant_id int4 not null, email text not null);
//! #     create table app.posts(id int8 primary key, user_id int8 not null);
//! #     insert into app.users values (1, 7, 'Ann'), (2, 8, 'Abe'), (3, 7, 'Bob'); insert into app.posts values (1, 3), (2, 3)";
//! # db.batch_execute(tables).await?;
//! # db.batch_execute(&tenant::policy_sql::<User>()).await?;
//! # let role = format!("app_of_{}", database.address().database());
//! # let to_role = format!("create role {role}; grant usage on schema app to {role};
//! #     grant select on all tables in schema app to {role}; set session authorization {role}");
//! # db.batch_execute(&to_role).await?;
//! # assert!(tenant::verify(&db, &[User::FACTS]).await?.is_empty());
//! # let tx = db.begin().await?;
//! # assert_eq!(report(&tx, 7).await?, (vec![0, 2], Count { n: 1 }));
//! # Transaction::commit(tx).await?;
//! # assert_eq!(User::query().count(&db).await?, 0);
//! # let _ = |user: User, post: Post| (user.tenant_id, user.email, post.id, post.user_id);
//! # Ok(())
//! # }
//! ```
//!
//! It keeps forgotten filters from doing harm. It does not keep anybody who can run statements of their own from setting the
//! tenant: no SQL is to be taken from outside, here as elsewhere.

mod policy;
mod verify;

use std::fmt::Display;
use std::panic::Location;

use pgkeel_connect::{Executor as _, Transaction};

pub use self::policy::policy_sql;
pub use self::verify::{Finding, Gap, verify};

use crate::Error;

/// Until this transaction ends, the rows of this tenant are seen and written, and no others. Inside a savepoint it is undone with
/// that. It can be said again, for another tenant.
///
/// The tenant is written as text and read by the server as the type of the column: what `Display` says of a number, a text, a
/// `Uuid`. An empty text is no tenant, and sees nothing.
///
/// # Errors
/// What the executor says.
///
/// # Cancellation
/// It may or may not be said to the server; the transaction sees none but rows of this tenant, or what it saw before.
#[track_caller]
pub fn enter<X: Transaction>(
    tx: &X,
    tenant: &(impl Display + Sync + ?Sized),
) -> impl Future<Output = Result<(), Error>> + Send {
    let (tenant, site) = (tenant.to_string(), Location::caller());
    async move {
        let enter = "select pg_catalog.set_config('pgkeel.tenant', $1, true)";
        tx.called_at(site).execute(enter, &[&tenant]).await?;
        Ok(())
    }
}
