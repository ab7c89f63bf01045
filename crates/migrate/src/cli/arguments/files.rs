//! Verbs that are about files, most of them without a database.

use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};

use super::options::flag;
use super::verb;
use crate::cli::{exit::CODES, lint as linting};

pub(super) fn validate() -> Command {
    let about = "Check the files alone; needs no database";
    verb("validate", about, "Examples:\n  migrate validate --dir ./migrations  before a change is merged")
}

pub(super) fn new() -> Command {
    let about = "Write a new migration; needs no database";
    let examples = "\
Examples:
  migrate new add_invoices --down
  migrate new order_views --repeatable
  migrate new orders_by_customer --concurrent-index 'orders(customer_id)'
  migrate new orders_have_notes --not-null 'orders(note)'
  migrate new orders_of_customers --foreign-key 'orders(customer_id) references customers(id)'
  migrate new orders_get_notes --backfill orders
  migrate new titles_have_slugs --code --down      Rust for a program that calls this library; printed, not written";
    let name = Arg::new("name").value_name("NAME").required(true).help("What it does, as in add_invoices");
    let about_what = |name, value, help| Arg::new(name).long(name).value_name(value).help(help);
    verb("new", about, examples)
        .arg(name)
        .args([
            flag("down", "With a file for the way back"),
            flag("irreversible", "With the reason why there is no way back, to be filled in"),
            flag(
                "repeatable",
                "R__<name>.sql, for what can be replaced: applied again whenever it has changed",
            )
            .conflicts_with("content"),
            flag("code", "Print the Rust of one that is a function, with the next version")
                .conflicts_with_all(["content", "repeatable"]),
            about_what("concurrent-index", "T(C)", "Build an index while the table is used"),
            about_what("not-null", "T(C)", "Forbid NULL without reading the table under a lock"),
            about_what("foreign-key", "T(C) references T(C)", "Add a foreign key without stopping writers"),
            about_what("backfill", "T", "Change rows a batch at a time, with what proves that none is left"),
        ])
        .group(ArgGroup::new("way-back").args(["down", "irreversible", "repeatable"]))
        .group(ArgGroup::new("content").args(["concurrent-index", "not-null", "foreign-key", "backfill"]))
}

pub(super) fn lint() -> Command {
    let about = "Say what in the files would block or break a database in use; only reads";
    let examples = "\
Examples:
  migrate lint                         what is pending on this database
  migrate lint --all                   every file, each by itself; needs no database
  migrate lint --all --strict          warnings fail, too
  migrate lint --all --exclude prefer-bigint-over-int,irreversible
  migrate lint --all --format github   as annotations of a change
A .down.sql is looked at for what blocks a database in use, as it runs on one, too.
A comment above a statement excuses it, with the reason behind it:
  -- squawk-ignore require-concurrent-index-creation -- the table is small";
    let names = |name, help| {
        Arg::new(name)
            .long(name)
            .value_name("RULE,…")
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help(help)
    };
    let server = Arg::new("server-version")
        .long("server-version")
        .value_name("MAJOR")
        .value_parser(value_parser!(u32).range(14..))
        .help("For servers of this version [default: that of the database, or 14]");
    let format =
        Arg::new("format").long("format").value_name("FORMAT").value_parser(["text", "json", "github"]);
    verb("lint", about, examples)
        .after_long_help(format!("{examples}\n\n{}\n\n{CODES}", linting::rules()))
        .args([
            flag("all", "Every file, each by itself, without a database"),
            flag("strict", "Exit with 8 also if there are warnings"),
            names("rules", "Look for these rules only"),
            names("exclude", "Do not look for these rules"),
            server,
            format.conflicts_with("json").help("How to answer [default: text]"),
        ])
}
