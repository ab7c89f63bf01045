use std::fmt;
use std::time::Duration;

use pgkeel_connect::{BadIdent, Ident};
use tokio_postgres::error::SqlState;

use crate::room::NEEDED_MB;
use crate::{Holder, Step};

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No database can have this name.
    #[error("a demo's database cannot be called so: its name has 1 to {most} bytes, none of them zero")]
    Name {
        /// How many bytes it may have.
        most: usize,
        /// What is wrong with it.
        #[source]
        source: BadIdent,
    },
    /// A connection could not be opened. On the first one: nothing was done.
    #[error("there is no connection to the server")]
    Connect(#[source] pgkeel_connect::Error),
    /// There is a database of this name already. It was not touched.
    #[error(
        "there is a database {database} already, {}; a demo needs a new one, so name another or drop this one",
        if *.is_demo { "made by an earlier demo" } else { "which is left as it is" }
    )]
    Exists {
        /// Its name.
        database: Ident,
        /// Whether an earlier demo made it.
        is_demo: bool,
    },
    /// The name that a demo needs is taken by a database that no demo made. It was not touched.
    #[error(
        "the database {database} is in the way and was not made by a demo, so it is left as it is; \
         rename or drop it, or name another for the demo"
    )]
    Foreign {
        /// Its name.
        database: Ident,
    },
    /// Another process is just filling this demo.
    #[error("another process is filling the demo {database}{}; wait until it is done", By(.holder.as_ref()))]
    Filling {
        /// The name that the database will have.
        database: Ident,
        /// Which process, if it could be found out.
        holder: Option<Holder>,
    },
    /// Another process runs this demo.
    #[error("the demo {database} is at work in another process{}; stop that one first", By(.holder.as_ref()))]
    Running {
        /// The database's name.
        database: Ident,
        /// Which process, if it could be found out.
        holder: Option<Holder>,
    },
    /// The demo was made by another build, whose schema is another one. It was not touched.
    #[error(
        "the demo {database} has another schema than this build has; name another database for the demo, or make room \
         with: drop database {database} with (force)"
    )]
    OtherSchema {
        /// The database's name.
        database: Ident,
        /// What differs, if something besides files that are not applied yet.
        #[source]
        source: Option<Box<pgkeel_migrate::Error>>,
    },
    /// The user may not create databases.
    #[error("the user {user} may not create databases; allow it with: alter role {user} createdb")]
    MayNotCreate {
        /// The user.
        user: Ident,
        /// What the server said.
        #[source]
        source: pgkeel_connect::Error,
    },
    /// The migrations could not be applied, or not be held against those that are.
    #[error("{} failed", Step::Migrate)]
    Migrate(#[source] Box<pgkeel_migrate::Error>),
    /// The server's disk is full, or it failed.
    #[error(
        "the server's disk {} during this step: {step}; a demo takes about {NEEDED_MB} MB of it",
        if *.is_full { "is full" } else { "failed" }
    )]
    Disk {
        /// What was being done.
        step: Step,
        /// Whether it is full; else the operating system reported another error.
        is_full: bool,
        /// What the server said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server refused, or the connection was lost.
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
    /// The database was begun and could not be finished.
    #[error("the demo was not made; {}", Left(.left.as_ref()))]
    NotMade {
        /// A database that could not be dropped; the next demo of this name drops it.
        left: Option<Ident>,
        /// What went wrong.
        #[source]
        source: Box<Error>,
    },
}

struct By<'a>(Option<&'a Holder>);

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |holder| write!(f, " ({holder})"))
    }
}

struct Left<'a>(Option<&'a Ident>);

impl fmt::Display for Left<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("nothing of it is left"),
            Some(database) => write!(f, "{database} could not be dropped, which the next start does"),
        }
    }
}

impl Error {
    /// What the server or the connection said during a step.
    pub(crate) fn of(step: Step, source: pgkeel_connect::Error) -> Self {
        match disk(source.code()) {
            Some(is_full) => Self::Disk { step, is_full, source: source.into() },
            None => Self::Database { step, source },
        }
    }

    /// What came of the migrations.
    pub(crate) fn of_migrations(source: pgkeel_migrate::Error) -> Self {
        match disk(source.server().map(pgkeel_connect::ServerError::code)) {
            Some(is_full) => Self::Disk { step: Step::Migrate, is_full, source: source.into() },
            None => Self::Migrate(source.into()),
        }
    }

    /// Whether another name, another user or another server mends it.
    #[must_use]
    pub fn is_setting_problem(&self) -> bool {
        match self {
            Self::Name { .. }
            | Self::Exists { .. }
            | Self::Foreign { .. }
            | Self::OtherSchema { .. }
            | Self::MayNotCreate { .. } => true,
            Self::NotMade { source, .. } => source.is_setting_problem(),
            Self::Connect(_)
            | Self::Filling { .. }
            | Self::Running { .. }
            | Self::Migrate(_)
            | Self::Disk { .. }
            | Self::Database { .. }
            | Self::NoAnswer { .. } => false,
        }
    }

    /// Whether another process uses the demo just now.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Filling { .. } | Self::Running { .. })
    }
}

/// Whether the disk is full; `None` if nothing is wrong with it.
fn disk(code: Option<&SqlState>) -> Option<bool> {
    let code = code?;
    let is_full = *code == SqlState::DISK_FULL;
    (is_full || *code == SqlState::IO_ERROR).then_some(is_full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_a_broken_one_and_all_else_are_told_apart() {
        assert_eq!(disk(Some(&SqlState::DISK_FULL)), Some(true));
        assert_eq!(disk(Some(&SqlState::IO_ERROR)), Some(false));
        assert_eq!(disk(Some(&SqlState::OUT_OF_MEMORY)), None);
        assert_eq!(disk(None), None);
    }

    #[test]
    fn a_full_disk_says_what_is_needed_and_that_nothing_is_left() {
        let source = Box::<dyn std::error::Error + Send + Sync>::from("no space left on device");
        let full = Error::Disk { step: Step::Orders, is_full: true, source };
        let text = format!("{full}");
        assert!(
            text.contains("disk is full") && text.contains("writing orders") && text.contains("MB"),
            "{text}"
        );
        let whole = Error::NotMade { left: None, source: full.into() };
        assert_eq!(whole.to_string(), "the demo was not made; nothing of it is left");
        assert!(!whole.is_setting_problem());
    }
}
