//! One connection against a real PostgreSQL. A module a behaviour.

mod address;
mod begin;
mod cancel;
mod close;
mod dial;
mod hosts;
mod listener;
mod notices;
mod passwords;
#[cfg(unix)]
mod peer;
mod secrecy;
mod settings;
mod statements;
#[cfg(feature = "tls")]
mod tls;
mod typed;
