//! Measuring by turns: who comes first in which round, and what may be concluded of the rounds.

mod interval;
mod limit;
mod order;

pub use self::interval::Interval;
pub use self::limit::Limit;
pub use self::order::order;
