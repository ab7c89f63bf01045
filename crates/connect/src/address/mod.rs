//! Where a PostgreSQL is and as whom to enter.

mod assemble;
mod auth_rule;
mod host;
mod host_list;
mod key_value;
mod keyword;
mod password_file;
mod rule;
mod service;
mod target;
mod tls;
mod url;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

pub(crate) use self::auth_rule::{AuthRule, Method};
pub use self::host::{Host, HostName};
pub(crate) use self::password_file::PasswordLines;
pub use self::rule::AddressRule;
pub(crate) use self::rule::{URL, find, is_production};
pub use self::target::TargetSession;
use crate::settings::{Origin, Problems, Settings};
use crate::tls::TlsSettings;

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
    password_file: Option<PasswordLines>,
    options: Option<String>,
    application_name: Option<String>,
    connect_timeout: Option<Duration>,
    keepalive: Keepalive,
    target: TargetSession,
    balances_load: bool,
    require_auth: AuthRule,
    require_peer: Option<String>,
    tls: TlsSettings,
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
    /// An address without a password. TLS is used if the server has it, as with `sslmode=prefer`; for anything else write
    /// the address as text.
    #[must_use]
    pub fn new(host: Host, user: impl Into<String>, database: impl Into<String>) -> Self {
        Self {
            hosts: vec![host],
            user: user.into(),
            database: database.into(),
            password: None,
            password_file: None,
            options: None,
            application_name: None,
            connect_timeout: None,
            keepalive: Keepalive::default(),
            target: TargetSession::Any,
            balances_load: false,
            require_auth: AuthRule::default(),
            require_peer: None,
            tls: TlsSettings::default(),
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

    /// The same, for servers of this kind.
    #[must_use]
    pub fn with_target(mut self, target: TargetSession) -> Self {
        self.target = target;
        self
    }

    /// The hosts; at least one. They are tried in this order, unless `load_balance_hosts=random` shuffles them.
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

    /// Which of the hosts will do.
    #[must_use]
    pub fn target(&self) -> TargetSession {
        self.target
    }

    /// The password, if there is one here; a password file or [`Credentials`](crate::Credentials) may have one besides.
    #[must_use]
    pub fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Server settings sent at start-up, as in `-c search_path=app`.
    #[must_use]
    pub fn options(&self) -> Option<&str> {
        self.options.as_deref()
    }

    /// Where the password is looked for if there is none here.
    pub(crate) fn password_file(&self) -> Option<&PasswordLines> {
        self.password_file.as_ref()
    }

    /// Whether hosts, and the IP addresses of each, are tried in random order.
    pub(crate) fn balances_load(&self) -> bool {
        self.balances_load
    }

    pub(crate) fn require_auth(&self) -> AuthRule {
        self.require_auth.clone()
    }

    /// Which user of this machine the server behind a Unix socket has to be.
    pub(crate) fn require_peer(&self) -> Option<&str> {
        self.require_peer.as_deref()
    }

    /// Whether and how the connection is encrypted.
    pub(crate) fn tls(&self) -> &TlsSettings {
        &self.tls
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
    /// A URL that leads to the same hosts, user and database. What else the address says is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        url::write(f, self)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// A word of a value as it may be shown in a problem: no known one is longer, and what is may have a password in it.
fn harmless(word: &str) -> &str {
    let is_short = word.len() <= 16 && !word.contains(|c: char| c.is_control() || "=@:'\"".contains(c));
    if is_short { word } else { "…" }
}

/// A path as it may be shown in a problem.
fn harmless_path(path: &std::path::Path) -> String {
    let shown = path.to_string_lossy();
    if shown.contains(['=', '@']) { "…".into() } else { shown.into_owned() }
}
