//! The one error type of this crate.

use std::{fmt::Write as _, io, path::PathBuf, time::Duration};

use crate::{Installation, NotFetched};

/// What failed, at which step, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no PostgreSQL of a supported major version on this machine.
    #[error("{}", no_binaries(*wanted, looked, unsupported, not_fetched, install))]
    NoBinaries {
        /// The major version that was asked for.
        wanted: Option<u32>,
        /// The directories that were searched, in order; none if only a fetched one would have done.
        looked: Vec<PathBuf>,
        /// What was found, but of other major versions.
        unsupported: Vec<Installation>,
        /// Why it was not fetched.
        not_fetched: NotFetched,
        /// The command that installs PostgreSQL on this platform.
        install: &'static str,
    },

    /// `pg.bindir` names a directory without usable binaries.
    #[error("pg.bindir (PGKEEL_PG_BINDIR) is {}, but {reason}", path.display())]
    BadBindir {
        /// The directory as given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A setting has a value that means nothing.
    #[error("{setting} is {value:?}, not {expected}")]
    BadSetting {
        /// Its name, and that of its variable.
        setting: &'static str,
        /// The value as given.
        value: String,
        /// What could stand there.
        expected: &'static str,
    },

    /// `pg.pins` names a file that does not say what to fetch.
    #[error("pg.pins (PGKEEL_PG_PINS) is {}, but {reason}", path.display())]
    BadPins {
        /// The file as given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Somebody else could change the binaries in the cache, which we would run.
    #[error(
        "{} belongs to somebody else or is writable for others, so what is in it cannot be trusted; \
         mend it (chown, chmod go-w), or name another place in pg.cache_dir (PGKEEL_PG_CACHE_DIR)", path.display()
    )]
    OpenCache {
        /// The cache directory.
        path: PathBuf,
    },

    /// The caller is root and there is nobody to run the server as.
    #[error(
        "PostgreSQL does not run as root, and none of these users exists: {}; \
         name an ordinary user in pg.user (PGKEEL_PG_USER)", tried.join(", ")
    )]
    UserNotFound {
        /// The names that were tried, in order.
        tried: Vec<String>,
    },

    /// `pg.user` names somebody the server cannot be run as.
    #[error("pg.user (PGKEEL_PG_USER) is {user}, but {reason}")]
    UserRefused {
        /// The name as given.
        user: String,
        /// Why not.
        reason: &'static str,
    },

    /// The database user cannot pass through a directory on the way to the data or to fetched binaries.
    #[error("{user} cannot enter {}; open it (chmod o+x), or name another place in {setting}", path.display())]
    Untraversable {
        /// The directory that stops the user.
        path: PathBuf,
        /// Who runs the server.
        user: String,
        /// The setting that can name another place, and its variable.
        setting: &'static str,
    },

    /// The database user cannot write to the base directory.
    #[error(
        "{user} cannot write to {}; give it to that user (chown), or name another place in pg.data_dir \
         (PGKEEL_PG_DATA_DIR)", path.display()
    )]
    NotWritable {
        /// The base directory.
        path: PathBuf,
        /// Who runs the server.
        user: String,
    },

    /// A directory in a place open to everybody belongs to somebody else or is open to others.
    #[error("{} is not a private directory of {user} (owner and mode 0700); remove it", path.display())]
    NotPrivate {
        /// The directory.
        path: PathBuf,
        /// Who should own it.
        user: String,
    },

    /// `pg.data_dir` is itself a data directory.
    #[error(
        "pg.data_dir (PGKEEL_PG_DATA_DIR) is {}, which is itself a data directory of PostgreSQL {found}; \
         name the directory above, in which data-{wanted} will be kept for PostgreSQL {wanted}", path.display()
    )]
    BaseIsCluster {
        /// The directory as given.
        path: PathBuf,
        /// The major version of the data in it.
        found: String,
        /// The major version of the binaries.
        wanted: u32,
    },

    /// A data directory holds another major version than its name says.
    #[error(
        "{} was made by PostgreSQL {found}, not {wanted}; under pg.data_dir (PGKEEL_PG_DATA_DIR) data-{wanted} \
         must be of PostgreSQL {wanted}: rename it to data-{found}, or name another pg.data_dir", path.display()
    )]
    OtherMajor {
        /// The data directory.
        path: PathBuf,
        /// The major version of the data in it.
        found: String,
        /// The major version its name says.
        wanted: u32,
    },

    /// There are data, but no binaries of the major version that made them.
    #[error("{}", data_without_binaries(data_dir, *major, found, not_fetched))]
    DataWithoutBinaries {
        /// The data directory of the highest major version.
        data_dir: PathBuf,
        /// The major version of the data.
        major: u32,
        /// The binaries that were found.
        found: Vec<Installation>,
        /// Why those were not fetched.
        not_fetched: NotFetched,
    },

    /// `initdb` refused to make a data directory.
    #[error("initdb failed ({exit}): {output}")]
    Initdb {
        /// Its exit status.
        exit: String,
        /// What it printed.
        output: String,
    },

    /// The server ended before it was ready.
    #[error("the server did not start; {} ends with: {tail}", log.display())]
    StartFailed {
        /// The server log.
        log: PathBuf,
        /// Its last lines, of this start only.
        tail: String,
    },

    /// The server was not ready in time; it has been told to stop.
    #[error("the server was not ready within {waited:?}; {} ends with: {tail}", log.display())]
    StartTimeout {
        /// How long was waited.
        waited: Duration,
        /// The server log.
        log: PathBuf,
        /// Its last lines, of this start only.
        tail: String,
    },

    /// A server did not end in time.
    #[error("the server in {} (process {pid}) did not end within {waited:?}", data_dir.display())]
    StopTimeout {
        /// Its data directory.
        data_dir: PathBuf,
        /// Its process id.
        pid: u32,
        /// How long was waited.
        waited: Duration,
    },

    /// A server that was killed is still in the process table, where PostgreSQL takes it for alive.
    #[error(
        "process {pid} of the last server has ended, but nobody has collected it for {waited:?}; \
         give the container a first process that does (docker run --init), or restart it"
    )]
    Uncollected {
        /// Its process id.
        pid: u32,
        /// How long was waited.
        waited: Duration,
    },

    /// Another process held a lock for too long.
    #[error("{} stayed locked by another process for {waited:?}", path.display())]
    LockTimeout {
        /// The lock file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },

    /// No TCP port of our range was free.
    #[error("none of {tried} ports between 20000 and 29999 was free on 127.0.0.1")]
    NoFreePort {
        /// How many were tried.
        tried: u32,
    },

    /// A helper program failed.
    #[error("could not {step} ({exit}): {output}")]
    Command {
        /// What it was for.
        step: &'static str,
        /// Its exit status.
        exit: String,
        /// What it printed.
        output: String,
    },

    /// A helper program did not finish in time, and was killed.
    #[error("could not {step} within {waited:?}")]
    CommandTimeout {
        /// What it was for.
        step: &'static str,
        /// How long was waited.
        waited: Duration,
    },

    /// The operating system refused something.
    #[error("could not {step} {}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On which file or program.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },

    /// Private servers need Unix sockets, FIFOs and signals.
    #[error("a private PostgreSQL is not supported on this platform; name a server in the database address")]
    UnsupportedPlatform,
}

