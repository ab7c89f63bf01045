//! What a user can type for them.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use crate::Tool;
use crate::cli::arguments::{flag, lock_wait, no_record, revision, verb, version};

pub(in crate::cli) fn baseline() -> Command {
    let about = "Record migrations as applied in a database that has their schema already; runs nothing";
    let examples = "\
The schema has to be what the files make, by migrations.lock or a shadow database; if it is not, all that differs is named.

Examples:
  migrate baseline                     all files
  migrate baseline --to 20250317082000 what is above this version stays pending
  migrate baseline --dry-run           only compared";
    let to = Arg::new("to").long("to").value_name("VERSION").value_parser(version);
    verb("baseline", about, examples).arg(to.help("Record up to this version [default: the newest]")).args([
        accept_different(),
        dry_run(),
        lock_wait(),
        revision(),
        no_record(),
    ])
}

pub(in crate::cli) fn mark() -> Command {
    let about = "Put versions into the history, or take them out, after doing by hand what their files do; runs nothing";
    let examples = "\
Examples:
  migrate mark applied 20250317082000 --reason 'built by hand at night'
  migrate mark reverted 7 8 --reason 'dropped with the old shop'";
    let direction = Arg::new("as").value_name("AS").required(true).value_parser(["applied", "reverted"]);
    let versions =
        Arg::new("versions").value_name("VERSION").required(true).num_args(1..).value_parser(version);
    let reason = Arg::new("reason").long("reason").value_name("TEXT").required(true).value_parser(said);
    verb("mark", about, examples)
        .args([direction.help("What they count as from now on"), versions.help("Which, in any order")])
        .arg(reason.help("Why, for the log"))
        .args([dry_run(), lock_wait(), revision(), no_record()])
}

pub(in crate::cli) fn import() -> Command {
    let about =
        "Take over files and history of another tool: nothing is run, and nothing of the tool's is changed";
    let examples = "\
With --into, --dir has the tool's files, which are turned into ours: statements stay as they are, a line on top says \
where each came from. Without, --dir has files of ours. Then what the tool's table says is applied is recorded, once its checksums have been compared.

Examples:
  migrate import --from sqlx --dir old --into migrations     files and history
  migrate import --from sqlx --verify                        the history of another database
  migrate import --from goose --dir old --into new --files-only
  migrate import --from refinery                             files stay as they are";
    let from = Arg::new("from").long("from").value_name("TOOL").required(true);
    let from = from.value_parser(PossibleValuesParser::new(Tool::ALL.map(Tool::name)));
    let into = Arg::new("into").long("into").value_name("DIRECTORY").value_parser(value_parser!(PathBuf));
    let table = Arg::new("table").long("table").value_name("NAME").conflicts_with("files-only");
    verb("import", about, examples)
        .args([
            from.help("Whose"),
            into.help("Write the files there; none is overwritten"),
            flag("files-only", "Leave the history alone").requires("into"),
            table.help("The tool's table [default: as the tool calls it]"),
            flag("verify", "Only if the schema is what the files make that are applied")
                .conflicts_with("files-only"),
            flag("accept-edited", "Also where a file is not the one that the tool applied, by its checksum"),
            flag("as-is", "Also files with statements or placeholders that cannot run here, to be mended")
                .requires("into"),
            flag("leave-rest", "Without the files that cannot be taken").requires("into"),
        ])
        .args([accept_different().requires("verify"), dry_run(), lock_wait(), revision(), no_record()])
}

fn accept_different() -> Arg {
    flag("accept-different", "Also where the schema is not what the files make")
}

fn dry_run() -> Arg {
    Arg::new("dry-run")
        .long("dry-run")
        .action(ArgAction::SetTrue)
        .help("Only say what would be recorded or written")
}

fn said(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("says nothing".to_owned()) } else { Ok(text.to_owned()) }
}
