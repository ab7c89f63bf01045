//! What is watched here: a PostgreSQL, and the pools of this process in front of it.

mod database;
mod link;
mod pool;
mod pool_watch;
mod pool_metrics;
mod statement_metrics;
mod trouble;

pub use self::database::DatabaseProbe;
pub(crate) use self::link::Link;
pub use self::pool::PoolProbe;
pub use self::pool_watch::PoolWatch;
pub(crate) use self::trouble::slug;
