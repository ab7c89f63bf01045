//! What the binary does, one file a verb.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod serve;
