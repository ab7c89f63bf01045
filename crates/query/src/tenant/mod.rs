//! Tenants: each sees its own rows, as the database itself holds them apart by row-level security.
//!
//! Whose rows a transaction sees is said in the transaction, and ends with it: no session that goes back to a pool has it left. A
//! transaction that says nothing sees no row, and no row that it writes is taken: what was forgotten is closed, not open.
//!
//! 1. A migration turns it on: [`policy_sql`] writes the statements.
//! 2. The program connects as a role that neither owns the tables nor is a superuser, and [`verify`] at its start tells what would
//!    leave a door open.
//! 3. Each transaction begins with [`enter`].
//!
//! ```
//! use pgkeel_query::connect::Transaction;
//! use pgkeel_query::{Entity, Error, tenant};
//!
//! #[derive(Debug, Entity)]
//! #[pgkeel(table = "app.notes", columns = n, tenant = "tenant_id")]
//! struct Note {
//!     #[pgkeel(id)]
//!     id: i64,
//!     tenant_id: i32,
//!     word: String,
//! }
//!
//! /// Of `pool.transaction(|tx| notes_of(tx, 7))`, for example.
//! async fn notes_of(tx: impl Transaction, tenant: i32) -> Result<Vec<Note>, Error> {
//!     tenant::enter(&tx, &tenant).await?;
//!     Note::repo().list(&tx, (), n::id.asc(), 100).await // No filter is forgotten, as none is needed.
//! }
//! # let _ = |note: Note| (note.tenant_id, note.word);
//! ```
//!
//! It keeps forgotten filters from doing harm. It does not keep anybody who can run statements of their own from setting the
//! tenant: no SQL is to be taken from outside, here as elsewhere.

mod policy;
mod verify;

use std::fmt::Display;

use pgkeel_connect::Transaction;

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
pub async fn enter<X: Transaction>(tx: &X, tenant: &(impl Display + Sync + ?Sized)) -> Result<(), Error> {
    let tenant = tenant.to_string();
    tx.execute("select pg_catalog.set_config('pgkeel.tenant', $1, true)", &[&tenant]).await?;
    Ok(())
}
