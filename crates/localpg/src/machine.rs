//! What the machine offers: a user, directories, binaries, processes, locks and time.

pub(crate) mod account;
pub(crate) mod base;
pub(crate) mod binaries;
pub(crate) mod lock;
pub(crate) mod platform;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod run;
pub(crate) mod wait;
