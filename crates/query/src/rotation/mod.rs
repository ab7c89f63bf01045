//! Keys of sealed columns: rotated while the application works, verified, and retired once nothing needs them.
//!
//! For programs of operators, and for whoever applies migrations. It runs on any [`Executor`](crate::Executor); the tables that it needs are
//! [`MIGRATIONS`], to be applied with the application's own. It never makes or changes tables.
//!
//! # To rotate a key
//! 0. Publish all sealed columns, so that none is forgotten: programs do it at their start ([`publish_registered`]), or a file
//!    describes them ([`publish()`], [`from_toml`]).
//! 1. Add the new key to the keyring of every instance, with state `decrypt`, and deploy. That all have it shows in
//!    [`Vault::keys`](pgkeel_crypto::Vault::keys) of each.
//! 2. Make it `primary`, and the old one `decrypt`; deploy. From now on nothing is sealed under the old key.
//! 3. Run [`Rotation`] for each column, by as many workers as it takes. They can be killed, paused and resumed ([`pause`], [`resume`],
//!    [`cancel`]); [`rotations`] tells how far they are, [`failures`] which rows do not open.
//! 4. [`verify()`] each column, quickly or in full, and see what [`usage()`] has left under the old key.
//! 5. [`retire()`] the old key: it refuses while a cell of any published column names it. Then set its state to `disabled`, and keep its
//!    secret in escrow for as long as there are backups that need it.
//!
//! # To rotate a key of indexes
//! 1. Add the new key to the keyring of every instance, with state `lookup`, and deploy. Lookups ask for all keys from then on.
//! 2. Make it `primary`, and the old one `lookup`; deploy.
//! 3. Run [`Rotation::of_index`] for each index that is not unique, and what follows for each that is.
//! 4. Set the old key's state to `disabled`, once all of them have finished. Which key a value was made under is not in it, so no
//!    count can tell.
//!
//! # To rotate the key of a unique index
//! One unique index cannot keep out the same value under two keys. So there is a second column for a while, with a unique index of
//! its own, and each is under one key. All instances are at one step before the next one begins; until step 5 each can be taken back.
//! 1. Add the new key to the keyring of every instance, with state `lookup`. Add a column (`email_bidx2 bytea`) and
//!    `create unique index concurrently` on it.
//! 2. Deploy a program that writes both, and keeps the first under the old key; its keyring has the new key as `primary`, and the old
//!    one as `lookup`. It reads the first. Programs from before may still run: the first column keeps the same value out of both. What they change
//!    leaves the second as it was, which may keep out a value that is free until the next step has ended.
//! 3. Once all instances write both, publish both, and fill the second column by [`Rotation::of_index`]: also what a program from before has
//!    left as it was. No row may be [left](unindexed), and none have failed as a [duplicate](FailureClass::Duplicate).
//! 4. Deploy a program that reads the second, and writes both. From now on the second column is what keeps the same value out.
//! 5. `alter column email_bidx drop not null`, and deploy a program that writes the second alone.
//! 6. Drop the first column, publish the sealed column without it, and set the old key's state to `disabled`.
//!
//! What an entity says of each step; lookups and conflicts are by the first index that it names:
//! ```
//! use pgkeel_query::sealed::crypto::KeyId;
//! use pgkeel_query::sealed::{Sealed, Sealer, Vault};
//! use pgkeel_query::{Entity, Error};
//!
//! mod both {
//! #   use super::*;
//!     /// Of steps 2 and 3. Before, it is the same without the second index.
//!     #[derive(Entity)]
//!     #[pgkeel(table = "app.users", columns = u)]
//!     pub struct User {
//!         #[pgkeel(id, generated)]
//!         id: i64,
//!         #[pgkeel(sealed(
//!             context = "app.users.email",
//!             index(column = "email_bidx", normalize = "email", unique),
//!             index(column = "email_bidx2", normalize = "email", unique)
//!         ))]
//!         email: Sealed<String>,
//!     }
//!
//!     /// Of steps 2 to 4. Which key is the old one is a setting, as keyrings are.
//!     pub fn sealer(vault: Vault, old: KeyId) -> Result<Sealer, Error> {
//!         Sealer::new(vault).index_kept_under(u::email, "email_bidx", old)
//!     }
//! #   fn read(user: &User) { let _ = (&user.id, &user.email); }
//! }
//!
//! mod switched {
//! #   use super::*;
//!     /// Of step 4: the second one is in front. Its sealer is the same.
//!     #[derive(Entity)]
//!     #[pgkeel(table = "app.users", columns = u)]
//!     pub struct User {
//!         #[pgkeel(id, generated)]
//!         id: i64,
//!         #[pgkeel(sealed(
//!             context = "app.users.email",
//!             index(column = "email_bidx2", normalize = "email", unique),
//!             index(column = "email_bidx", normalize = "email", unique)
//!         ))]
//!         email: Sealed<String>,
//!     }
//! #   pub fn sealer(vault: Vault, old: KeyId) -> Result<Sealer, Error> {
//! #       Sealer::new(vault).index_kept_under(u::email, "email_bidx", old)
//! #   }
//! #   fn read(user: &User) { let _ = (&user.id, &user.email); }
//! }
//!
//! mod through {
//! #   use super::*;
//!     /// From step 5 on.
//!     #[derive(Entity)]
//!     #[pgkeel(table = "app.users", columns = u)]
//!     pub struct User {
//!         #[pgkeel(id, generated)]
//!         id: i64,
//!         #[pgkeel(sealed(context = "app.users.email", index(column = "email_bidx2", normalize = "email", unique)))]
//!         email: Sealed<String>,
//!     }
//!
//!     pub fn sealer(vault: Vault) -> Sealer {
//!         Sealer::new(vault)
//!     }
//! #   fn read(user: &User) { let _ = (&user.id, &user.email); }
//! }
//! # fn main() {}
//! ```
//!
//! While both columns are there:
//! - An `on_conflict` by one of them may be told of a unique violation of the other, if the same value is inserted at the same moment:
//!   run it again.
//! - A program from before that publishes its columns at its start takes back that there is a second index: publish again.
//! - Nothing is adopted: that writes every index under the primary key.
//!
//! Without entities, [`Vault::index_under`](pgkeel_crypto::Vault::index_under) makes what the first column has, and
//! [`Vault::index`](pgkeel_crypto::Vault::index) what the second one has.
//!
//! # To seal a column that has plaintext
//! 1. Add the sealed column, and those of its indexes, under a name of its own; publish it. Its field is an `Option` until all rows have
//!    a sealed value, so that [`ddl`](crate::sealed::ddl()) lets the columns be NULL.
//! 2. Deploy a program that writes both, in one statement (an entity with both columns, of which each is given the value), and reads the
//!    plaintext.
//! 3. Once all instances do, run [`Rotation::adopting`]: it seals what is not sealed yet. [`adoption`] tells what is left.
//! 4. Deploy a program that reads what is sealed, and still writes both.
//! 5. Deploy a program that writes what is sealed, and NULL as plaintext, which may not be `not null` any more.
//! 6. Once all instances do, run [`Rotation::clearing`]: it empties the plaintext where what is sealed is the same. A row that differs stays
//!    as it is, and is told of: if the plaintext is right, set what is sealed to NULL, and adopt it anew.
//! 7. If there is to be a value in each row, `alter table … alter column … set not null` for the sealed column and its indexes, and the
//!    field is an `Option` no more.
//! 8. Once [`adoption`] tells of no plaintext, deploy a program that does not know the column, and drop it. Rows from before are in
//!    the table's files until it is rewritten (`vacuum full`). Backups and the write-ahead log from before have plaintext too.
//!
//! # How it works
//! Rows are gone through by the primary key, in ranges that are cut off as workers come for them; a worker has a range for as long as it is
//! heard of. A batch is read without a lock, opened and sealed in the worker, and written by one statement that changes only cells
//! that are as they were read; how far the range is, and all counts, are part of it. So what the application writes meanwhile stays,
//! whatever is lost is done again, and done twice it changes nothing. A pass over the table that finds nothing more ends it. What reads
//! plaintext compares the version of the row (`xmin`) instead, so that no plaintext is sent back. A column has one rotation at a time.
//!
//! # What it needs
//! `select` on the table and `update` on the columns that are written; `select`, `insert`, `update` and `delete` on the tables of [`MIGRATIONS`]; a primary key of
//! integers, uuid, text, varchar or bytea; and that row-level security hides nothing from the role. Triggers of the table fire, as
//! values are changed by plain updates. Rows that do not open are left as they are, and told of by their primary key. Values of slow
//! indexes are computed on the thread that polls the worker, 16 at a time.
//!
//! Large tables are counted faster with an index, to be dropped afterwards:
//! `create index concurrently on users (id) where substring(email from 1 for 8) <> '\x…'`, with the header that is current.

