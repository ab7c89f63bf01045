//! Running again what has certainly had no effect, when the cause may pass.
//!
//! Which that is depends on how far it had come (`verdict.rs`); how often and how fast, on the policy and on what all
//! callers of the pool do (`budget.rs`).

mod policy;
mod budget;
mod verdict;
mod attempts;
mod transaction;
mod retrying;
mod idempotent;

pub(crate) use self::budget::Budget;
pub use self::idempotent::Retryable;
pub use self::policy::RetryPolicy;
pub use self::retrying::Retrying;
