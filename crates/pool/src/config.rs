use std::time::Duration;

use pgkeel_connect::settings::{Problems, ProcessEnvironment, Settings};
use pgkeel_connect::{Address, Draft as ConnectDraft};

use crate::settings::{self, Draft};

/// How a pool shares connections.
///
/// ```
/// use pgkeel_pool::Config;
///
/// let config = Config::new("postgresql://app@localhost/shop".parse()?);
/// assert_eq!((config.size(), config.max_overflow()), (20, 30));
/// # Ok::<(), pgkeel_connect::settings::Problems>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) connect: pgkeel_connect::Config,
    pub(crate) size: u32,
    pub(crate) max_overflow: u32,
    pub(crate) timeout: Duration,
    pub(crate) recycle: Option<Duration>,
    pub(crate) pre_ping: bool,
    pub(crate) slow_query_threshold: Option<Duration>,
}

impl Config {
    /// A pool for this address, all else by default: size 20, overflow 30, 30 s to wait, an hour of life, sessions
    /// checked.
    #[must_use]
    pub fn new(address: Address) -> Self {
        let draft = Settings::new().resolve(Draft::read).map(|resolved| resolved.value);
        draft.expect("the defaults are without a problem").complete(pgkeel_connect::Config::new(address))
    }

    /// As the environment of this process says: `DATABASE_URL` or what stands for it, `DB_POOL_SIZE` and the others.
    ///
    /// # Errors
    /// Every setting that cannot be used, or that no database is named.
    pub fn from_env() -> Result<Self, Problems> {
        Self::from_settings(Settings::new().environment(ProcessEnvironment::new()))
    }

    /// As these settings say, which come from wherever the caller took them.
    ///
    /// # Errors
    /// Every setting that cannot be used, or that no database is named.
    pub fn from_settings(settings: Settings) -> Result<Self, Problems> {
        let resolved = settings.resolve(|reader| {
            let connect = ConnectDraft::read(reader).complete(reader);
            let pool = Draft::read(reader);
            connect.map(|connect| pool.complete(connect))
        })?;
        for notice in &resolved.notices {
            tracing::info!("{notice}");
        }
        Ok(resolved.value.expect("without a problem the configuration is complete"))
    }

    /// The same with other numbers of sessions: `size` stay open, `max_overflow` more may be opened under load.
    ///
    /// # Errors
    /// That the pool could hold no session at all, or more than 4095.
    pub fn with_size(self, size: u32, max_overflow: u32) -> Result<Self, Problems> {
        Settings::new().resolve(|reader| settings::check_size(reader, size, max_overflow))?;
        Ok(Self { size, max_overflow, ..self })
    }

    /// The same with another limit for the whole of getting a session.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same with another age at which a session is replaced; `None` for never.
    #[must_use]
    pub fn with_recycle(self, recycle: Option<Duration>) -> Self {
        Self { recycle, ..self }
    }

    /// The same with sessions checked before they are handed out, or not.
    #[must_use]
    pub fn with_pre_ping(self, pre_ping: bool) -> Self {
        Self { pre_ping, ..self }
    }

    /// The same with another time from which a statement counts as slow; `None` for never.
    #[must_use]
    pub fn with_slow_query_threshold(self, slow_query_threshold: Option<Duration>) -> Self {
        Self { slow_query_threshold, ..self }
    }

    /// How a connection is opened.
    #[must_use]
    pub fn connect(&self) -> &pgkeel_connect::Config {
        &self.connect
    }

    /// How many sessions stay open once they were needed.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// How many more may be open under load.
    #[must_use]
    pub fn max_overflow(&self) -> u32 {
        self.max_overflow
    }

    /// The longest that getting a session may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The age at which a session is replaced.
    #[must_use]
    pub fn recycle(&self) -> Option<Duration> {
        self.recycle
    }

    /// Whether a session that has rested is checked before it is handed out.
    #[must_use]
    pub fn pre_ping(&self) -> bool {
        self.pre_ping
    }

    /// From when on a statement counts as slow.
    #[must_use]
    pub fn slow_query_threshold(&self) -> Option<Duration> {
        self.slow_query_threshold
    }
}
