use std::path::PathBuf;
use std::time::Duration;

use pgkeel_connect::ServerError;

use crate::wording::{Holder, Lines, why_not};
use crate::{
    BadTenant, Conflict, Destructive, FileError, ImportProblem, LockHolder, MarkProblem, MigrationProblem,
    Reason, Step, Tool, Unsuitable, VerifyError,
};

/// What went wrong with migrations.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory cannot be read, or a file in it cannot be read or written.
    #[error("no access to the migrations in {}", .path.display())]
    Directory {
        /// The directory or the file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Files cannot be used, whatever the database says.
    #[error("the migration files cannot be used:{}", Lines(.problems))]
    Files {
        /// All that is wrong.
        problems: Vec<MigrationProblem>,
    },
    /// A new migration cannot have this name.
    #[error(
        "a migration cannot be named {name:?}: use lower-case letters, digits and underscores, and a letter first{}",
        .suggestion.as_ref().map(|name| format!(", for example {name}")).unwrap_or_default()
    )]
    Name {
        /// The name.
        name: String,
        /// One like it that would do.
        suggestion: Option<String>,
    },
    /// A template is to be about something that is not written as it has to be.
    #[error(
        "{text:?} is not of the form table(column, …), or table(column, …) references table(column, …), or of a backfill \
         table"
    )]
    Template {
        /// What was written.
        text: String,
    },
    /// The version that was named is none of those that could be meant.
    #[error("there is no version {version} to go to")]
    NoSuchVersion {
        /// The version.
        version: i64,
    },
    /// A pattern is like no schema's name, so it is likely misspelt.
    #[error("no schema has a name like {pattern:?}, or none that can be a tenant's")]
    NoTenant {
        /// The pattern.
        pattern: String,
    },
    /// A name cannot be that of a tenant's schema.
    #[error("not a tenant's schema")]
    BadTenant(#[from] BadTenant),
    /// There is no connection. Nothing was done.
    #[error("the database cannot be reached")]
    Connect(#[source] pgkeel_connect::Error),
    /// The connection cannot be used to change a schema. Nothing was done.
    #[error("this connection cannot be used for migrations: {reason}")]
    Unsuitable {
        /// Why not.
        reason: Unsuitable,
    },
    /// Files and history disagree, or there is no way back, so nothing was done.
    #[error("nothing was done, because the files and the database do not go together:{}", Lines(.conflicts))]
    Conflicts {
        /// All that is in the way.
        conflicts: Vec<Conflict>,
    },
    /// Statements of files that are pending may lose data, and nobody has accepted that, so nothing was done.
    #[error(
        "nothing was done, because statements may lose data; if they shall, write -- pgkeel: destructive=accepted at the \
         top of the file, or run migrate up --accept-destructive once:{}", Lines(.statements)
    )]
    Destructive {
        /// All of them.
        statements: Vec<Destructive>,
    },
    /// A rule of the linter was named that it does not have, or does not need.
    #[cfg(feature = "lint")]
    #[error(
        "{name} is no rule that can be looked for: {}",
        .reason.unwrap_or("there is none of this name; migrate lint --help has all")
    )]
    NotARule {
        /// The name.
        name: String,
        /// Why there is no need for it.
        reason: Option<&'static str>,
    },
    /// The dry run cannot be made in this way. Nothing was done.
    #[error("{file} cannot be tried like this: {reason}")]
    CannotRehearse {
        /// The file's name.
        file: String,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// There is nothing to go on with: the version does not stand between two statements, or has no such statement.
    #[error("version {version} cannot go on with statement {statement}: {}", why_not(*statements))]
    NothingToRepair {
        /// The version.
        version: i64,
        /// The statement, from 1.
        statement: usize,
        /// How many it has; `None` if it does not stand between two of them.
        statements: Option<usize>,
    },
    /// Somebody else was applying migrations all the time. Nothing was done.
    #[error("somebody else was applying migrations for {waited:?}{}", Holder(.holder.as_ref()))]
    Locked {
        /// How long was waited.
        waited: Duration,
        /// Who held the lock last, if it could be found out.
        holder: Option<LockHolder>,
    },
    /// [`Stop`](crate::Stop) was asked for between two files, or while others were waited for.
    #[error("it was stopped before the next file")]
    Stopped {
        /// The files that the same call ran before.
        before: Vec<String>,
    },
    /// [`Stop`](crate::Stop) was asked for before anything was recorded. Nothing was.
    #[error("it was stopped, so nothing was recorded")]
    StoppedUnrecorded,
    /// The server refused something that is done besides the files.
    #[error("{step} failed")]
    Database {
        /// What was being done.
        step: Step,
        /// Why it failed.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// The server did not answer.
    #[error("{step} did not end within {waited:?}")]
    NoAnswer {
        /// What was being done.
        step: Step,
        /// How long was waited.
        waited: Duration,
    },
    /// A row of the history was not written by refinery or by this crate.
    #[error("the history's row of version {version} has no {column} that can be read")]
    History {
        /// The row's version.
        version: i64,
        /// The column that cannot be read.
        column: &'static str,
    },
    /// There is a history of plain refinery under its usual name, and none of ours: what it says is applied would run again.
    #[error("{table} is the history of plain refinery; take it over with migrate import --from refinery")]
    OtherHistory {
        /// The table, with its schema.
        table: String,
    },
    /// Something is applied, and a baseline is for a database without a history. Nothing was recorded.
    #[error(
        "a baseline is for a database without a history, and {newest} is recorded already, {count} in all; migrate mark \
         puts single ones right"
    )]
    AlreadyApplied {
        /// How many.
        count: usize,
        /// The newest.
        newest: String,
    },
    /// There is no migration that could be recorded.
    #[error("there are no migrations to record")]
    NothingToRecord,
    /// Versions cannot be put into the history, or taken out of it, by hand. Nothing was changed.
    #[error("nothing was marked:{}", Lines(.problems))]
    CannotMark {
        /// All that is in the way.
        problems: Vec<MarkProblem>,
    },
    /// There is no table of the tool's.
    #[error(
        "there is no table {table} of {tool} in this database; if it has another name, say it with --table"
    )]
    NoToolTable {
        /// The tool.
        tool: Tool,
        /// The table.
        table: String,
    },
    /// The table is another one's.
    #[error("{table} is not the history of {tool}, as it has {} column {column}", if *.is_there { "a" } else { "no" })]
    OtherTable {
        /// The tool.
        tool: Tool,
        /// The table.
        table: String,
        /// A column that tells.
        column: &'static str,
        /// Whether the table has it, and the tool's would not.
        is_there: bool,
    },
    /// Files or history of another tool cannot be taken over as they are. Nothing was written and nothing recorded.
    #[error("what there is of {tool} cannot be taken over as it is, so nothing was done:{}", Lines(.problems))]
    Import {
        /// The tool.
        tool: Tool,
        /// All that is in the way.
        problems: Vec<ImportProblem>,
    },
    /// The lock was lost before something was recorded. Nothing was.
    #[error("the lock was lost, so nothing was recorded")]
    LockLost,
    /// The database of a dry run could not be made.
    #[error(transparent)]
    Shadow(Box<VerifyError>),
    /// Refinery's own checks refused a file that ours had let pass.
    #[error("refinery refused the file")]
    Refinery(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file was not applied or not reverted.
    #[error(transparent)]
    File(Box<FileError>),
}

