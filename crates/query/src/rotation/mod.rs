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
//! # How it works
//! Rows are gone through by the primary key, in ranges that are cut off as workers come for them; a worker has a range for as long as it is
//! heard of. A batch is read without a lock, opened and sealed in the worker, and written by one statement that changes only cells
//! that are as they were read; how far the range is, and all counts, are part of it. So what the application writes meanwhile stays,
//! whatever is lost is done again, and done twice it changes nothing. A pass over the table that finds nothing more ends it.
//!
//! # What it needs
//! `select` on the table and `update` on the column; `select`, `insert`, `update` and `delete` on the tables of [`MIGRATIONS`]; a primary key of
//! integers, uuid, text, varchar or bytea; and that row-level security hides nothing from the role. Triggers of the table fire, as
//! values are changed by plain updates. Rows that do not open are left as they are, and told of by their primary key.
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
mod pace;
mod patience;
mod problem;
mod progress;
mod publish;
mod retire;
mod rotate;
mod state;
mod usage;
mod verify;
mod worker;

pub use self::class::FailureClass;
pub use self::column::{SealedColumn, SealedIndex};
pub use self::document::from_toml;
pub use self::key::RowKey;
pub use self::problem::{RotationProblem, Step};
pub use self::progress::{Counts, Progress};
pub use self::publish::{Published, publish, publish_registered, published, withdraw};
pub use self::retire::{Retired, retire};
pub use self::rotate::Rotation;
pub use self::state::{
    RotationState, RotationStatus, RowFailure, cancel, failures, pause, resume, rotations,
};
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
