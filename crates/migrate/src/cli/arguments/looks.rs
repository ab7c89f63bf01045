//! Verbs that look at a database without its files' history: is it there, what is in it, is it well?

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};

use super::options::{flag, markdown, time};
use super::verb;
use crate::cli::schemas::Side;

pub(super) fn wait() -> Command {
    let about = "Wait until the server accepts connections, or until all files are applied; only reads";
    let examples = "\
Examples:
  migrate wait                         for a script that starts the server
  migrate wait --applied --timeout 5m  for a service that another one migrates for";
    verb("wait", about, examples).args([
        flag("applied", "Until nothing is pending, in conflict or stopped half-way"),
        time("timeout", "Longest wait", "60s"),
    ])
}

pub(super) fn snapshot() -> Command {
    let about =
        "Write down the schema of the database: a line an attribute, the same for equal schemas; only reads";
    let examples = "\
Examples:
  migrate snapshot                     to standard output
  migrate snapshot --output a.schema   for migrate diff
  migrate snapshot --json              an object an element";
    let output = Arg::new("output").long("output").value_name("FILE").value_parser(value_parser!(PathBuf));
    verb("snapshot", about, examples).arg(output.help("Write it there instead, for migrate diff"))
}

pub(super) fn diff() -> Command {
    let about = "Say in what one schema differs from another; ends with 5 if it does; only reads";
    let examples = "\
Examples:
  migrate diff files database                     what is in the database, and not of the migrations
  migrate diff a.schema database                  what has changed since migrate snapshot --output a.schema
  migrate diff postgresql://app@staging/shop database --markdown";
    let side = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).value_name(value).required(true).value_parser(Side::parse).help(help)
    };
    verb("diff", about, examples).args([
        side(
            "expected",
            "EXPECTED",
            "database, files, a file of migrate snapshot, or the address of a database",
        ),
        side("found", "FOUND", "The same"),
        markdown(),
    ])
}

pub(super) fn doctor() -> Command {
    let about = "Say what is wrong with the database and what helps: invalid indexes, missing rights, poolers, …; only reads";
    let examples = "\
Examples:
  migrate doctor                       the worst first, each with its remedy
  migrate doctor --json                for a program; the exit code is that of the worst";
    verb("doctor", about, examples)
}
