//! What each route says; one file a route, in the order of the route table.

mod check;
pub(crate) mod database;
pub(crate) mod legacy;
pub(crate) mod live;
pub(crate) mod metrics;
pub(crate) mod overall;
pub(crate) mod pool;
pub(crate) mod ready;
mod verdict;
