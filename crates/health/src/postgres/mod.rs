//! What is watched here: a PostgreSQL, and the pools of this process in front of it.

mod database;
mod link;
mod pool;
mod trouble;

pub use self::database::DatabaseProbe;
pub(crate) use self::link::Link;
pub use self::pool::{PoolProbe, PoolWatch};
pub(crate) use self::trouble::slug;
