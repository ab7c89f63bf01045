//! What a user can type. Every setting is a flag, made from the same tables that everything else reads.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use pgkeel_connect::settings::About;

use crate::commands;
use crate::settings::{self, Flags};

/// What to do, and the settings given as flags.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) verb: Verb,
    pub(crate) flags: Flags,
}

#[derive(Debug)]
pub(crate) enum Verb {
    Serve,
    Check { json: bool },
    Config { json: bool },
    Migrate(ArgMatches),
    Keys(ArgMatches),
}

/// Help, version, or what was wrong with the command line.
#[derive(Debug)]
pub(crate) struct Shown(clap::Error);

impl Shown {
    pub(crate) fn show(&self) -> ExitCode {
        // Nothing is left to do if not even the terminal listens.
        let _ = self.0.print();
        ExitCode::from(u8::try_from(self.0.exit_code()).unwrap_or(1))
    }
}

impl Invocation {
    pub(crate) fn parse() -> Result<Self, Shown> {
        command().try_get_matches().map(|matches| Self::of(&matches)).map_err(Shown)
    }

    fn of(matches: &ArgMatches) -> Self {
        let json = |matches: &ArgMatches| matches.get_flag("json");
        let (verb, flags) = match matches.subcommand() {
            Some(("check", of_verb)) => (Verb::Check { json: json(of_verb) }, of_verb),
            Some(("migrate", of_verb)) => (Verb::Migrate(of_verb.clone()), of_verb),
            Some(("keys", of_verb)) => (Verb::Keys(of_verb.clone()), of_verb),
            Some(("config", of_verb)) => (Verb::Config { json: json(of_verb) }, of_verb),
            Some((_, of_verb)) => (Verb::Serve, of_verb),
            None => (Verb::Serve, matches),
        };
        let given = |about: &&'static About| Some((about.name, flags.get_one::<String>(about.name)?.clone()));
        Self { verb, flags: settings::all().filter_map(|about| given(&about)).collect() }
    }
}

fn command() -> Command {
    let json = || Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON");
    Command::new("pgkeel")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Serves health and metrics of a PostgreSQL; with none named, of a private one for development")
        .after_help(EXAMPLES)
        .max_term_width(100)
        .args(settings::all().map(flag))
        .subcommand(Command::new("serve").about("Serve until Ctrl-C or SIGTERM (what plain `pgkeel` does)"))
        .subcommand(
            of_one_connection(Command::new("check"))
                .about("Connect once and say whether the database is well")
                .after_help("Exit codes: 0 healthy, 1 unhealthy, 2 wrong settings.")
                .arg(json()),
        )
        .subcommand(of_one_connection(pgkeel_migrate::cli::command()))
        .subcommand(of_one_connection(commands::keys::command()))
        .subcommand(
            Command::new("config")
                .about("Print every setting with its value and where it came from")
                .arg(json()),
        )
}

/// Its help leaves out what means something to `serve` only; an environment or a file may be made for both.
fn of_one_connection(command: Command) -> Command {
    command.args(settings::of_serving().map(|about| flag(about).hide(true)))
}

fn flag(about: &'static About) -> Arg {
    let variables = std::iter::once(about.variable()).chain(about.aliases.iter().map(ToString::to_string));
    let variables = variables.collect::<Vec<_>>().join(", ");
    let default =
        if about.default.is_empty() { String::new() } else { format!(" [default: {}]", about.default) };
    let arg = Arg::new(about.name)
        .long(about.flag().trim_start_matches('-').to_owned())
        .help(format!("{} [env: {variables}]{default}", about.help))
        .help_heading("Settings")
        .global(true);
    if about.placeholder.is_empty() {
        // A switch: its name alone turns it on, and `--demo=false` overrules an environment that has turned it on.
        arg.value_name("true|false").num_args(0..=1).require_equals(true).default_missing_value("true")
    } else {
        arg.value_name(about.placeholder).allow_hyphen_values(true)
    }
}

const EXAMPLES: &str = "\
Examples:
  pgkeel                                        serve on http://127.0.0.1:8080 with a private PostgreSQL
  DATABASE_URL=postgresql://app@db/shop pgkeel  serve beside that database
  pgkeel serve --health-listen 0.0.0.0:9000     listen for others, without details in the answers
  pgkeel serve --demo                           show it on a small shop at work, in a private PostgreSQL
  pgkeel serve --migrations-dir ./migrations    not ready before these are applied
  pgkeel check --json                           connect once; exit code 0, 1 or 2
  pgkeel migrate up --dir ./migrations          apply what is pending; `pgkeel migrate --help` has the rest
  pgkeel keys rotate                            seal values anew under a new key; `pgkeel keys --help` has the rest
  pgkeel config                                 which settings are in effect, and why

Exit codes: 0 all well, 1 something failed or is unhealthy, 2 wrong settings or command line.";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Invocation {
        Invocation::of(&command().try_get_matches_from(words).unwrap())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn flags_stand_before_or_behind_the_verb() {
        for words in [&["pgkeel", "--pool-size", "5", "check"], &["pgkeel", "check", "--pool-size", "5"]] {
            let invocation = parsed(words);
            assert!(matches!(invocation.verb, Verb::Check { json: false }));
            assert_eq!(invocation.flags, Flags::from([("pool.size", "5".to_owned())]));
        }
        assert!(matches!(parsed(&["pgkeel"]).verb, Verb::Serve));
        assert_eq!(parsed(&["pgkeel", "--pool-recycle", "-1"]).flags["pool.recycle"], "-1");
    }

    #[test]
    fn help_shows_what_the_verb_makes_use_of() {
        let help = |words: &[&str]| command().try_get_matches_from(words).unwrap_err().to_string();
        for words in [&["pgkeel", "check", "--help"][..], &["pgkeel", "migrate", "up", "--help"]] {
            let help = help(words);
            assert!(help.contains("--database-url") && help.contains("--pg-major"), "{help}");
            assert!(!help.contains("--pool-size") && !help.contains("--migrations-dir"), "{help}");
        }
        assert!(help(&["pgkeel", "serve", "--help"]).contains("--pool-size"));
        for words in [&["--pool-size", "5", "migrate", "up"], &["migrate", "up", "--pool-size", "5"]] {
            let words = [&["pgkeel"][..], words].concat();
            assert_eq!(parsed(&words).flags["pool.size"], "5", "{words:?}");
        }
    }

    #[test]
    fn a_switch_takes_no_value_from_the_words_behind_it() {
        let invocation = parsed(&["pgkeel", "--demo", "serve", "--demo-database", "shop"]);
        assert!(matches!(invocation.verb, Verb::Serve));
        assert_eq!((&*invocation.flags["demo"], &*invocation.flags["demo_database"]), ("true", "shop"));
        assert_eq!(parsed(&["pgkeel", "serve", "--demo=false"]).flags["demo"], "false");
    }
}
