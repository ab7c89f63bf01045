//! What is done on the database, one file after the other.

mod backfill;
mod blocker;
mod code;
mod concurrent_index;
mod context;
mod course;
pub(crate) mod engine;
mod failure;
mod job;
mod lock;
mod one_by_one;
mod pooler;
mod rehearsal;
mod report;
mod retry;
mod runner;
pub(crate) mod session;
mod step;
mod stop;
mod suitable;
mod table_size;
mod transaction;
mod turns;
mod verify;
mod turn;
mod watch;

pub use self::blocker::Blocker;
pub use self::code::MigrationTx;
pub use self::failure::{FileError, Reason, Stays};
pub use self::lock::LockHolder;
pub use self::rehearsal::DryRun;
pub use self::report::{Backfilled, Done, Event, IndexProgress, Report};
pub use self::step::Step;
pub use self::stop::Stop;
pub use self::suitable::Unsuitable;

pub(crate) use self::context::Context;
pub(crate) use self::job::Job;
pub(crate) use self::lock::{Attempt, Lock, Patience};
pub(crate) use self::rehearsal::rehearse;
pub(crate) use self::runner::Runner;
pub(crate) use self::session::Limits;
pub(crate) use self::suitable::check as check_connection;
pub(crate) use self::turn::{Attempts, CLEAN};
pub(crate) use self::watch::Watch;
