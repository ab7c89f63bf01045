use std::collections::BTreeMap;
use std::fmt;
#[cfg(feature = "config-file")]
use std::path::Path;

use super::{Effective, Environment, Origin, Problem, Problems, Reader};

/// The places where values of settings are looked for.
///
/// ```
/// use pgkeel_connect::settings::{self, Setting, Settings};
///
/// static SIZE: Setting<u32> = Setting::new("pool.size", "20", settings::whole_number).alias(&["DB_POOL_SIZE"]);
///
/// let settings = Settings::new().environment([("DB_POOL_SIZE", "-1")]);
/// let problems = settings.resolve(|reader| reader.get(&SIZE)).unwrap_err();
/// assert_eq!(
///     problems.to_string(),
///     "wrong setting: pool.size (environment variable DB_POOL_SIZE): \
///      `-1` is not a whole number from 0 to 4294967295",
/// );
/// ```
#[derive(Default)]
pub struct Settings {
    pub(super) code: BTreeMap<String, String>,
    pub(super) flags: BTreeMap<String, String>,
    pub(super) environment: Option<Box<dyn Environment>>,
    pub(super) file: BTreeMap<String, (String, Origin)>,
    pub(super) whole: bool,
    pub(super) beside: &'static [&'static str],
    problems: Vec<Problem>,
}

impl Settings {
    /// No place at all: every setting has its default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A value set by the program, under the setting's dotted name. Wins over all others.
    #[must_use]
    pub fn set(mut self, name: &str, value: &dyn ToString) -> Self {
        self.code.insert(name.to_owned(), value.to_string());
        self
    }

    /// A value given by a flag, under the setting's dotted name.
    #[must_use]
    pub fn flag(mut self, name: &str, value: impl Into<String>) -> Self {
        self.flags.insert(name.to_owned(), value.into());
        self
    }

    /// Look at environment variables, usually at [`ProcessEnvironment`](super::ProcessEnvironment).
    #[must_use]
    pub fn environment(mut self, environment: impl Environment + 'static) -> Self {
        self.environment = Some(Box::new(environment));
        self
    }

    /// Look at a TOML file. What is wrong with it is reported by [`resolve`](Self::resolve).
    #[cfg(feature = "config-file")]
    #[must_use]
    pub fn file(mut self, path: &Path, named_by: &Origin) -> Self {
        match super::file::read(path, named_by) {
            Ok((values, problems)) => {
                self.file = values;
                self.problems.extend(problems);
            }
            Err(problem) => self.problems.push(problem),
        }
        self
    }

    /// Refuse every name that no setting has, in all sections.
    ///
    /// Without this, only sections are checked from which something is read, as a library does not know the settings
    /// of the program around it.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Variables that begin so are no settings, and not refused as unknown ones.
    #[must_use]
    pub fn beside(mut self, prefixes: &'static [&'static str]) -> Self {
        self.beside = prefixes;
        self
    }

    /// Takes the values with `read` and hands out what it made of them, if nothing was wrong.
    ///
    /// # Errors
    /// Every setting that cannot be used as it is.
    pub fn resolve<T>(mut self, read: impl FnOnce(&mut Reader<'_>) -> T) -> Result<Resolved<T>, Problems> {
        let problems = std::mem::take(&mut self.problems);
        let mut reader = Reader::new(&self, problems);
        let value = read(&mut reader);
        let (effective, notices) = reader.finish()?;
        Ok(Resolved { value, effective, notices })
    }
}

impl fmt::Debug for Settings {
    /// The names that are set, never their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("code", &self.code.keys())
            .field("flags", &self.flags.keys())
            .field("environment", &self.environment.is_some())
            .field("file", &self.file.keys())
            .finish_non_exhaustive()
    }
}

/// What was made of the settings, and what a person may want to know of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Resolved<T> {
    /// What was made of the settings.
    pub value: T,
    /// Every setting that was read, with the value that won; secrets masked.
    pub effective: Vec<Effective>,
    /// Things that were accepted but do nothing, in whole sentences without a final stop.
    pub notices: Vec<String>,
}

impl<T> Resolved<T> {
    /// The same with something else made of it.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Resolved<U> {
        let Self { value, effective, notices } = self;
        Resolved { value: make(value), effective, notices }
    }
}
