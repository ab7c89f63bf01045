//! What is watched here: a PostgreSQL, and the pools of this process in front of it.

mod database;
mod link;
mod pool;
mod trouble;

pub(crate) use self::link::Link;
pub(crate) use self::trouble::slug;
pub use self::database::DatabaseProbe;
pub use self::pool::{PoolProbe, PoolWatch};
