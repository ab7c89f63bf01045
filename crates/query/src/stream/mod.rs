//! Many rows, few of them in memory at a time: of one snapshot, or batch by batch.

mod names;
mod reader;
mod rows;
mod open;
mod batches;

pub use self::batches::{BatchPosition, Batches};
pub use self::rows::Rows;
