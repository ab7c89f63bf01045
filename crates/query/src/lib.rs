//! Statements: values held against the server's types, SQL that is a literal or built of typed columns, rows as structs.
//!
//! Opens no connection, and a transaction only for `stream_from`; keeps nothing but texts of statements, runs nothing again: it
//! works on any [`Executor`], be it a pool, a session, a transaction or a client of the driver.
//!
//! Here are the names of every day; those that are needed now and then are in a module each:
//!
//! | to | read | besides |
//! |---|---|---|
//! | write a statement as text | [`sql!`], [`AuditedSql`], [`FromRow`] for its rows | [`row`] |
//! | have tables as structs | [`Entity`], [`Column`], [`NewRow`] | [`entity`] |
//! | build a statement | [`Select`], [`Insert`], [`Update`], [`Delete`], [`Filter`]; by names alone: [`q`] | [`statement`] |
//! | join tables, and compute | [`Select::left_join`], [`Expr`], [`Alias`] | [`relation`]: `count`, `sum`, `lower`, `exists`, … |
//! | read many rows | [`Select::page`], `Select::keyset` (feature `cursor`), [`Select::stream`], [`Select::in_batches`] | [`page`], [`stream`] |
//! | do day by day work | [`Repository`], [`load_many`], [`NPlusOne`] | [`repository`] |
//! | hold tenants apart | [`tenant::enter`] | [`tenant`] |
//! | take filters, orders and values of users | [`FieldSet`], [`Constraints`], [`FieldErrors`] | [`input`] |
//! | seal values before they are sent (feature `sealed`) | `Sealer`, `#[pgkeel(sealed(…))]` | `sealed` |
//! | bind values of your own types | [`Bind`], [`BindType`] | [`bind`] |
//! | rotate the keys of sealed columns | `rotation::Rotation` (feature `rotation`) | `rotation` |
//!
//! What is kept of all these are [`StatementTexts`]; what goes wrong is an [`Error`]. [`Ident`] and [`Table`] are names that are made
//! at run time.
//!
//! ```
//! use pgkeel_query::connect::Executor;
//! use pgkeel_query::{Error, FromRow, sql};
//!
//! #[derive(FromRow)]
//! struct User {
//!     id: i64,
//!     email: String,
//! }
//!
//! async fn rename(database: &impl Executor, id: i64, name: &str) -> Result<User, Error> {
//!     sql!("update users set name = {name} where id = {id} returning id, email").fetch_one(database).await
//! }
//! # let _ = |user: User| (user.id, user.email);
//! ```
//!
//! What a caller may or may not ask for is put together:
//! ```
//! use pgkeel_query::connect::Executor;
//! use pgkeel_query::{Entity, Error};
//!
//! #[derive(Entity)]
//! #[pgkeel(table = "app.users", columns = u)]
//! struct User {
//!     #[pgkeel(id, generated)]
//!     id: i64,
//!     name: Option<String>,
//!     visits: i32,
//! }
//!
//! async fn found(database: &impl Executor, name: Option<&str>, ids: &[i64]) -> Result<Vec<User>, Error> {
//!     let statement = User::query()
//!         .and_if_some(name, |name| u::name.contains(name))
//!         .filter(u::id.any_of(ids) & !u::visits.eq(0))
//!         .order_by((u::visits.desc(), u::id.asc()))
//!         .limit(10);
//!     statement.fetch_all(database).await
//! }
//!
//! async fn user(database: &impl Executor, id: i64) -> Result<Option<User>, Error> {
//!     User::query().filter(u::id.eq(id)).fetch_opt(database).await
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let database = pgkeel_testkit::TestDatabase::empty().await;
//! # let db = database.connection().await;
//! # let table = "create schema app; create table app.users(id int8 primary key, name text, visits int4 not null);
//! #     insert into app.users values (1, 'Ann', 3), (2, 'Bob', 0), (3, 'Joanna', 5), (4, 'Anne', 9)";
//! # db.batch_execute(table).await?;
//! # let ids: Vec<i64> = found(&db, Some("nn"), &[1, 2, 3]).await?.iter().map(|user| user.id).collect();
//! # assert_eq!(ids, [3, 1]);
//! # assert_eq!(found(&db, None, &[]).await?.len(), 0);
//! # assert_eq!(user(&db, 2).await?.map(|user| (user.name, user.visits)), Some((Some("Bob".to_owned()), 0)));
//! # Ok(())
//! # }
//! ```
//!
//! Tables are joined, and what is computed of their columns has the types that the server has for it:
//! ```
//! use pgkeel_query::connect::Executor;
//! use pgkeel_query::{Entity, Error};
//! use pgkeel_query::relation::{count_of, named};
//!
//! #[derive(Entity)]
//! #[pgkeel(table = "app.teams", columns = t)]
//! struct Team {
//!     id: i64,
//!     name: String,
//! }
//!
//! #[derive(Entity)]
//! #[pgkeel(table = "app.users", columns = u)]
//! struct User {
//!     id: i64,
//!     team: Option<i64>,
//! }
//!
//! async fn members(database: &impl Executor) -> Result<Vec<(String, i64)>, Error> {
//!     let teams = Team::query().left_join::<User>(u::team.eq_expr(t::id));
//!     let counted = teams.select((t::name, count_of(u::id).named("members"))).group_by((t::id, t::name));
//!     counted.order_by(named("members").desc()).fetch_all(database).await
//! }
//!
//! async fn all(database: &impl Executor) -> Result<Vec<(User, Option<Team>)>, Error> {
//!     User::query().left_join::<Team>(u::team.eq_expr(t::id)).fetch_all(database).await
//! }
//! # let _ = |user: User, team: Team| (user.id, user.team, team.id, team.name);
//! ```
//!
//! A repository of one's own, in three steps: the table, what is known of a new row, and what is asked for, in words of the program.
//! ```
//! use pgkeel_query::connect::Executor;
//! use pgkeel_query::{Entity, Error, NewRow, Repository, Select};
//!
//! #[derive(Debug, Clone, Entity)] // 1. Its words say what its rows can do.
//! #[pgkeel(table = "tickets", columns = t, version = "version")]
//! struct Ticket {
//!     #[pgkeel(id, generated)]
//!     id: i64,
//!     title: String,
//!     is_open: bool,
//!     version: i32,
//! }
//!
//! #[derive(NewRow)] // 2.
//! #[pgkeel(entity = Ticket, columns = t)]
//! struct NewTicket<'a> {
//!     title: &'a str,
//! }
//!
//! trait Tickets {
//!     fn open<'a>(self, about: &str) -> Select<'a, Ticket>;
//! }
//!
//! impl Tickets for Repository<Ticket> {
//!     fn open<'a>(self, about: &str) -> Select<'a, Ticket> { // 3. A statement to go on with.
//!         self.query().filter(t::is_open.eq(true) & t::title.contains(about)).order_by(t::id.asc())
//!     }
//! }
//!
//! async fn close(db: &impl Executor, about: &str) -> Result<(), Error> {
//!     for ticket in Ticket::repo().open(about).limit(50).fetch_all(db).await? {
//!         ticket.change().set(t::is_open, false).save(db).await?; // `Error::Conflict` if somebody was faster.
//!     }
//!     Ok(())
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let database = pgkeel_testkit::TestDatabase::empty().await;
//! # let db = database.connection().await;
//! # let table = "create table tickets(id int8 generated always as identity primary key, title text not null,
//! #     is_open bool not null default true, version int4 not null default 1)";
//! # db.batch_execute(table).await?;
//! # Ticket::repo().insert(&db, &NewTicket { title: "no heating" }).await?;
//! # close(&db, "heat").await?;
//! # let closed = Ticket::repo().get_or_err(&db, 1).await?;
//! # assert_eq!((closed.id, closed.title.as_str(), closed.is_open, closed.version), (1, "no heating", false, 2));
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! - A value is sent as what it is, or as a wider type that has it exactly; else it is an error that names the parameter, both
//!   types and what mends it, before a byte is sent, and the connection goes on.
//! - The text of a statement is a literal, or is built of literals and names that were checked and quoted when the program was
//!   compiled, or when the text was built, or carries the reason why it is none of these. The text does not depend on values,
//!   and of the same parts it is built once.
//! - A column of a table that a statement does not have does not compile, or is an error before a byte is sent.
//! - An update or delete that is built has a filter or says that all rows are meant, or does not compile.
//! - A call of a repository is one statement, but for what belongs to more than 10 000 rows, and for the columns of a unique
//!   violation, which may be asked for behind it.
//! - A value is read as what it is, or is an error that names row, field, column and both types.
//! - What is wrong with the columns of a statement is told at once, with struct, field, column and types.
//! - A cursor that is not one of ours, made for this very statement, is refused before anything is sent.
//! - What a user may name is listed; all that is wrong with what one sends is told at once, with what is allowed.
//! - No value of a parameter or a row is in any `Debug`, error or event of `tracing`.
//!
//! # Columns that change their type
//! A connection has the types of parameters told anew for each run, and a text that is made at run time brings them along; but a
//! pool keeps statements, with the types that their parameters had. If a column gets another type meanwhile (`alter table …
//! type`), the pool prepares a statement anew whose value does not fit any more, and one that the server refuses, and runs it once
//! more where nothing of it is left; in an open transaction it fails, and goes through in the next. What the server can assign
//! (`int4` to `text`, `float8` to `float4`) it converts until the session is replaced, as it would convert `$1::int4`.
//!
//! # Values and panics
//! A panic in the code that writes or reads a value, of your types or of a crate's, is caught and told as an error without
//! what it said, and the session goes on. But Rust calls the panic hook of the process before anything can be caught, and
//! the default hook prints to standard error what the panic says, which may be the value. The hook belongs to the program, and
//! other threads may panic meanwhile, so nothing here changes it. Where values must not get into that output, let types
//! give back errors in place of panics, or set a hook (`std::panic::set_hook`) that prints the place alone.
//!
//! # Features
//! - `tls` (on by default): TLS by rustls.
//! - `uuid`, `chrono`, `json`, `decimal`: values and fields of the crates uuid, chrono, `serde_json` and `rust_decimal`.
//! - `cursor`: pages behind cursors, which are encrypted by ring with the caller's key.
//! - `explain`: [plans](explain) of statements.
//! - `sealed`: columns whose values the program seals and opens, by pgkeel-crypto.
//! - `rotation`: [keys of sealed columns](rotation) are rotated, verified and retired.
//! - `garde`: values held against the rules of the crate garde, as [`FieldErrors`].

