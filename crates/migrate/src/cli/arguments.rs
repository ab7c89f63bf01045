//! What a user can type.

mod looks;

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};
use pgkeel_connect::settings::positive_duration;

use super::lint as linting;
use super::{adoption, exit::CODES};

/// The command `migrate` with its verbs, to be hung below a program's own command or used as it is.
#[must_use]
pub fn command() -> Command {
    let verbs = [
        up(),
        down(),
        redo(),
        status(),
        plan(),
        validate(),
        new(),
        lint(),
        verify(),
        test(),
        lock(),
        super::squash::command(),
        lock_info(),
        repair(),
        adoption::baseline_command(),
        adoption::mark_command(),
        adoption::import_command(),
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
  V<version>__<name>.verify.sql        queries that must not answer false, 0, null or no row behind it; else it is rolled back
  B<version>__<name>.sql               in place of all up to its version, on an empty database only: see migrate squash
  R__<name>.sql                        applied behind all of these, again whenever its text has changed: views, functions
  before_run.sql, after_run.sql        first and last in each run that has something to do
  README.md, migrations.lock           see migrate lock";

const DIRECTIVES: &str = "\
Comments at the top of a file say how it is run:
  -- pgkeel: transaction=off           statement by statement, for CREATE INDEX CONCURRENTLY and its like
  -- pgkeel: lock_timeout=2s statement_timeout=15min retries=3
  -- pgkeel: role=owner                as whom
  -- pgkeel: precheck=\"select …\"      what has to be true first
  -- pgkeel: requires=V20250101000000  what has to be applied before; in a repeatable R__… too
  -- pgkeel: out_of_order=yes          also behind files with higher versions
  -- pgkeel: phase=contract            not with up --phase expand
  -- pgkeel: irreversible=\"why\"       there is no way back
  -- pgkeel: destructive=accepted      it may drop what holds data, and change or delete all rows";

pub(super) fn verb(name: &'static str, about: &'static str, examples: &'static str) -> Command {
    Command::new(name).about(about).after_help(format!("{examples}\n\n{CODES}")).args([directory(), json()])
}

fn up() -> Command {
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
  migrate up --pooler-safe             by way of PgBouncer in transaction mode";
    let pooler_safe = flag(
        "pooler-safe",
        "Also through a pooler in transaction mode; files outside of a transaction, code, repeatables and hooks are refused there",
    );
    let more = [phase(), accept_destructive(), pooler_safe.conflicts_with("dry-run")];
    verb("up", about, examples).args(running()).args(how_far("Apply")).group(either_end()).args(more)
}

fn down() -> Command {
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

fn redo() -> Command {
    let about = "Revert the newest migration and apply it again as the file is now";
    let examples = "\
Examples:
  migrate redo                         after each change to a file that is being written
  migrate redo --dry-run               does it go down and up again?";
    verb("redo", about, examples).args(running()).arg(accept_destructive())
}

fn status() -> Command {
    let about = "Say what is applied, what is pending and what is in conflict; only reads";
    let examples = "\
Examples:
  migrate status                       a line a migration
  migrate status --check               for a pipeline: ends with 3 if something is pending or due";
    verb("status", about, examples)
        .arg(flag("check", "Exit with 3 if something is pending, or a repeatable due"))
}

fn plan() -> Command {
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

fn validate() -> Command {
    let about = "Check the files alone; needs no database";
    verb("validate", about, "Examples:\n  migrate validate --dir ./migrations  before a change is merged")
}

fn new() -> Command {
    let about = "Write a new migration; needs no database";
    let examples = "\
Examples:
  migrate new add_invoices --down
  migrate new order_views --repeatable
  migrate new orders_by_customer --concurrent-index 'orders(customer_id)'
  migrate new orders_have_notes --not-null 'orders(note)'
  migrate new orders_of_customers --foreign-key 'orders(customer_id) references customers(id)'
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
        ])
        .group(ArgGroup::new("way-back").args(["down", "irreversible", "repeatable"]))
        .group(ArgGroup::new("content").args(["concurrent-index", "not-null", "foreign-key"]))
}

fn lint() -> Command {
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

fn verify() -> Command {
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

fn test() -> Command {
    let about = "Prove the migrations in a shadow database: each up, down and up again, then the whole chain";
    let examples = "\
Examples:
  migrate test                         a line a file, and what differs after it
  migrate test --markdown              only what was found";
    verb("test", about, examples).arg(markdown())
}

fn lock() -> Command {
    let about = "Write migrations.lock: what the schema is after each file, found out in a shadow database";
    let examples = "\
Examples:
  migrate lock                         after a new file, to be committed with it
  migrate lock --check                 for a pipeline: ends with 5 if it would be another";
    verb("lock", about, examples).arg(flag("check", "Write nothing, and exit with 5 if it would be another"))
}

fn markdown() -> Arg {
    flag("markdown", "Answer in Markdown").conflicts_with("json")
}

fn lock_info() -> Command {
    let about = "Say who is applying or reverting migrations right now; only reads";
    verb("lock-info", about, "Examples:\n  migrate lock-info --json")
}

fn repair() -> Command {
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

fn running() -> Vec<Arg> {
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

pub(super) fn no_record() -> Arg {
    let help = "Do not keep the schema in the database at the end, for verify and services to compare";
    flag("no-record", help)
}

pub(super) fn revision() -> Arg {
    Arg::new("revision").long("revision").value_name("TEXT").help("The source's version, for the log")
}

fn times() -> Vec<Arg> {
    vec![
        time("lock-timeout", "Longest wait of a statement for a table that somebody uses", "5s"),
        time("statement-timeout", "Longest that one statement of a file may take", "1h"),
    ]
}

pub(super) fn lock_wait() -> Arg {
    time("lock-wait", "Longest wait for others that are applying migrations", "60s")
}

fn how_far(does: &str) -> [Arg; 2] {
    let to = Arg::new("to").long("to").value_name("VERSION").value_parser(version);
    let steps = Arg::new("steps").long("steps").value_name("N").value_parser(value_parser!(usize));
    let by_default = if does == "Revert" { " [default: 1]" } else { "" };
    [
        to.help(format!("{does} to this version")),
        steps.help(format!("{does} at most so many files{by_default}")),
    ]
}

fn phase() -> Arg {
    Arg::new("phase")
        .long("phase")
        .value_name("PHASE")
        .value_parser(["expand", "contract"])
        .help("Stop before the first file of a later phase (-- pgkeel: phase=contract)")
}

fn accept_destructive() -> Arg {
    let help = "Also files that may lose data and do not say -- pgkeel: destructive=accepted themselves";
    flag("accept-destructive", help)
}

fn either_end() -> ArgGroup {
    ArgGroup::new("how-far").args(["to", "steps"])
}

/// `20250317082000` or `V20250317082000`.
pub(super) fn version(text: &str) -> Result<i64, String> {
    let number: i64 = text.trim_start_matches('V').parse().map_err(|_| "is not a version".to_owned())?;
    if number < 0 { Err("is not a version".to_owned()) } else { Ok(number) }
}

fn directory() -> Arg {
    Arg::new("dir")
        .long("dir")
        .value_name("DIRECTORY")
        .value_parser(value_parser!(PathBuf))
        .default_value("./migrations")
        .help("Where the files are")
}

fn json() -> Arg {
    flag("json", "Print JSON")
}

pub(super) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn time(name: &'static str, help: &'static str, default: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("TIME")
        .value_parser(|text: &str| positive_duration(text))
        .default_value(default)
        .help(help)
}
