//! What was typed.

mod options;
mod verb;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use pgkeel_connect::Config;

use self::options::Options;
use super::schemas::Side;
use super::tenants::Words as TenantWords;
use crate::{DryRun, Error, LockFile, Migrations, Migrator, Stop, Tenant};

pub(crate) use self::verb::{Content, Verb, WayBack};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    pub(crate) directory: PathBuf,
    /// Whether somebody typed that.
    pub(crate) names_directory: bool,
    pub(crate) json: bool,
    pub(crate) detail: bool,
    /// For whose schemas it is, if the database has many tenants.
    pub(crate) tenants: Option<TenantWords>,
    options: Options,
}

impl Request {
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        let (verb, words) = matches.subcommand().expect("clap asks for a verb");
        let directory = words.get_one::<PathBuf>("dir").expect("it has a default").clone();
        let names_directory = words.value_source("dir") == Some(ValueSource::CommandLine);
        let is_json_format = value::<String>(words, "format").is_some_and(|format| format == "json");
        let (json, detail) = (words.get_flag("json") || is_json_format, has(words, "detail"));
        let (verb, tenants) = (Verb::of(verb, words), TenantWords::of(words));
        Self { verb, directory, names_directory, json, detail, tenants, options: Options::of(words) }
    }

    /// Whether it changes the database or makes another one, so that it should end in good order.
    pub(crate) fn leaves_something(&self) -> bool {
        match &self.verb {
            Verb::Up
            | Verb::Down(_)
            | Verb::Redo
            | Verb::Repair { .. }
            | Verb::Baseline
            | Verb::Mark { .. }
            | Verb::Import(_)
            | Verb::Verify { .. }
            | Verb::Test { .. }
            | Verb::Lock { .. }
            | Verb::Squash(_) => true,
            Verb::Diff { sides, .. } => sides.contains(&Side::Files),
            _ => false,
        }
    }

    /// Whether it can do without the files of a directory that is not there.
    pub(crate) fn can_do_without(&self, error: &Error) -> bool {
        let is_missing =
            matches!(error, Error::Directory { source, .. } if source.kind() == ErrorKind::NotFound);
        is_missing && self.verb == Verb::Doctor && !self.names_directory
    }

    /// Where our files are, or will be.
    fn place(&self) -> &Path {
        match &self.verb {
            Verb::Import(words) => words.place(&self.directory),
            _ => &self.directory,
        }
    }

    /// The tenant for whose schema alone it is.
    pub(crate) fn tenant(&self) -> Option<Tenant> {
        self.tenants.as_ref().and_then(TenantWords::one)
    }

    /// The words that make it a dry run, if it is one, as they go behind others.
    pub(crate) fn dry_run(&self) -> &'static str {
        match self.options.dry_run {
            None => "",
            Some(DryRun::Rollback) => " --dry-run",
            Some(DryRun::Shadow) => " --dry-run=shadow",
        }
    }

    pub(crate) fn migrator(self, connect: Config, migrations: Migrations, stop: Stop) -> Migrator {
        // What is recorded is of the same sides as what is committed; one that cannot be read is for `verify` to tell.
        let lock = LockFile::read(self.place()).ok().flatten();
        let migrator = Migrator::new(connect, migrations).with_stop(stop);
        let migrator = match lock {
            Some(lock) => migrator.with_recorded(lock.scope().clone()),
            None => migrator,
        };
        let migrator = match self.tenant() {
            Some(tenant) => migrator.in_schema(&tenant),
            None => migrator,
        };
        self.options.applied_to(migrator)
    }
}

/// `None` also for what the verb does not have.
pub(super) fn value<T: Clone + Send + Sync + 'static>(words: &ArgMatches, name: &str) -> Option<T> {
    words.try_get_one::<T>(name).ok().flatten().cloned()
}

pub(super) fn has(words: &ArgMatches, name: &str) -> bool {
    value(words, name).unwrap_or(false)
}

#[cfg(test)]
mod tests;
