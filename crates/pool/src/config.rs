use std::time::Duration;

use pgkeel_connect::settings::{Problems, ProcessEnvironment, Settings};
use pgkeel_connect::{Address, Draft as ConnectDraft};

use crate::settings::Draft;
use crate::{Hooks, PoolerMode, Reset};

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
    pub(crate) draft: Draft,
    pub(crate) hooks: Hooks,
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
    /// That the pool could hold no session at all, more than 4095, or fewer than `pool.min_idle`.
    pub fn with_size(self, size: u32, max_overflow: u32) -> Result<Self, Problems> {
        self.with(|draft| Draft { size, max_overflow, ..draft })
    }

    /// The same with this many sessions kept free for whoever comes next; by default none are.
    ///
    /// # Errors
    /// That they are more than stay open.
    pub fn with_min_idle(self, min_idle: u32) -> Result<Self, Problems> {
        self.with(|draft| Draft { min_idle, ..draft })
    }

    fn with(self, change: impl FnOnce(Draft) -> Draft) -> Result<Self, Problems> {
        let draft = change(self.draft);
        Settings::new().resolve(|reader| draft.check(reader))?;
        Ok(Self { draft, ..self })
    }
}

/// Makes for each setting that fits with every other a method that changes it and one that tells it.
macro_rules! settings {
    ($($(#[doc = $set:literal])+ $with:ident, $(#[doc = $get:literal])+ $name:ident: $type:ty;)+) => {
        impl Config {
            $(
                $(#[doc = $set])+
                #[must_use]
                pub fn $with(mut self, $name: $type) -> Self {
                    self.draft.$name = $name;
                    self
                }

                $(#[doc = $get])+
                #[must_use]
                pub fn $name(&self) -> $type {
                    self.draft.$name
                }
            )+
        }
    };
}

settings! {
    /// The same with another limit for the whole of getting a session.
    with_timeout,
    /// The longest that getting a session may take.
    timeout: Duration;

    /// The same with another age at which a session is replaced; `None` for never.
    with_recycle,
    /// The age at which a session is replaced.
    recycle: Option<Duration>;

    /// The same with another time after which a session that nobody used is closed; `None`, the default, for never.
    with_idle_timeout,
    /// When a session that nobody used is closed.
    idle_timeout: Option<Duration>;

    /// The same with another time for which an overflow session stays when it comes back. The default, zero, closes it
    /// at once, as SQLAlchemy does; a second or two saves connecting again and again under a load that comes and goes.
    with_overflow_linger,
    /// How long an overflow session stays when it comes back.
    overflow_linger: Duration;

    /// The same with another number of callers who may wait, also for a connection that is being opened; 10 000 by
    /// default, and at least 1.
    with_max_waiting,
    /// How many callers may wait.
    max_waiting: u32;

    /// The same with another number of connections that are opened at the same time: 4 by default, and at least 1.
    with_connect_concurrency,
    /// How many connections are opened at the same time.
    connect_concurrency: u32;

    /// The same with another number of failures in a row after which callers are told at once that connecting does not
    /// work: 3 by default, and at least 1.
    with_connect_attempts,
    /// After how many failures in a row callers are told at once.
    connect_attempts: u32;

    /// The same with sessions checked before they are handed out, or not.
    with_pre_ping,
    /// Whether a session that has rested is checked before it is handed out.
    pre_ping: bool;

    /// The same with another time in which a session that is checked has to answer; a second by default.
    with_ping_timeout,
    /// The time in which a session that is checked has to answer.
    ping_timeout: Duration;

    /// The same behind a pooler of another kind; [`PoolerMode::Session`] by default. Of a pool that is there it counts for
    /// connections that are opened from then on.
    with_pooler,
    /// What kind of pooler there is between the pool and the server.
    pooler: PoolerMode;

    /// The same with another number of prepared statements that each session keeps for the next time, the most recently
    /// used ones; 256 by default, 0 keeps none.
    with_statement_cache,
    /// How many prepared statements each session keeps.
    statement_cache: u32;

    /// The same with another time after which a session that is held is told of in the log, with the place in the code
    /// that took it; `None`, the default, for never.
    with_leak_threshold,
    /// When a session that is held is told of.
    leak_threshold: Option<Duration>;

    /// The same with another time from which a statement counts as slow; `None` for never.
    with_slow_query_threshold,
    /// From when on a statement counts as slow.
    slow_query_threshold: Option<Duration>;

    /// The same with statements watched, which is the default, or not: timed by kind ([`Pool::statement_stats`]), the slow
    /// ones kept ([`Pool::slow_queries`]) and logged, and a `tracing` span of each where somebody listens to the target
    /// `pgkeel_pool::statement` at level DEBUG. Of a pool that is there [`Pool::reload`] switches it; a session that is in
    /// use follows when it comes back.
    ///
    /// [`Pool::statement_stats`]: crate::Pool::statement_stats
    /// [`Pool::slow_queries`]: crate::Pool::slow_queries
    /// [`Pool::reload`]: crate::Pool::reload
    with_monitoring,
    /// Whether statements are watched.
    monitoring: bool;

    /// The same with every statement logged when it has ended, at level INFO of the target `pgkeel_pool::echo`: its text
    /// without values, the types of its parameters, how long it took and how many rows it gave. Off by default; switched as
    /// [`with_monitoring`](Self::with_monitoring) is.
    with_sql_echo,
    /// Whether every statement is logged.
    sql_echo: bool;
}

impl Config {
    /// The same with connections opened in another way.
    #[must_use]
    pub fn with_connect(self, connect: pgkeel_connect::Config) -> Self {
        Self { connect, ..self }
    }

    /// The same with these things done at the turns of a session's life.
    #[must_use]
    pub fn with_hooks(self, hooks: Hooks) -> Self {
        Self { hooks, ..self }
    }

    /// The same with sessions cleaned in another way when they come back; [`Reset::Smart`] by default.
    #[must_use]
    pub fn with_reset(mut self, reset: Reset) -> Self {
        self.draft.reset = reset;
        self
    }

    /// How sessions are cleaned when they come back. Behind a pooler in transaction mode they are rolled back at most.
    #[must_use]
    pub fn reset(&self) -> Reset {
        self.reset_of(self.pooler() == PoolerMode::Transaction)
    }

    /// How a session is cleaned that leads to a pooler in transaction mode, or does not: as it was when it was opened, whatever
    /// is asked for now.
    pub(crate) fn reset_of(&self, leads_to_pooler: bool) -> Reset {
        match self.draft.reset {
            Reset::Smart | Reset::DiscardAll if leads_to_pooler => Reset::Rollback,
            reset => reset,
        }
    }

    /// Whether such a session that came back, though nothing is open on it, is cleaned.
    pub(crate) fn cleans(&self, leads_to_pooler: bool, has_traces: bool) -> bool {
        self.hooks.after_release.is_some() || self.reset_of(leads_to_pooler).undoes(has_traces)
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// How a connection is opened.
    #[must_use]
    pub fn connect(&self) -> &pgkeel_connect::Config {
        &self.connect
    }

    /// How many sessions stay open once they were needed.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.draft.size
    }

    /// How many more may be open under load.
    #[must_use]
    pub fn max_overflow(&self) -> u32 {
        self.draft.max_overflow
    }

    pub(crate) fn most(&self) -> u32 {
        self.draft.size + self.draft.max_overflow
    }

    /// How many sessions are kept free for whoever comes next.
    #[must_use]
    pub fn min_idle(&self) -> u32 {
        self.draft.min_idle
    }
}
