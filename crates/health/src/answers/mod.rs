//! What each route says; one file a route, in the order of the route table.

mod advice;
mod check;
pub(crate) mod comprehensive;
mod cursor;
pub(crate) mod database;
mod facts;
pub(crate) mod legacy;
pub(crate) mod live;
pub(crate) mod metrics;
pub(crate) mod optimize;
pub(crate) mod overall;
mod parameters;
mod parts;
pub(crate) mod performance;
pub(crate) mod pool;
pub(crate) mod ready;
mod relations;
mod slow_client;
pub(crate) mod slow_queries;
pub(crate) mod statistics;
mod verdict;
