//! `pgkeel keys`: from the first key to one that is retired, by commands alone.

mod adoption;
mod metrics;
mod operator;
mod procedure;
mod refused;
mod secrets;
mod steering;
mod unique_index;