impl Error {
    /// Whether the operator mends it by a setting or an installation; a program should exit with code 2.
    #[must_use]
    pub fn is_setting_problem(&self) -> bool {
        match self {
            // No wildcard: a new variant must decide.
            Self::NoBinaries { .. }
            | Self::BadBindir { .. }
            | Self::BadSetting { .. }
            | Self::BadPins { .. }
            | Self::OpenCache { .. }
            | Self::UserNotFound { .. }
            | Self::UserRefused { .. }
            | Self::Untraversable { .. }
            | Self::NotWritable { .. }
            | Self::NotPrivate { .. }
            | Self::BaseIsCluster { .. }
            | Self::OtherMajor { .. }
            | Self::DataWithoutBinaries { .. }
            | Self::UnsupportedPlatform => true,
            Self::Initdb { .. }
            | Self::StartFailed { .. }
            | Self::StartTimeout { .. }
            | Self::StopTimeout { .. }
            | Self::Uncollected { .. }
            | Self::LockTimeout { .. }
            | Self::NoFreePort { .. }
            | Self::Command { .. }
            | Self::CommandTimeout { .. }
            | Self::Io { .. } => false,
        }
    }

    #[cfg(unix)]
    pub(crate) fn io(step: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { step, path, source }
    }
}

fn no_binaries(
    wanted: Option<u32>,
    looked: &[PathBuf],
    unsupported: &[Installation],
    not_fetched: &NotFetched,
    install: &str,
) -> String {
    let wanted = wanted.map_or_else(|| "14 to 18".to_owned(), |major| major.to_string());
    let place = if looked.is_empty() { "in the cache" } else { "on this machine" };
    let mut text = format!("no PostgreSQL {wanted} {place}");
    if !unsupported.is_empty() {
        let _ = write!(text, " (found only {})", list(unsupported));
    }
    if !looked.is_empty() {
        let looked: Vec<_> = looked.iter().map(|path| path.display().to_string()).collect();
        let _ = write!(text, "; looked in {}", looked.join(", "));
    }
    let _ = write!(
        text,
        "; {not_fetched}; install it with `{install}`, or name its directory in pg.bindir (PGKEEL_PG_BINDIR)"
    );
    text
}

