//! The health crate as its callers and their clients see it; only `postgres` needs a database.

mod answers;
mod client;
mod details;
mod exposition;
mod fakes;
mod hysteresis;
mod limits;
mod methods;
mod mount;
mod names;
mod postgres;
mod shutdown;
