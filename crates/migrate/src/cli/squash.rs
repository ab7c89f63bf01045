//! The verb `squash`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command};
use pgkeel_connect::Config;
use serde_json::json;

use super::arguments::{flag, verb, version};
use super::checks::go_on;
use super::exit::Exit;
use super::request::{has, value};
use super::screen::Screen;
use super::text::count;
use crate::{Checkpoint, Event, LockFile, Migrations, Removal, Squasher, Stop, VerifyError};

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) removal: Option<Removal>,
    pub(crate) dry_run: bool,
}

pub(super) fn command() -> Command {
    let about = "Make one file of all up to a version, for empty databases, proved equal in shadow databases";
    let examples = "\
Examples:
  migrate squash --to 20250317082000             B20250317082000__checkpoint.sql; the files stay
  migrate squash --to 20250317082000 --dry-run   would it come out the same? Writes nothing
  migrate squash --to 20250317082000 --remove    proved again, once all databases are at this version: the files may go
  migrate squash --to 20250317082000 --remove=all   with the ways back and the verify files that are beside them
A database with a history goes on with the files that it has not applied. One that is below the version needs those that
were removed: bring it there with a release that has them.";
    let to = Arg::new("to").long("to").value_name("VERSION").required(true).value_parser(version);
    let name = Arg::new("name").long("name").value_name("NAME").default_value("checkpoint");
    let remove = Arg::new("remove")
        .long("remove")
        .value_name("WHICH")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("replaced")
        .value_parser(["replaced", "all"])
        .help("Remove the files that it takes the place of; with =all also their .down.sql and .verify.sql");
    verb("squash", about, examples).args([
        to.help("The newest version that it takes the place of"),
        name.help("The name of the file"),
        remove,
        flag("dry-run", "Prove it, and write and remove nothing"),
    ])
}

impl Words {
    pub(super) fn of(words: &ArgMatches) -> Self {
        let removal = value::<String>(words, "remove").map(|which| match which.as_str() {
            "all" => Removal::All,
            _ => Removal::Replaced,
        });
        Self {
            version: value(words, "to").expect("clap asks for it"),
            name: value(words, "name").expect("it has a default"),
            removal,
            dry_run: has(words, "dry-run"),
        }
    }
}

pub(super) async fn squash(
    screen: &mut Screen<'_>,
    (connect, migrations, directory): (Config, Migrations, &Path),
    words: Words,
    stop: &Stop,
) -> Exit {
    let done = carry_out((connect, migrations, directory), (&words, stop), |event| screen.progress(event));
    let done = Box::pin(done).await;
    match done {
        Ok(done) => {
            screen.answer(|| done.told(&words), || done.to_json(&words));
            Exit::Done
        }
        Err(error) => screen.fail_to_verify(&error),
    }
}

struct Done {
    checkpoint: Checkpoint,
    path: PathBuf,
    removed: Vec<PathBuf>,
    writes_lock: bool,
}

/// All that may fail comes before the first file is written.
async fn carry_out(
    (connect, migrations, directory): (Config, Migrations, &Path),
    (words, stop): (&Words, &Stop),
    observe: impl FnMut(Event<'_>) + Send,
) -> Result<Done, VerifyError> {
    let lock = LockFile::read(directory)?;
    let mut squasher =
        Squasher::new(connect.clone(), migrations).with_name(&words.name).with_stop(stop.clone());
    if let Some(lock) = &lock {
        squasher = squasher.with_lock(lock.clone());
    }
    let checkpoint = squasher.squash_with(words.version, observe).await?;
    let removed = match words.removal {
        Some(how) => checkpoint.removable(directory, how)?,
        None => Vec::new(),
    };
    let path = directory.join(checkpoint.file());
    let new_lock = match &lock {
        Some(_) => Some(checkpoint.lock(connect, words.removal.is_some()).await?),
        None => None,
    };
    go_on(stop)?;
    if !words.dry_run {
        checkpoint.write(directory)?;
        if let Some(lock) = &new_lock {
            lock.write(directory)?;
        }
        if let Some(how) = words.removal {
            checkpoint.remove_replaced(directory, how)?;
        }
    }
    Ok(Done { checkpoint, path, removed, writes_lock: new_lock.is_some() })
}

impl Done {
    fn told(&self, words: &Words) -> String {
        let (wrote, removed) =
            if words.dry_run { ("would be written", "would be removed") } else { ("was written", "removed") };
        let wrote = if self.checkpoint.is_there() { "is there" } else { wrote };
        let path = self.path.display();
        let proved = if self.checkpoint.is_proved() { "proved equal" } else { "as migrations.lock has it" };
        let versions = count(self.checkpoint.squashes().len(), "version");
        let mut told = format!("{path} {wrote}: {versions}, {proved}\n");
        if !self.removed.is_empty() {
            let _ = writeln!(told, "{} {removed}", count(self.removed.len(), "file"));
        }
        if self.writes_lock && !words.dry_run {
            told += "migrations.lock was written\n";
        }
        told
    }

    fn to_json(&self, words: &Words) -> serde_json::Value {
        let versions: Vec<i64> = self.checkpoint.squashes().iter().map(|squashed| squashed.version).collect();
        let removed: Vec<String> = self.removed.iter().map(|path| path.display().to_string()).collect();
        json!({
            "file": self.path.display().to_string(),
            "versions": versions,
            "fingerprint": self.checkpoint.schema().to_string(),
            "removed": removed,
            "is_there": self.checkpoint.is_there(),
            "is_proved": self.checkpoint.is_proved(),
            "writes_lock": self.writes_lock,
            "dry_run": words.dry_run,
        })
    }
}
