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
//! its own, and each is under one key.
//! 1. Add a column (`email_bidx2 bytea`) and `create unique index concurrently` on it. Publish it as another index of the sealed column.
//! 2. Deploy a program that writes both: the old column by [`Vault::index_under`](pgkeel_crypto::Vault::index_under) with the old key,
//!    the new one by [`Vault::index`](pgkeel_crypto::Vault::index); its keyring has the new key as `primary`, and the old one as `lookup`.
//!    It reads the old column, also by `index_under`. Programs from before may still run: the old column keeps the same value out of both.
//!    What they change leaves the new column as it was, which may keep out a value that is free until the next step has ended.
//! 3. Once all instances write both, fill the new column by [`Rotation::of_index`]: also what a program from before has left as it was.
//!    No row may be [left](unindexed), and none have failed as a [duplicate](FailureClass::Duplicate).
//! 4. Deploy a program that reads the new column, and writes both. From now on the new column is what keeps the same value out.
//! 5. Deploy a program that writes the new column alone; the old one may not be `not null` any more.
//! 6. Drop the old column, publish the sealed column without it, and set the old key's state to `disabled`.
//!
//! # To seal a column that has plaintext
//! 1. Add the sealed column, and those of its indexes; publish it.
//! 2. Deploy a program that writes both, in one statement, and reads the plaintext.
//! 3. Once all instances do, run [`Rotation::adopting`]: it seals what is not sealed yet. [`adoption`] tells what is left.
//! 4. Deploy a program that reads what is sealed, and still writes both.
//! 5. Deploy a program that writes what is sealed, and NULL as plaintext, which may not be `not null` any more.
//! 6. Once all instances do, run [`Rotation::clearing`]: it empties the plaintext where what is sealed is the same. A row that differs stays
//!    as it is, and is told of: if the plaintext is right, set what is sealed to NULL, and adopt it anew.
//! 7. Once [`adoption`] tells of no plaintext, deploy a program that does not know the column, and drop it. Rows from before are in
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
    RotationState, RotationStatus, RowFailure, cancel, failures, pause, resume, rotations,
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