mod few;
mod sql;
pub mod bind;
mod param;
pub mod row;
mod table;
pub mod entity;
pub mod statement;
pub mod relation;
pub mod page;
pub mod stream;
pub mod repository;
mod repeats;
#[cfg(feature = "sealed")]
pub mod sealed;
pub mod tenant;
pub mod input;
mod error;
#[cfg(feature = "explain")]
pub mod explain;
#[cfg(feature = "rotation")]
pub mod rotation;
#[doc(hidden)]
pub mod __macro;

/// The crate below: connections and the traits that run statements.
pub use pgkeel_connect as connect;
pub use pgkeel_connect::{BadIdent, DatabaseError, Executor, Ident, Type};
/// What serde writes and reads, as a parameter or a column of `json` or `jsonb`.
///
/// What serde makes of a value is stored. A float in it that is NaN or infinite does not fit
/// ([`NotFinite`](bind::MisfitReason::NotFinite)): JSON has no number for it, and `serde_json` by itself would write `null`, as it
/// does when it makes a `serde_json::Value`.
#[cfg(feature = "json")]
pub use tokio_postgres::types::Json;

#[doc(inline)]
pub use self::bind::{Bind, BindType};
#[doc(inline)]
pub use self::entity::{Column, Entity};
pub use self::error::{Error, Failure};
#[doc(inline)]
pub use self::input::{Constraints, FieldErrors, FieldSet, Rejected};
#[doc(inline)]
pub use self::page::{CountMode, Page, PageRequest};
#[cfg(feature = "cursor")]
#[doc(inline)]
pub use self::page::{CursorKeys, Edges, KeysetRequest};
#[doc(inline)]
pub use self::relation::{Alias, Expr};
pub use self::repeats::{NPlusOne, Repeated};
#[doc(inline)]
pub use self::repository::{Repository, load_by_key, load_many, load_one};
#[doc(inline)]
pub use self::row::FromRow;
pub use self::sql::{AuditedRuns, AuditedSql, Sql};
#[doc(inline)]
pub use self::statement::{
    Delete, Filter, Insert, NewRow, Order, OrderBy, Select, StatementTexts, Update, col, q,
};
pub use self::table::Table;