fn data_without_binaries(
    data_dir: &std::path::Path,
    major: u32,
    found: &[Installation],
    not_fetched: &NotFetched,
) -> String {
    let found = if found.is_empty() { "nothing".to_owned() } else { format!("only {}", list(found)) };
    format!(
        "{} holds data of PostgreSQL {major}, but {found} was found; {not_fetched}; install PostgreSQL \
         {major}, or dump the data with it and restore them under another pg.data_dir (PGKEEL_PG_DATA_DIR)",
        data_dir.display(),
    )
}

fn list(found: &[Installation]) -> String {
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Version;

    fn installation(version: &str) -> Installation {
        let version = Version::parse(&format!("postgres (PostgreSQL) {version}")).expect("a version");
        Installation::new("/opt/pg/bin".into(), version)
    }

    #[test]
    fn missing_binaries_say_where_they_were_sought_and_how_to_install_them() {
        let error = Error::NoBinaries {
            wanted: None,
            looked: vec!["/usr/bin".into()],
            unsupported: vec![installation("13.9")],
            not_fetched: NotFetched::Never,
            install: "apt-get install -y postgresql",
        };
        let shown = error.to_string();
        for part in
            ["/usr/bin", "13.9 in /opt/pg/bin", "PGKEEL_PG_FETCH", "apt-get install", "PGKEEL_PG_BINDIR"]
        {
            assert!(shown.contains(part), "{part} is missing from: {shown}");
        }
        assert!(error.is_setting_problem());
    }

    #[test]
    fn data_of_a_major_without_binaries_name_both_sides() {
        let error = Error::DataWithoutBinaries {
            data_dir: "/srv/data-14".into(),
            major: 14,
            found: vec![installation("17.2")],
            not_fetched: NotFetched::Never,
        };
        let shown = error.to_string();
        for part in ["/srv/data-14", "PostgreSQL 14", "17.2", "PGKEEL_PG_DATA_DIR"] {
            assert!(shown.contains(part), "{part} is missing from: {shown}");
        }
    }
}
