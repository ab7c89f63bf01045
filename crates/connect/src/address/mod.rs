//! Where a PostgreSQL is and as whom to enter.

mod assemble;
mod host;
mod host_list;
mod key_value;
mod keyword;
mod rule;
mod url;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

pub use self::host::{Host, HostName};
pub use self::rule::AddressRule;
pub(crate) use self::rule::{URL, find, is_production};
use crate::settings::{Origin, Problems, Settings};

/// Where a PostgreSQL is and as whom to enter: a list of hosts, a user, a database.
///
/// Parsed from a libpq URL (`postgresql://user:password@host:5432/database?connect_timeout=5`), from key=value pairs
/// (`host=a user=b dbname=c`), or from the URLs of SQLAlchemy (`postgresql+asyncpg://…`). `Debug` and `Display` never
/// show the password.
///
/// ```
/// let address: pgkeel_connect::Address = "postgresql+asyncpg://app:s3cret@db.test/shop".parse()?;
/// assert_eq!(address.to_string(), "postgresql://app@db.test:5432/shop");
/// # Ok::<(), pgkeel_connect::settings::Problems>(())
/// ```
#[derive(Clone)]
pub struct Address {
    hosts: Vec<Host>,
    user: String,
    database: String,
    password: Option<SecretString>,
    options: Option<String>,
    application_name: Option<String>,
    connect_timeout: Option<Duration>,
    keepalive: Keepalive,
}

/// How the operating system watches an idle TCP connection. What is `None` is the system's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Keepalive {
    pub(crate) off: bool,
    pub(crate) idle: Option<Duration>,
    pub(crate) interval: Option<Duration>,
    pub(crate) count: Option<u32>,
    pub(crate) user_timeout: Option<Duration>,
}

impl Address {
    /// An address without a password.
    #[must_use]
    pub fn new(host: Host, user: impl Into<String>, database: impl Into<String>) -> Self {
        Self {
            hosts: vec![host],
            user: user.into(),
            database: database.into(),
            password: None,
            options: None,
            application_name: None,
            connect_timeout: None,
            keepalive: Keepalive::default(),
        }
    }

    /// The same with a password.
    #[must_use]
    pub fn with_password(mut self, password: SecretString) -> Self {
        self.password = Some(password);
        self
    }

    /// The same with another database.
    #[must_use]
    pub fn with_database(mut self, database: impl Into<String>) -> Self {
        self.database = database.into();
        self
    }

    /// The hosts, in the order in which they are tried; at least one.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The password, if there is one.
    #[must_use]
    pub fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Server settings sent at start-up, as in `-c search_path=app`.
    #[must_use]
    pub fn options(&self) -> Option<&str> {
        self.options.as_deref()
    }

    pub(crate) fn application_name(&self) -> Option<&str> {
        self.application_name.as_deref()
    }

    pub(crate) fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout
    }

    pub(crate) fn keepalive(&self) -> Keepalive {
        self.keepalive
    }
}

impl FromStr for Address {
    type Err = Problems;

    /// Reads the text alone; environment variables fill nothing in.
    fn from_str(text: &str) -> Result<Self, Problems> {
        let read = |reader: &mut crate::settings::Reader<'_>| assemble::read(reader, text, &Origin::Code);
        let address = Settings::new().resolve(read)?.value;
        Ok(address.expect("an address without a problem is whole"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgresql://{}@", self.user)?;
        for (position, host) in self.hosts.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{host}")?;
        }
        write!(f, "/{}", self.database)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}