mod batch;
mod bound;
mod cells;
mod class;
mod column;

mod document;
mod inspect;
mod job;
mod key;
mod missing;
mod pace;
mod patience;
mod plaintext;
mod plan;
mod problem;
mod progress;
mod publish;
mod range;
mod rate;
mod retire;
mod rotate;
mod state;
mod task;
mod usage;
mod verify;
mod worker;

pub use self::class::FailureClass;
pub use self::column::{SealedColumn, SealedIndex};
pub use self::document::from_toml;
pub use self::key::RowKey;
pub use self::missing::{Adoption, adoption, unindexed};
pub use self::problem::{DescriptionProblem, RetireProblem, RotationProblem, Step, TableProblem};
pub use self::progress::{Counts, Progress};
pub use self::publish::{Published, publish, publish_registered, published, withdraw};
pub use self::retire::{Retired, retire};
pub use self::rotate::Rotation;
pub use self::state::{
    RotationState, RotationStatus, RowFailure, cancel, failures, newest_rotations, pause, resume, rotations,
};
pub use self::task::RotationTask;
pub use self::usage::{Usage, usage};
pub use self::verify::{Depth, Verification, verify};

/// The files of migrations that make the tables, by name with their texts, as `pgkeel_migrate::Migrations::from_static` takes them.
pub const MIGRATIONS: [(&str, &str); 2] = [
    (
        "V20261123070000__sealed_columns.sql",
        include_str!("../../migrations/sealed/V20261123070000__sealed_columns.sql"),
    ),
    (
        "V20261123070000__sealed_columns.down.sql",
        include_str!("../../migrations/sealed/V20261123070000__sealed_columns.down.sql"),
    ),
];
