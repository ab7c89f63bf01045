//! Verbs that compare schemas with what files make of them.

use clap::{Arg, Command};

use super::options::{flag, markdown};
use super::verb;

pub(super) fn verify() -> Command {
    let about = "Say whether the schema is what the migrations that are applied make; only reads there";
    let examples = "\
Examples:
  migrate verify                       against migrations.lock if there is one, else against a shadow
  migrate verify --against=shadow      against the files, run anew in a database that is dropped
  migrate verify --markdown            for the comment on a change";
    let against = Arg::new("against")
        .long("against")
        .value_name("WHAT")
        .value_parser(["recorded", "lock", "shadow"])
        .help("What was recorded in the database, the lock file, or the files in a shadow database");
    verb("verify", about, examples).args([against, markdown()])
}

pub(super) fn test() -> Command {
    let about = "Prove the migrations in a shadow database: each up, down and up again, then the whole chain";
    let examples = "\
Examples:
  migrate test                         a line a file, and what differs after it
  migrate test --markdown              only what was found";
    verb("test", about, examples).arg(markdown())
}

pub(super) fn lock() -> Command {
    let about = "Write migrations.lock: what the schema is after each file, found out in a shadow database";
    let examples = "\
Examples:
  migrate lock                         after a new file, to be committed with it
  migrate lock --check                 for a pipeline: ends with 5 if it would be another";
    verb("lock", about, examples).arg(flag("check", "Write nothing, and exit with 5 if it would be another"))
}
