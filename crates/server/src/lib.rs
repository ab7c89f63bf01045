//! The `pgkeel` binary, put together: nothing but wiring.
//!
//! Decides nothing that a library could decide. Read `cli` for what a user can type, `settings` for what can be
//! configured, then `commands`, one file a verb. `database` is the choice between a named PostgreSQL and the private
//! one, `demo` what `--demo` adds, `migrations` what `--migrations-dir` adds to readiness.
//!
//! # Invariants
//! - Wrong settings end it with exit code 2 before a socket is opened, all of them in one message.
//! - It leaves nothing behind: no server process, no lock, no port.

mod cli;
mod settings;
mod database;
mod demo;
mod migrations;
mod rotations;
mod logging;
mod signals;
mod failure;
mod commands;

use std::process::ExitCode;

use crate::cli::{Invocation, Verb};

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Does what the command line asks for. The exit code is 0 if all went well, 1 if something failed or is unhealthy,
/// 2 if a setting or the command line is wrong.
#[must_use]
pub fn run() -> ExitCode {
    let invocation = match Invocation::parse() {
        Ok(invocation) => invocation,
        Err(shown) => return shown.show(),
    };
    let done = match &invocation.verb {
        Verb::Serve => commands::serve::run(&invocation.flags),
        Verb::Check { json } => commands::check::run(&invocation.flags, *json),
        Verb::Config { json } => commands::config::run(&invocation.flags, *json),
        Verb::Keys(words) => commands::keys::run(&invocation.flags, words),
        Verb::Migrate(words) => commands::migrate::run(&invocation.flags, words),
    };
    done.unwrap_or_else(|failure| failure.report())
}
