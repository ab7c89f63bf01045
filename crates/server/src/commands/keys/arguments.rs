//! What can be typed behind `pgkeel keys`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use pgkeel_connect::Ident;
use pgkeel_crypto::{KeyId, KeyList};
use pgkeel_query::rotation::Depth;

/// What was typed.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) verb: Verb,
    pub(super) json: bool,
    /// A file that describes the sealed columns.
    pub(super) described: Option<PathBuf>,
    /// Those that are meant; all if there are none.
    pub(super) columns: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Verb {
    New { list: KeyList, file: Option<PathBuf> },
    List { cells: bool },
    Setup,
    Publish,
    Withdraw { column: String },
    Rotate { pace: Pace, part: Part },
    Adopt { pace: Pace, plaintext: Ident, clears: bool },
    Status,
    Steer { how: Steering, rotation: i64 },
    Verify { depth: Depth, most: Option<u64> },
    Retire { key: KeyId },
}

/// What of the columns is made anew.
#[derive(Debug)]
pub(super) enum Part {
    Values,
    /// Those in this column, or all.
    Indexes {
        only: Option<String>,
    },
}

/// How fast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) workers: usize,
    /// Rows per second, of all workers together.
    pub(super) rate: Option<NonZeroU32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Steering {
    Pause,
    Resume,
    Cancel,
}

impl Words {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        let (name, words) = matches.subcommand().expect("clap asks for a verb");
        let rotation = || *words.get_one("rotation").expect("clap asks for it");
        let verb = match name {
            "new" => Verb::New {
                list: if words.get_flag("index") { KeyList::Index } else { KeyList::Seal },
                file: words.get_one("file").cloned(),
            },
            "list" => Verb::List { cells: words.get_flag("cells") },
            "setup" => Verb::Setup,
            "publish" => Verb::Publish,
            "withdraw" => {
                Verb::Withdraw { column: words.get_one("sealed").cloned().expect("clap asks for it") }
            }
            "rotate" => Verb::Rotate { pace: Pace::of(words), part: Part::of(words) },
            "adopt" => Verb::Adopt {
                pace: Pace::of(words),
                plaintext: words.get_one("plaintext").cloned().expect("clap asks for it"),
                clears: words.get_flag("clear"),
            },
            "status" => Verb::Status,
            "pause" => Verb::Steer { how: Steering::Pause, rotation: rotation() },
            "resume" => Verb::Steer { how: Steering::Resume, rotation: rotation() },
            "cancel" => Verb::Steer { how: Steering::Cancel, rotation: rotation() },
            "verify" => Verb::Verify {
                depth: if words.get_flag("quick") { Depth::Quick } else { Depth::Full },
                most: words.get_one("most").copied(),
            },
            "retire" => Verb::Retire { key: *words.get_one("key").expect("clap asks for it") },
            other => unreachable!("clap knows no verb {other}"),
        };
        let columns = words.try_get_many::<String>("column").ok().flatten();
        Self {
            verb,
            json: words.get_flag("json"),
            described: words.try_get_one("columns").ok().flatten().cloned(),
            columns: columns.into_iter().flatten().cloned().collect(),
        }
    }
}

impl Part {
    fn of(words: &ArgMatches) -> Self {
        let only = words.get_one::<String>("index").cloned();
        if only.is_some() || words.get_flag("indexes") { Self::Indexes { only } } else { Self::Values }
    }
}

impl Pace {
    fn of(words: &ArgMatches) -> Self {
        let workers = words.get_one::<u16>("workers").copied().unwrap_or(1).into();
        Self { workers, rate: words.get_one("rate").copied() }
    }
}

pub(crate) fn command() -> Command {
    Command::new("keys")
        .about("Make keys of sealed columns, rotate them, verify what is sealed, and retire those that nothing needs")
        .after_help(ABOUT)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(verbs().map(|verb| verb.arg(json())))
}

fn verbs() -> impl Iterator<Item = Command> {
    let rotation = |name: &'static str, about: &'static str| {
        let number =
            Arg::new("rotation").value_name("NUMBER").required(true).value_parser(value_parser!(i64));
        Command::new(name).about(about).arg(number.help("The rotation, as `keys status` numbers it"))
    };
    [
        Command::new("new")
            .about("Make a new key, and say what to put into the keyring")
            .after_help(NEW)
            .arg(switch("index", "A key of blind indexes, not one that seals"))
            .arg(
                Arg::new("file")
                    .long("secret-file")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .help(
                        "Write the secret into this new file, which only its owner can read, and print none",
                    ),
            ),
        Command::new("list")
            .about("The keys of the keyring, if their secrets are those that are meant")
            .arg(switch("cells", "Count besides how many cells of each sealed column are under which key"))
            .args([described(), column()]),
        Command::new("setup")
            .about("Make the tables in which columns and rotations are known, in the schema pgkeel"),
        Command::new("publish")
            .about("Say which columns are sealed, by a file; programs say it themselves")
            .after_help(PUBLISH)
            .arg(described().required(true).help("A TOML file that describes sealed columns")),
        Command::new("withdraw")
            .about("Say that a column is sealed no more, as it or its table is gone")
            .after_help("Its rotations are forgotten, and it is counted no more when a key is retired.")
            .arg(
                Arg::new("sealed")
                    .value_name("TABLE.COLUMN")
                    .required(true)
                    .help("The column, as it is published"),
            ),
        Command::new("rotate")
            .about("Seal anew, under the primary key, what is under another one")
            .after_help(ROTATE)
            .args([described(), column()])
            .args(pace())
            .arg(switch("indexes", "Make blind indexes anew instead, under the primary key of indexes"))
            .arg(
                Arg::new("index")
                    .long("index")
                    .value_name("COLUMN")
                    .help("Make only the blind index in this column anew, as `--indexes` does with all"),
            ),
        Command::new("adopt")
            .about("Seal what a plaintext column has, while the application works; then empty it")
            .after_help(ADOPT)
            .args([described(), column()])
            .args(pace())
            .arg(
                Arg::new("plaintext")
                    .long("plaintext")
                    .value_name("COLUMN")
                    .required(true)
                    .value_parser(|name: &str| Ident::new(name.to_owned()))
                    .help("The plaintext column, of the same table"),
            )
            .arg(switch("clear", "Set plaintext to NULL, where what is sealed opens to the same value")),
        Command::new("status").about("Rotations, the newest first"),
        rotation("pause", "Have the workers of a rotation wait, in whichever process they are"),
        rotation("resume", "Have them go on"),
        rotation("cancel", "Have them end; what is sealed anew stays so"),
        Command::new("verify")
            .about("Open every sealed value, and say which do not open, and why")
            .after_help("Exit codes: 0 all open, 1 some do not.")
            .args([described(), column()])
            .arg(switch("quick", "Look at headers and commitments alone: is it the right key?"))
            .arg(
                Arg::new("most")
                    .long("most")
                    .value_name("NUMBER")
                    .value_parser(value_parser!(u64))
                    .help("Look at no more values of a column"),
            ),
        Command::new("retire")
            .about("Say whether a key can be disabled: whether no value of any published column is under it")
            .arg(
                Arg::new("key")
                    .value_name("KEY")
                    .required(true)
                    .value_parser(|text: &str| text.parse::<KeyId>())
                    .help("Its id: 8 hexadecimal digits"),
            ),
    ]
    .into_iter()
}

