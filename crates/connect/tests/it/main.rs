//! One connection against a real PostgreSQL. A module a behaviour.

mod begin;
mod close;
mod dial;
mod secrecy;
mod statements;
