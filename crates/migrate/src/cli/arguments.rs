//! What a user can type.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use pgkeel_connect::settings::positive_duration;

use super::exit::CODES;

/// The command `migrate` with its verbs, to be hung below a program's own command or used as it is.
#[must_use]
pub fn command() -> Command {
    Command::new("migrate")
        .about("Apply the SQL files in a directory, once each and in order, or say what is applied")
        .after_help(CODES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("up")
                .about("Apply what is pending, each file in a transaction of its own")
                .after_help(CODES)
                .args([directory(), json()])
                .args([
                    time("lock-wait", "Longest wait for others that are applying migrations", "60s"),
                    time("lock-timeout", "Longest wait of a statement for a table that somebody uses", "5s"),
                    time("statement-timeout", "Longest that one statement of a file may take", "1h"),
                ]),
        )
        .subcommand(
            Command::new("status")
                .about("Say what is applied, what is pending and what is in conflict; only reads")
                .after_help(CODES)
                .args([directory(), json()])
                .arg(
                    Arg::new("check")
                        .long("check")
                        .action(ArgAction::SetTrue)
                        .help("Exit with 3 if something is pending"),
                ),
        )
        .subcommand(
            Command::new("new")
                .about("Write a new, empty migration; needs no database")
                .after_help(CODES)
                .arg(
                    Arg::new("name")
                        .value_name("NAME")
                        .required(true)
                        .help("What it does, as in add_invoices"),
                )
                .args([directory(), json()]),
        )
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
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON")
}

fn time(name: &'static str, help: &'static str, default: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("TIME")
        .value_parser(|text: &str| positive_duration(text))
        .default_value(default)
        .help(help)
}

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    pub(crate) directory: PathBuf,
    pub(crate) json: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verb {
    Up { lock_wait: Duration, lock_timeout: Duration, statement_timeout: Duration },
    Status { check: bool },
    New { name: String },
}

impl Request {
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        let (verb, of_verb) = matches.subcommand().expect("clap asks for a verb");
        let time = |name| *of_verb.get_one::<Duration>(name).expect("it has a default");
        let verb = match verb {
            "up" => Verb::Up {
                lock_wait: time("lock-wait"),
                lock_timeout: time("lock-timeout"),
                statement_timeout: time("statement-timeout"),
            },
            "status" => Verb::Status { check: of_verb.get_flag("check") },
            _ => Verb::New { name: of_verb.get_one::<String>("name").expect("clap asks for it").clone() },
        };
        let directory = of_verb.get_one::<PathBuf>("dir").expect("it has a default").clone();
        Self { verb, directory, json: of_verb.get_flag("json") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Request {
        Request::of(&command().try_get_matches_from(words).unwrap())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn every_verb_has_its_defaults() {
        let up = parsed(&["migrate", "up", "--lock-wait", "250ms"]);
        let verb = Verb::Up {
            lock_wait: Duration::from_millis(250),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_hours(1),
        };
        assert_eq!(up, Request { verb, directory: "./migrations".into(), json: false });
        let status = parsed(&["migrate", "status", "--check", "--json", "--dir", "db"]);
        assert_eq!(
            status,
            Request { verb: Verb::Status { check: true }, directory: "db".into(), json: true }
        );
        assert!(command().try_get_matches_from(["migrate", "new"]).is_err());
        assert!(command().try_get_matches_from(["migrate", "up", "--lock-wait", "0"]).is_err());
    }
}
