//! Everything here runs a real PostgreSQL; a machine without one fails these tests.
#![cfg(unix)]

mod fetching;
mod finding;
mod ground;
mod guest;
mod majors;
mod mirror;
mod private;
mod recovery;
mod scratch;
mod scratch_life;
mod sharing;
mod sql;
