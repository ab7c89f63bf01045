//! Verbs that change a database by files.

use clap::{Arg, Command, value_parser};

use super::options::{accept_destructive, either_end, flag, how_far, lock_wait, phase, running, version};
use super::verb;

pub(super) fn up() -> Command {
    let about = "Apply what is pending, each file in a transaction of its own or as it says itself, and repeatables that have \
                 changed behind it";
    let examples = "\
Examples:
  migrate up                           everything
  migrate up --to 20250317082000       no further than this version
  migrate up --phase expand            what a program that is being replaced can bear
  migrate up --dry-run                 on the database itself, rolled back
  migrate up --dry-run=shadow --json   in a database of its own that is dropped
  migrate up --accept-destructive      though a file may lose data and does not say so itself
  migrate up --pooler-safe             by way of PgBouncer in transaction mode
  migrate up --schema tenant_7         one tenant, in a schema of its own that is made if need be
  migrate up --each-schema 'tenant_*' --shared-schema public --jobs 8
  migrate up --schemas-from 'select schema_name from public.tenants where is_active'";
    let pooler_safe = flag(
        "pooler-safe",
        "Also through a pooler in transaction mode; files outside of a transaction, code, repeatables and hooks are refused there",
    );
    let more = [phase(), accept_destructive(), pooler_safe.conflicts_with("dry-run")];
    verb("up", about, examples).args(running()).args(how_far("Apply")).group(either_end()).args(more)
}

pub(super) fn down() -> Command {
    let about = "Revert the newest migrations by the .down.sql files beside them";
    let examples = "\
Examples:
  migrate down                         the newest one
  migrate down --steps 3               the newest three
  migrate down --to 20250317082000     everything above this version; 0 for everything
  migrate down --dry-run               tried, and rolled back";
    let edited = flag("accept-edited", "Also by files that were edited since the migration was applied");
    verb("down", about, examples).args(running()).args(how_far("Revert")).group(either_end()).arg(edited)
}

pub(super) fn redo() -> Command {
    let about = "Revert the newest migration and apply it again as the file is now";
    let examples = "\
Examples:
  migrate redo                         after each change to a file that is being written
  migrate redo --dry-run               does it go down and up again?";
    verb("redo", about, examples).args(running()).arg(accept_destructive())
}

pub(super) fn repair() -> Command {
    let about =
        "Say which statement comes next in a file that was stopped and whose first statements were edited";
    let examples = "\
Examples:
  migrate repair 20250317082000 --continue-at 1     all of them again
  migrate repair 20250317082000 --continue-at 3     the first two have taken effect";
    verb("repair", about, examples)
        .arg(Arg::new("version").value_name("VERSION").required(true).value_parser(version))
        .arg(
            Arg::new("continue-at")
                .long("continue-at")
                .value_name("N")
                .required(true)
                .value_parser(value_parser!(usize))
                .help("The next statement, from 1; one more than there are for none"),
        )
        .arg(lock_wait())
}
