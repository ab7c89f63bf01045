//! One server: its data directory, settings, socket and log, its start, and the watchdog that ends it.

pub(crate) mod initdb;
pub(crate) mod log;
pub(crate) mod pidfile;
pub(crate) mod settings;
pub(crate) mod socket;
pub(crate) mod startup;
pub(crate) mod watchdog;
