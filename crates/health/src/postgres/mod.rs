//! What is watched here: a PostgreSQL, and the pools of this process in front of it.

mod database;
mod pool;
mod trouble;

pub use self::database::DatabaseProbe;
pub use self::pool::{PoolProbe, PoolWatch};
