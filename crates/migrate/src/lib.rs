//! Schema migrations: SQL files applied once each, in order, by one of many starters.
//!
//! Does not go down, does not run what cannot run in a transaction (CREATE INDEX CONCURRENTLY), does not guess: what
//! files and database disagree on is refused and named. Neither of the first two is there yet.
//!
//! Read [`Migrations`] for what files are taken, [`Migrator`] for what is done with them, [`Status`] and [`Error`]
//! for what there is to learn. Underneath, refinery verifies and orders; the history is its table, in a schema
//! `pgkeel`.
//!
//! ```no_run
//! use pgkeel_connect::Config;
//! use pgkeel_migrate::{Migrations, Migrator};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let migrations = Migrations::from_dir("migrations")?;
//! let report = Migrator::new(Config::from_env()?, migrations).up().await?;
//! for done in report.applied {
//!     println!("{} took {:?}", done.migration, done.took);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! - Nothing runs while any file is in conflict with the history or cannot be a migration.
//! - A file and its row in the history are committed together or not at all, while this session holds the lock.
//! - A file does the same alone and after others: each finds the session as new.
//! - Every wait has a bound, and its error names the step.
//! - No DETAIL of the server, which quotes rows, is in an error.
//!
//! # Features
//! - `cli`: the verbs `up`, `status` and `new` for a program's command line, with output and exit codes.

mod file_name;
mod text;
mod statements;
mod unfit;
mod migration;
mod migrations;
mod template;
mod conflict;
mod status;
mod report;
mod migrator;
mod session;
mod lock;
mod history;
mod engine;
mod transaction;
mod failure;
mod step;
mod wording;
mod error;
mod snapshot;
mod difference;
mod lock_file;
mod shadow;
mod proof;
mod drift;
mod verify_error;
#[cfg(feature = "cli")]
pub mod cli;

pub use self::conflict::Conflict;
pub use self::difference::{Difference, Differences};
pub use self::drift::{Against, Verification, Verifier};
pub use self::error::Error;
pub use self::lock::LockHolder;
pub use self::lock_file::{LockConflict, LockEntry, LockFile, LockProblem};
pub use self::migration::{Migration, MigrationProblem};
pub use self::migrations::Migrations;
pub use self::migrator::Migrator;
pub use self::proof::{Chain, ChainProof, Finding, Link, Proof, Prover, StepProof};
pub use self::report::{Done, Event, Report};
pub use self::shadow::Shadow;
pub use self::snapshot::{
    Aspect, BadFingerprint, BadPattern, BadScope, BadSnapshot, Fingerprint, Object, Pattern, Scope, Snapshot,
};
pub use self::status::{Applied, Status};
pub use self::step::Step;
pub use self::template::create;
pub use self::text::Location;
pub use self::unfit::{Unfit, UnfitReason};
pub use self::verify_error::{VerifyError, VerifyStep};
