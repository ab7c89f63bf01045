//! The chores of this project, one file a verb.

mod alone;
mod ci;
mod command;
mod layers;
mod postgres;
mod soak;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask VERB

  ci            everything that has to hold before a change lands, in the order of .ci/run
  layers        do the crates import only what ARCHITECTURE.md allows?
  alone         does each crate build by itself, without features borrowed from a neighbour?
  soak CHECK    the tests whose names contain CHECK, in release and with full counts

Examples:
  cargo xtask ci
  cargo xtask soak dropped
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["ci"] => ci::run(),
        ["layers"] => layers::run(),
        ["alone"] => alone::run(),
        ["soak", check] => soak::run(check),
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
