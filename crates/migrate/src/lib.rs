//! Schema migrations: SQL files applied once each, in order, by one of many starters, and reverted again.
//!
//! Does not guess: what files and database disagree on is refused and named.
//!
//! Read [`Migrations`] for what files are taken, [`Code`] for what is none, and [`Directives`] for what they may say about
//! themselves, [`Migrator`] for what is done with them, [`Status`] and [`Error`] for what there is to learn. Inside,
//! `files` needs no database, `state` holds files against it, `run` changes it. Underneath, refinery names, sums up and
//! orders files, and its table, in a schema `pgkeel`, is the history of what is applied; beside it `pgkeel.migration_log`
//! has what happened, one row an event.
//!
//! What the files make of a schema is another matter: a [`Snapshot`] is a schema in writing, [`Verifier`] holds a database
//! against what it should be, [`Prover`] tries the files and their ways back in a [`Shadow`], and [`LockFile`] keeps what came
//! of it beside the files. [`Squasher`] makes one file of many for databases that are still empty. [`Gate`] is for the
//! service that works on the database and tells its readiness: pending, drifted, newer, interrupted, or ready. [`Doctor`]
//! is for who looks after it: what is wrong, and what helps?
//!
//! [`Tenants`] has the same migrations applied for many tenants, each with a schema and a history of its own.
//!
//! A database that others have made goes on without running anything again: [`ToolFiles`] turns another tool's files into ours,
//! [`Migrator::import`] takes its history over, [`Migrator::baseline`] does without one.
//!
//! ```no_run
//! use pgkeel_connect::Config;
//! use pgkeel_migrate::{Migrations, Migrator};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let migrations = Migrations::from_dir("migrations")?;
//! let report = Migrator::new(Config::from_env()?, migrations).up().await?;
//! for done in report.done {
//!     println!("{} took {:?}", done.migration, done.took);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! - No statement of a file that is to be applied may lose data, as far as that can be told from it, unless the file or the
//!   caller accepts it.
//! - Nothing runs while any file is in conflict with the history or cannot be a migration.
//! - A file and its row in the history are committed together or not at all, while this session holds the lock. Of a file
//!   that runs outside of a transaction this holds for each statement that can be in one, and its row in the log; an index
//!   that was built concurrently is looked at before that is done again.
//! - A backfill commits each batch by itself, while this session holds the lock, and has a row in the history only behind a batch
//!   that changed nothing. It goes on from wherever it was stopped, as its statement leaves out what is done.
//! - A checkpoint and a row of the history for each version that it lists are committed together or not at all, and only where
//!   nothing is applied, whole or in part.
//! - A repeatable and the record of its text are committed together or not at all, too; so one that was stopped is due.
//! - What a `.verify.sql` says holds behind each file that was applied, and asking it changed nothing.
//! - No row of the log is changed or removed.
//! - A file does the same alone and after others: each finds the session as new.
//! - What is asked besides files is answered by functions, operators and types of the server itself, whatever the search path
//!   finds first.
//! - Every wait has a bound, and its error names the step.
//! - No DETAIL of the server, which quotes rows, is in an error.
//!
//! # Features
//! - `lint`: a `Linter` for files, with the crates of squawk.
//! - `cli`: the verbs for a program's command line, with output and exit codes.

mod files;
mod code;
mod destructive;
#[cfg(feature = "lint")]
mod lint;
mod state;
mod run;
mod migrator;
mod adopt;
mod tenants;
mod wording;
mod hex;
mod error;
mod snapshot;
mod difference;
mod lock_file;
mod shadow;
mod proof;
mod squash;
mod drift;
mod gate;
mod doctor;
mod verify_error;
#[cfg(feature = "cli")]
pub mod cli;

pub use self::adopt::{
    Baseline, ConvertedFile, ImportFrom, ImportProblem, Imported, MarkProblem, Marked, Tool, ToolFiles,
    UnknownTool,
};
pub use self::code::{Code, CodeError, CodeFuture};
pub use self::destructive::{Destructive, Loss};
pub use self::difference::{Difference, Differences};
pub use self::doctor::{Complaint, Diagnosis, Doctor};
pub use self::drift::{Against, Verification, Verifier};
pub use self::error::Error;
pub use self::files::{
    Backfill, Directives, Kind, Location, Migration, MigrationProblem, Migrations, Phase, Squashed, Template,
    Unfit, UnfitReason, embed,
};
pub use self::gate::{Gate, Readiness, SchemaCheck, Until};
#[cfg(feature = "lint")]
pub use self::lint::{LintEdit, LintFinding, LintFix, LintLevel, LintReport, Linter};
pub use self::lock_file::{LockConflict, LockEntry, LockFile, LockProblem, LockRepeatables};
pub use self::migrator::Migrator;
pub use self::proof::{ChainProof, CheckpointProof, Finding, Proof, Prover, RepeatablesProof, StepProof};
pub use self::run::{
    Backfilled, Blocker, Done, DryRun, Event, FileError, IndexProgress, LockHolder, MigrationTx, Reason,
    Report, Stays, Step, Stop, Unsuitable,
};
pub use self::shadow::Shadow;
pub use self::snapshot::{
    Aspect, BadFingerprint, BadPattern, BadScope, BadSnapshot, Fingerprint, Object, Pattern, Scope, Snapshot,
};
pub use self::squash::{Checkpoint, Removal, SquashProblem, Squasher};
pub use self::state::{
    Applied, Back, BadTenant, Conflict, Direction, Interrupted, Library, Plan, PlannedFile, Repeated, Status,
    Target, Tenant,
};
pub use self::tenants::{TenantEvent, Tenants, TenantsReport};
pub use self::verify_error::{VerifyError, VerifyStep};
