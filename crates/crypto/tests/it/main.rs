//! Sealed values, their keys and their indexes, as programs see them. A module a behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod fixture;
mod golden;
mod hostile;
mod binding;
mod nonces;
mod batches;
mod allocations;
mod reload;
mod specs;
mod keyrings;
mod sources;
mod secrecy;
mod index;
mod vectors;
mod cavp;
mod misuse;
