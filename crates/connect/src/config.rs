use std::sync::Arc;
use std::time::Duration;

use crate::Credentials;
use crate::address::{self, Address, AddressRule};
use crate::credentials::Provider;
use crate::settings::{
    Origin, Problem, Problems, ProcessEnvironment, Reader, Setting, Settings, positive_duration,
};

static APPLICATION_NAME: Setting<String> = Setting::new("database.application_name", "pgkeel", name)
    .help("NAME", "What this program is called in pg_stat_activity");

static CONNECT_TIMEOUT: Setting<Duration> =
    Setting::new("database.connect_timeout", "10s", positive_duration)
        .help("TIME", "Longest wait for a new connection, from name look-up to the end of authentication");

fn name(text: &str) -> Result<String, String> {
    if text.contains('\0') { Err("has a zero byte".into()) } else { Ok(text.to_owned()) }
}

/// The settings of this crate, for help texts and references.
pub static SETTINGS: &[&crate::settings::About] =
    &[address::URL.about(), APPLICATION_NAME.about(), CONNECT_TIMEOUT.about()];

/// How to open one connection.
#[derive(Debug, Clone)]
pub struct Config {
    address: Address,
    application_name: String,
    connect_timeout: Duration,
    credentials: Option<Provider>,
}

impl Config {
    /// A connection to this address, with all else as the address says or by default: application name `pgkeel`,
    /// 10 s to connect.
    #[must_use]
    pub fn new(address: Address) -> Self {
        let read = |reader: &mut Reader<'_>| Draft::of(reader, None, Some(address.clone()));
        let draft = Settings::new().resolve(read).map(|resolved| resolved.value);
        draft.expect("defaults are without a problem").with_address(address)
    }

    /// As the environment of this process says.
    ///
    /// # Errors
    /// Every setting that cannot be used, or that no database is named.
    pub fn from_env() -> Result<Self, Problems> {
        Self::from_settings(Settings::new().environment(ProcessEnvironment::new()))
    }

    /// As these settings say, which come from wherever the caller took them. What was accepted but does nothing is
    /// logged.
    ///
    /// # Errors
    /// Every setting that cannot be used, or that no database is named.
    pub fn from_settings(settings: Settings) -> Result<Self, Problems> {
        let resolved = settings.resolve(|reader| Draft::read(reader).complete(reader))?;
        for notice in &resolved.notices {
            tracing::info!("{notice}");
        }
        Ok(resolved.value.expect("a draft without a problem is complete"))
    }

    /// The same under another name in `pg_stat_activity`.
    #[must_use]
    pub fn with_application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = name.into();
        self
    }

    /// The same in another database of the same server.
    #[must_use]
    pub fn with_database(mut self, name: &str) -> Self {
        self.address = self.address.with_database(name);
        self
    }

    /// The same with another limit for the whole of connecting.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The same with passwords that are asked for at each connection, instead of the address' own.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = Some(Provider(credentials));
        self
    }

    /// Where the database is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What the connection is called in `pg_stat_activity`.
    #[must_use]
    pub fn application_name(&self) -> &str {
        &self.application_name
    }

    /// The longest that connecting may take, all hosts together.
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    pub(crate) fn credentials(&self) -> Option<&dyn Credentials> {
        self.credentials.as_ref().map(|provider| &*provider.0)
    }
}

/// What the settings say of a connection, before it is certain that they name a database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Draft {
    /// The rule by which the address was found, if one was.
    pub rule: Option<AddressRule>,
    /// The address, if one was found and is without a problem.
    pub address: Option<Address>,
    /// Whether `ENVIRONMENT` says `production`.
    pub production: bool,
    application_name: String,
    connect_timeout: Duration,
}

impl Draft {
    /// Reads all settings of this crate.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let (rule, address) = address::find(reader);
        Self::of(reader, rule, address)
    }

    /// Reads the settings besides the address; one that nobody wrote is as the address has it.
    fn of(reader: &mut Reader<'_>, rule: Option<AddressRule>, address: Option<Address>) -> Self {
        let name = address.as_ref().and_then(Address::application_name).map(str::to_owned);
        let timeout = address.as_ref().and_then(Address::connect_timeout);
        Self {
            rule,
            production: address::is_production(reader),
            application_name: written_or(name, reader, &APPLICATION_NAME),
            connect_timeout: written_or(timeout, reader, &CONNECT_TIMEOUT),
            address,
        }
    }

    /// The configuration, or a noted problem and `None` if no database is named.
    pub fn complete(self, reader: &mut Reader<'_>) -> Option<Config> {
        match self.address.clone() {
            Some(address) => Some(self.with_address(address)),
            None if reader.has_problems() => None,
            None => {
                let reason = format!("no database is named; set one of: {}", AddressRule::ALL);
                reader.problem(Problem::new(address::URL.about().name, Origin::Default, reason));
                None
            }
        }
    }

    /// The configuration with this address.
    #[must_use]
    pub fn with_address(self, address: Address) -> Config {
        let Self { application_name, connect_timeout, rule: _, address: _, production: _ } = self;
        Config { address, application_name, connect_timeout, credentials: None }
    }
}

/// What somebody wrote for the setting, else what the address says, else the default.
fn written_or<T>(in_address: Option<T>, reader: &mut Reader<'_>, setting: &Setting<T>) -> T {
    let written = reader.explicit(setting);
    written.or(in_address).unwrap_or_else(|| reader.get(setting))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(environment: [(&'static str, &'static str); N]) -> Result<Config, String> {
        Config::from_settings(Settings::new().environment(environment)).map_err(|p| p.to_string())
    }

    #[test]
    fn a_setting_wins_over_the_address_and_the_address_over_the_default() {
        let url = ("DATABASE_URL", "postgres://u@h/d?application_name=in_url&connect_timeout=3");
        let config = read([url]).unwrap();
        assert_eq!((config.application_name(), config.connect_timeout()), ("in_url", Duration::from_secs(3)));
        let config = read([url, ("PGKEEL_DATABASE_APPLICATION_NAME", "own")]).unwrap();
        assert_eq!((config.application_name(), config.connect_timeout()), ("own", Duration::from_secs(3)));
        let config = read([("DATABASE_URL", "postgres://u@h/d")]).unwrap();
        assert_eq!(
            (config.application_name(), config.connect_timeout()),
            ("pgkeel", Duration::from_secs(10))
        );
    }

    #[test]
    fn no_database_at_all_lists_the_places() {
        let problem = read([]).unwrap_err();
        assert!(problem.contains("DATABASE_URL;") && problem.contains("DEV_POSTGRES_*"), "{problem}");
    }
}
