//! What a user can type.

mod changes;
mod files;
mod looks;
mod options;
mod proofs;
mod state;

use clap::Command;

use self::options::{directory, json};
use super::tenants::{in_schema, in_schemas};
use super::{adoption, exit::CODES};

pub(super) use self::options::{flag, lock_wait, no_record, revision, version};

/// The command `migrate` with its verbs, to be hung below a program's own command or used as it is.
#[must_use]
pub fn command() -> Command {
    let verbs = [
        in_schemas(changes::up()),
        in_schemas(changes::down()),
        in_schemas(changes::redo()),
        in_schemas(state::status()),
        in_schemas(state::plan()),
        files::validate(),
        files::new(),
        files::lint(),
        in_schemas(proofs::verify())
            .mut_arg("markdown", |markdown| markdown.conflicts_with_all(["each-schema", "schemas-from"])),
        proofs::test(),
        proofs::lock(),
        super::squash::command(),
        in_schema(state::lock_info()),
        in_schemas(changes::repair()),
        in_schemas(adoption::baseline_command()),
        in_schemas(adoption::mark_command()),
        in_schema(adoption::import_command()),
        looks::wait(),
        looks::snapshot(),
        looks::diff(),
        looks::doctor(),
    ];
    Command::new("migrate")
        .about(
            "Apply the SQL files in a directory, once each and in order, revert them, or say what is applied",
        )
        .after_help(format!("{FILES}\n\n{DIRECTIVES}\n\n{CODES}"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(verbs)
}

const FILES: &str = "\
Files in the directory:
  V<version>__<name>.sql               applied once, in the order of versions
  V<version>__<name>.down.sql          undoes it
  V<version>__<name>.verify.sql        queries that must not answer false, 0, null or no row behind it; else it is rolled back;
                                       of a repeatable R__<name>.verify.sql
  B<version>__<name>.sql               in place of all up to its version, on an empty database only: see migrate squash
  R__<name>.sql                        applied behind all of these, again whenever its text has changed: views, functions
  before_run.sql, after_run.sql        first and last in each run that has something to do
  README.md, migrations.lock           see migrate lock";

const DIRECTIVES: &str = "\
Comments at the top of a file say how it is run:
  -- pgkeel: transaction=off           statement by statement, for CREATE INDEX CONCURRENTLY and its like
  -- pgkeel: backfill batch=5000 pause=50ms
                                       its one statement again and again, each time in a transaction of its own, until it
                                       changes no row; its LIMIT is current_setting('pgkeel.batch')::bigint;
                                       max_batches=20000 has it given up behind so many
  -- pgkeel: lock_timeout=2s statement_timeout=15min retries=3
  -- pgkeel: role=owner                as whom
  -- pgkeel: precheck=\"select …\"      what has to be true first
  -- pgkeel: requires=V20250101000000  what has to be applied before; in a repeatable R__… instead
  -- pgkeel: out_of_order=yes          also behind files with higher versions
  -- pgkeel: phase=contract            not with up --phase expand
  -- pgkeel: irreversible=\"why\"       there is no way back
  -- pgkeel: destructive=accepted      it may drop what holds data, and change or delete all rows";

pub(super) fn verb(name: &'static str, about: &'static str, examples: &'static str) -> Command {
    Command::new(name).about(about).after_help(format!("{examples}\n\n{CODES}")).args([directory(), json()])
}
