/// What there is to know of a setting besides its value.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct About {
    /// The one dotted name, as it stands in a TOML file: `pool.size`.
    pub name: &'static str,
    /// Environment variables of older systems that mean the same.
    pub aliases: &'static [&'static str],
    /// What it does, in one line, with its unit.
    pub help: &'static str,
    /// What stands for the value in help texts.
    pub placeholder: &'static str,
    /// The default, as a user would write it; empty if there is none.
    pub default: &'static str,
    /// Whether the value must never be shown. A secret can also be read from the file named by its variable with
    /// `_FILE` behind it.
    pub secret: bool,
}

impl About {
    /// The environment variable: `PGKEEL_POOL_SIZE` for `pool.size`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name.replace('.', "_").to_uppercase())
    }

    /// The command line flag: `--pool-size` for `pool.size`.
    #[must_use]
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace(['.', '_'], "-"))
    }

    /// The part before the first dot.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }
}

/// What the names of our environment variables begin with.
pub(super) const VARIABLE_PREFIX: &str = "PGKEEL_";

/// A setting: one name, one meaning, one default, wherever its value is written.
///
/// ```
/// use pgkeel_connect::settings::{self, Setting};
///
/// static SIZE: Setting<u32> = Setting::new("pool.size", "20", settings::whole_number)
///     .alias(&["DB_POOL_SIZE"])
///     .help("COUNT", "Connections kept open");
///
/// assert_eq!(SIZE.about().variable(), "PGKEEL_POOL_SIZE");
/// assert_eq!(SIZE.about().flag(), "--pool-size");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Setting<T> {
    about: About,
    parse: fn(&str) -> Result<T, String>,
}

impl<T> Setting<T> {
    /// A setting with its default, written as a user would write it, and the parser of its values. An error of the
    /// parser completes the sentence that begins with the value: `is not a whole number`.
    #[must_use]
    pub const fn new(
        name: &'static str,
        default: &'static str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Self {
        let about = About { name, aliases: &[], help: "", placeholder: "VALUE", default, secret: false };
        Self { about, parse }
    }

    /// Environment variables of older systems that mean the same.
    #[must_use]
    pub const fn alias(mut self, variables: &'static [&'static str]) -> Self {
        self.about.aliases = variables;
        self
    }

    /// What stands for the value, and one line of help.
    #[must_use]
    pub const fn help(mut self, placeholder: &'static str, line: &'static str) -> Self {
        self.about.placeholder = placeholder;
        self.about.help = line;
        self
    }

    /// The value is never shown.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.about.secret = true;
        self
    }

    /// All but the value.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    pub(super) fn parse(&self, text: &str) -> Result<T, String> {
        (self.parse)(text)
    }
}
