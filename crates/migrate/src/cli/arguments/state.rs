//! Verbs that say where a database stands.

use clap::Command;

use super::options::{accept_destructive, either_end, flag, how_far, phase, times};
use super::verb;

pub(super) fn status() -> Command {
    let about = "Say what is applied, what is pending and what is in conflict; only reads";
    let examples = "\
Examples:
  migrate status                       a line a migration
  migrate status --check               for a pipeline: ends with 3 if something is pending or due
  migrate status --each-schema 'tenant_*'   a line a tenant, and how many are at which version";
    verb("status", about, examples)
        .arg(flag("check", "Exit with 3 if something is pending, or a repeatable due"))
}

pub(super) fn plan() -> Command {
    let about = "Say what up, or down, would run; only reads";
    let examples = "\
Examples:
  migrate plan                         the files, and how each would run
  migrate plan --sql > release.sql     a script for psql that does the same and records it
  migrate plan --down --steps 2        what would be reverted";
    let of_down = flag("down", "What down would run");
    let sql = flag("sql", "Print the statements, those that record them included");
    verb("plan", about, examples).args(times()).args(how_far("Plan")).group(either_end()).args([
        of_down,
        sql,
        phase(),
        accept_destructive(),
    ])
}

pub(super) fn lock_info() -> Command {
    let about = "Say who is applying or reverting migrations right now; only reads";
    verb("lock-info", about, "Examples:\n  migrate lock-info --json")
}
