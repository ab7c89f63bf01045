//! The health crate as its callers and their clients see it; `figures`, `postgres`, `slow`
//! and `statistics` need a database.

mod answers;
mod client;
mod details;
mod exposition;
mod fakes;
mod figures;
mod hysteresis;
mod limits;
mod methods;
mod mount;
mod names;
mod postgres;
mod shutdown;
mod slow;
mod statistics;
