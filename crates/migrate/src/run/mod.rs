//! What is done on the database, one file after the other.

mod blocker;
mod code;
mod concurrent_index;
pub(crate) mod engine;
mod failure;
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
mod stopping;
mod suitable;
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
pub use self::report::{Done, Event, IndexProgress, Report};
pub use self::step::Step;
pub use self::stop::Stop;
pub use self::suitable::Unsuitable;

pub(crate) use self::lock::{Attempt, Lock, Patience};
pub(crate) use self::rehearsal::rehearse;
pub(crate) use self::runner::{Context, Job, Runner};
pub(crate) use self::session::Limits;
pub(crate) use self::stopping::cancelling;
pub(crate) use self::suitable::{check as check_connection, check_roles};
pub(crate) use self::turn::{Attempts, CLEAN};
pub(crate) use self::watch::Watch;