fn pace() -> [Arg; 2] {
    [
        Arg::new("workers")
            .long("workers")
            .value_name("NUMBER")
            .value_parser(value_parser!(u16).range(1..=64))
            .help("How many work on a column at once [default: 1]"),
        Arg::new("rate")
            .long("rows-per-second")
            .value_name("NUMBER")
            .value_parser(value_parser!(NonZeroU32))
            .help(
                "Change no more rows per second, each worker its part of them [default: as many as they can]",
            ),
    ]
}

fn json() -> Arg {
    switch("json", "Print JSON")
}

fn switch(name: &'static str, about: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(about)
}

fn described() -> Arg {
    Arg::new("columns").long("columns").value_name("FILE").value_parser(value_parser!(PathBuf)).help(
        "A TOML file that describes sealed columns; they are published [default: those that are published]",
    )
}

fn column() -> Arg {
    Arg::new("column")
        .long("column")
        .value_name("TABLE.COLUMN")
        .action(ArgAction::Append)
        .help("Only this column; can be said again [default: all]")
}

const ABOUT: &str = "\
The keyring is that of --keyring, a TOML or JSON file; without it, the variables are that begin with
PGKEEL_SEAL_, PGKEEL_INDEX_, PGKEEL_KEY_ and PGKEEL_KCV_. `keys new` prints what belongs into either.

Once for a database:
  pgkeel keys setup                    make the tables in which all this is known
  pgkeel keys publish --columns FILE   say what is sealed, unless programs do

To rotate a key:
  pgkeel keys new                      make it; have it in every keyring as \"decrypt\"; deploy
  …                                    make it \"primary\", and the old one \"decrypt\"; deploy
  pgkeel keys rotate --workers 2       seal anew what is under the old one, at any time of the day
  pgkeel keys verify                   open everything once
  pgkeel keys retire 3f9a1c22          does nothing need the old one any more? Then make it
                                       \"disabled\", and keep its secret in escrow

The role needs `usage` on the schemas, `select` on the tables and `update` on the columns that are
written (sealed ones, those of indexes, plaintext that is emptied); and `select, insert, update, delete`
on the tables of the schema pgkeel, which `setup` makes.

Exit codes: 0 all well, 1 something failed or is not well, 2 wrong settings, keyring or command line.";

const NEW: &str = "\
Examples:
  pgkeel keys new --secret-file /run/secrets/pgkeel_2026   the secret in a file, the rest printed
  pgkeel keys new --json                                   all of it, for a program that stores it
  pgkeel keys new --index                                  a key of blind indexes";

const PUBLISH: &str = "\
Example of a file:
  [[column]]
  table = \"app.users\"
  column = \"email\"
  row = [\"id\"]                    # the primary key, in its order
  context = \"app.users.email\"
  kind = \"text\"

  [[column.index]]
  column = \"email_bidx\"
  normalize = \"email\"";

const ADOPT: &str = "\
The sealed column and its indexes are there by now, and the application writes both columns. Then:
  pgkeel keys adopt --column app.users.email --plaintext email_plain           seal what is not sealed yet
  …                                                                            have the application read what is sealed
  pgkeel keys adopt --column app.users.email --plaintext email_plain --clear   empty the plaintext column
Drop the column then. Old backups and the write-ahead log still have plaintext.

Exit codes: 0 all of it is done, 1 something is not: rows that are told of.";

const ROTATE: &str = "\
Examples:
  pgkeel keys rotate                                       all published columns, one worker
  pgkeel keys rotate --column app.users.email --workers 2  one column, faster
  pgkeel keys rotate --rows-per-second 2000                gently
  pgkeel keys rotate --indexes                             blind indexes; a unique one that has values under
                                                           another key stays as it is, and is told of
  pgkeel keys rotate --column app.users.email --index email_bidx2
                                                           the second column of a unique index
  pgkeel keys status                                       how far it is, from anywhere

It can be stopped and killed at any moment; run again, it goes on where it was.
Exit codes: 0 nothing is left under another key, 1 something is: rows that do not open, a rotation that was cancelled.";
