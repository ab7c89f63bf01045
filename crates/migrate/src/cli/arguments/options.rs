//! Options that several verbs have.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgGroup, value_parser};
use pgkeel_connect::settings::positive_duration;

pub(super) fn markdown() -> Arg {
    flag("markdown", "Answer in Markdown").conflicts_with("json")
}

pub(super) fn running() -> Vec<Arg> {
    let dry_run = Arg::new("dry-run")
        .long("dry-run")
        .value_name("HOW")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("rollback")
        .value_parser(["rollback", "shadow"])
        .help("Only try: in one transaction that is rolled back, or in a shadow database that is dropped");
    let retries = Arg::new("retries")
        .long("retries")
        .value_name("N")
        .value_parser(value_parser!(u32))
        .default_value("5")
        .help("How often to try again a file that did not get a lock in time");
    let detail = flag("detail", "Show the server's DETAIL of an error, which may quote rows");
    [vec![lock_wait()], times(), vec![retries, dry_run, revision(), detail, no_record()]].concat()
}

pub(crate) fn no_record() -> Arg {
    let help = "Do not keep the schema in the database at the end, for verify and services to compare";
    flag("no-record", help)
}

pub(in crate::cli) fn revision() -> Arg {
    Arg::new("revision").long("revision").value_name("TEXT").help("The source's version, for the log")
}

pub(super) fn times() -> Vec<Arg> {
    vec![
        time("lock-timeout", "Longest wait of a statement for a table that somebody uses", "5s"),
        time("statement-timeout", "Longest that one statement of a file may take", "1h"),
    ]
}

pub(in crate::cli) fn lock_wait() -> Arg {
    time("lock-wait", "Longest wait for others that are applying migrations", "60s")
}

pub(super) fn how_far(does: &str) -> [Arg; 2] {
    let to = Arg::new("to").long("to").value_name("VERSION").value_parser(version);
    let steps = Arg::new("steps").long("steps").value_name("N").value_parser(value_parser!(usize));
    let by_default = if does == "Revert" { " [default: 1]" } else { "" };
    [
        to.help(format!("{does} to this version")),
        steps.help(format!("{does} at most so many files{by_default}")),
    ]
}

pub(super) fn phase() -> Arg {
    Arg::new("phase")
        .long("phase")
        .value_name("PHASE")
        .value_parser(["expand", "contract"])
        .help("Stop before the first file of a later phase (-- pgkeel: phase=contract)")
}

pub(super) fn accept_destructive() -> Arg {
    let help = "Also files that may lose data and do not say -- pgkeel: destructive=accepted themselves";
    flag("accept-destructive", help)
}

pub(super) fn either_end() -> ArgGroup {
    ArgGroup::new("how-far").args(["to", "steps"])
}

/// `20250317082000` or `V20250317082000`.
pub(in crate::cli) fn version(text: &str) -> Result<i64, String> {
    let number: i64 = text.trim_start_matches('V').parse().map_err(|_| "is not a version".to_owned())?;
    if number < 0 { Err("is not a version".to_owned()) } else { Ok(number) }
}

pub(super) fn directory() -> Arg {
    Arg::new("dir")
        .long("dir")
        .value_name("DIRECTORY")
        .value_parser(value_parser!(PathBuf))
        .default_value("./migrations")
        .help("Where the files are")
}

pub(super) fn json() -> Arg {
    flag("json", "Print JSON")
}

pub(in crate::cli) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

pub(super) fn time(name: &'static str, help: &'static str, default: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("TIME")
        .value_parser(|text: &str| positive_duration(text))
        .default_value(default)
        .help(help)
}
