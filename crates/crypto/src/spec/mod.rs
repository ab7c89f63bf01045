//! Columns and indexes that are described at run time: read from a table or a file, by programs that do not have the types of
//! the values.

mod column;
mod index;
mod problem;
mod shape;

pub use self::column::ColumnSpec;
pub use self::index::IndexSpec;
pub use self::problem::BadSpec;
pub(crate) use self::shape::{ColumnShape, IndexShape};
