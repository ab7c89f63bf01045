//! The chores of this project, one file a verb.

mod alone;
mod bench;
mod ci;
mod command;
mod external;
mod layers;
mod migrate;
mod postgres;
mod programs;
mod soak;
mod sql;
mod test;

use std::io::IsTerminal as _;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask VERB

  ci            everything that has to hold before a change lands, in the order of .ci/run
  layers        do the crates import only what ARCHITECTURE.md allows?
  sql           is there a statement whose text is put together, without a comment that says why?
  sql DIR       the same of the sources below a directory, of any program
  alone         does each crate build by itself, without features borrowed from a neighbour?
  test          all tests, over the PostgreSQL of this machine, or one that is fetched
  test --pg 14,15,18
                the integration tests over each of these major versions, which are fetched where they are not installed
  external      the tests with programs that are not ours (PgBouncer, psql, pg_dump, Python), which are installed where they are missing,
                and a core of all others over PostgreSQL 14 and 18, which are fetched
  fetch [--pg 14,15,18]
                puts PostgreSQL into the cache, for a machine that will be offline
  migrate …     the library's verbs on ./migrations and the database that the environment names: migrate --help
  bench …       pgkeel beside the raw driver and its peers: bench --help
  soak CHECK    the tests of checks with full counts whose names contain CHECK, in release and with those counts
  soak CRATE    the same of all checks of one crate: connect, crypto, pool, migrate, query, server
  soak external the same of all checks with programs that are not ours
  soak --list   all checks with full counts: name, crate, what they show

Examples:
  cargo xtask ci
  cargo xtask test --pg 14,18
  cargo xtask soak corpus::race
";

fn main() -> ExitCode {
    // What localpg fetches, and from where, is said in its log.
    let log =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    log.without_time().with_target(false).init();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.first() == Some(&"migrate") {
        return migrate::run(&words);
    }
    let done = match words.as_slice() {
        ["ci"] => ci::run(),
        ["layers"] => layers::run(),
        ["sql"] => sql::run(),
        ["sql", directory] => sql::run_on(directory),
        ["alone"] => alone::run(),
        ["test"] => test::run(),
        ["test", "--pg", list] => test::majors(list).and_then(|majors| test::over(&majors)),
        ["external"] => external::run(),
        ["fetch"] => postgres::fetch(&[]),
        ["fetch", "--pg", list] => test::majors(list).and_then(|majors| postgres::fetch(&majors)),
        ["bench", words @ ..] => bench::run(words),
        ["soak", "--list"] => {
            print!("{}", soak::list());
            return ExitCode::SUCCESS;
        }
        ["soak", check] if !check.starts_with('-') => soak::run(check),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => {
            eprint!("xtask: there is no `{}`\n\n{HELP}", other.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
