//! What a caller may decide, and the few surroundings that defaults are made of.

use std::{ffi::OsString, path::PathBuf};

/// Where binaries, account and data come from; everything has a default.
///
/// [`Options::default`] knows nothing of the environment, not even `PATH` and `HOME`; use
/// [`Options::from_env`] where those should count.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// `pg.bindir` (`PGKEEL_PG_BINDIR`): the only place to take `initdb` and `postgres` from.
    /// Default: the highest supported major of all usual places.
    pub bindir: Option<PathBuf>,
    /// `pg.user` (`PGKEEL_PG_USER`): who runs the server if the caller is root.
    /// Default: `postgres`, else `nobody`.
    pub user: Option<String>,
    /// `pg.data_dir` (`PGKEEL_PG_DATA_DIR`): the directory that holds `data-<major>` and what belongs to it.
    /// Default: `/var/lib/pgkeel` for root, `$XDG_DATA_HOME/pgkeel` (else `~/.local/share/pgkeel`, on macOS
    /// `~/Library/Application Support/pgkeel`) for others, `/var/tmp/pgkeel-<uid>` where that cannot be used.
    pub data_dir: Option<PathBuf>,
    pub(crate) surroundings: Surroundings,
}

/// Variables that belong to the platform rather than to us.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    pub(crate) path: Option<OsString>,
    pub(crate) home: Option<PathBuf>,
    pub(crate) data_home: Option<PathBuf>,
    pub(crate) runtime_dir: Option<PathBuf>,
}

impl Options {
    /// Reads `PGKEEL_PG_BINDIR`, `PGKEEL_PG_USER` and `PGKEEL_PG_DATA_DIR`, and `PATH`, `HOME`,
    /// `XDG_DATA_HOME` and `XDG_RUNTIME_DIR`, out of `lookup`; an empty value counts as not set.
    ///
    /// ```
    /// use pgkeel_localpg::Options;
    ///
    /// let options = Options::from_env(&|name| (name == "PGKEEL_PG_USER").then(|| "postgres".into()));
    /// assert_eq!(options.user.as_deref(), Some("postgres"));
    /// ```
    #[must_use]
    pub fn from_env(lookup: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let path = |name: &str| set(name).map(PathBuf::from);
        Self {
            bindir: path("PGKEEL_PG_BINDIR"),
            user: set("PGKEEL_PG_USER").map(|user| user.to_string_lossy().into_owned()),
            data_dir: path("PGKEEL_PG_DATA_DIR"),
            surroundings: Surroundings {
                path: set("PATH"),
                home: path("HOME"),
                data_home: path("XDG_DATA_HOME").filter(|dir| dir.is_absolute()),
                runtime_dir: path("XDG_RUNTIME_DIR").filter(|dir| dir.is_absolute()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_not_set() {
        let options = Options::from_env(&|_| Some(OsString::new()));
        assert!(options.bindir.is_none() && options.user.is_none() && options.surroundings.path.is_none());
    }

    #[test]
    fn relative_xdg_directories_are_ignored_as_their_specification_says() {
        let options = Options::from_env(&|name| name.starts_with("XDG").then(|| "here".into()));
        assert!(options.surroundings.data_home.is_none() && options.surroundings.runtime_dir.is_none());
    }
}