impl Error {
    /// The files that the call that failed had applied, or reverted, before; they stay so.
    #[must_use]
    pub fn before(&self) -> &[String] {
        match self {
            Self::File(error) => &error.before,
            Self::Stopped { before } => before,
            _ => &[],
        }
    }

    /// What is known of the file during which it went wrong, if it was during one.
    #[must_use]
    pub fn file(&self) -> Option<&FileError> {
        if let Self::File(error) = self { Some(error) } else { None }
    }

    /// What the server said, if it was the server that refused.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Connect(source) | Self::Database { source, .. } => source.server(),
            Self::File(error) => error.reason.server(),
            Self::Shadow(error) => error.server(),
            _ => None,
        }
    }

    /// Whether there is no connection: none could be opened, or it was lost.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        match self {
            Self::Connect(source) | Self::Database { source, .. } => source.is_disconnected(),
            Self::File(error) => match &error.reason {
                Reason::Besides(source) => source.is_disconnected(),
                Reason::OutcomeUnknown(_) => true,
                _ => false,
            },
            Self::Shadow(error) => error.is_disconnected(),
            _ => false,
        }
    }

    /// Whether it ended early because [`Stop`](crate::Stop) was asked for.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        match self {
            Self::Stopped { .. } | Self::StoppedUnrecorded => true,
            Self::File(error) => matches!(error.reason, Reason::Stopped),
            _ => false,
        }
    }
}