/// A statement with its values, as [`Sql`]: takes a string literal and nothing else.
///
/// `{name}` takes the argument of that name, or else the variable in scope, by reference. A name that is used twice is the
/// same parameter. In strings, quoted names, dollar quotes and comments braces are text.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Error, sql};
///
/// async fn found(database: &impl Executor, ids: &[i64], word: &str) -> Result<i64, Error> {
///     let found = sql!(
///         "select count(*) from users where id = any({ids}) and email ~* {re} and tags <> '{}'",
///         re = format!("^{word}@"),
///     );
///     assert_eq!(found.text(), "select count(*) from users where id = any($1) and email ~* $2 and tags <> '{}'");
///     found.scalar(database).await
/// }
/// ```
///
/// A text that is no literal does not compile:
/// ```compile_fail
/// let name = "Robert'); drop table students; --";
/// let statement = pgkeel_query::sql!(format!("insert into students(name) values ('{name}')"));
/// ```
pub use pgkeel_macros::sql;

/// The fields that users may filter and sort by, as a [`FieldSet`]: each a name, a column and what may be asked of it.
///
/// Beside the [operators](input::Request), `range` is `lt`, `le`, `gt` and `ge`; with `sort` rows can be ordered by the field. Parts are
/// of columns of text, and `is_null` of those that may be NULL: anything else does not compile.
///
/// ```
/// # use pgkeel_query::{Entity, FieldSet, fields};
/// # use pgkeel_query::input::Caps;
/// # #[derive(Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { id: i64, name: Option<String>, visits: i32 }
/// static LIST: FieldSet<User> = fields! {
///     "id" => u::id [eq, any_of],
///     "name" => u::name [eq, contains, starts_with, is_null, sort],
///     "visits" => u::visits [eq, range, sort],
/// }
/// .sorted_by(|| vec![u::visits.desc(), u::id.asc()])
/// .capped(Caps::new().most_terms(8));
/// # assert!(format!("{LIST:?}").contains("starts_with"));
/// ```
///
/// ```compile_fail,E0277
/// # use pgkeel_query::{Entity, FieldSet, fields};
/// # #[derive(Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { id: i64 }
/// static LIST: FieldSet<User> = fields! { "id" => u::id [contains] };
/// ```
#[macro_export]
macro_rules! fields {
    ($($name:literal => $column:path [$($word:ident),+ $(,)?]),* $(,)?) => {
        $crate::__macro::listed(const { &[$($crate::__macro::Offer::of($name, $column)$(.$word())+.done()),*] })
    };
}

pub use pgkeel_macros::{Entity, FromRow, NewRow};
