//! The settings of this crate, read into a [`Config`].

use std::time::Duration;

use pgkeel_connect::settings::{
    About, Problem, Reader, Setting, duration, duration_or_off, positive_duration, whole_number, yes_or_no,
};

use crate::counts::MOST_SESSIONS;
use crate::{Config, Hooks, PoolerMode, Reset};

static SIZE: Setting<u32> = Setting::new("pool.size", "20", whole_number)
    .alias(&["DB_POOL_SIZE"])
    .help("COUNT", "Sessions that are kept open once they were needed; 0 keeps none");

static MAX_OVERFLOW: Setting<u32> =
    Setting::new("pool.max_overflow", "30", whole_number).alias(&["DB_MAX_OVERFLOW"]).help(
        "COUNT",
        "Sessions beyond pool.size that may be opened under load and are closed when they come back",
    );

static TIMEOUT: Setting<Duration> = Setting::new("pool.timeout", "30s", positive_duration)
    .alias(&["DB_POOL_TIMEOUT"])
    .help("TIME", "Longest wait for a session, with checking it and connecting");

static RECYCLE: Setting<Option<Duration>> = Setting::new("pool.recycle", "3600s", duration_or_off)
    .alias(&["DB_POOL_RECYCLE"])
    .help("TIME|off", "Age at which a session is replaced, up to a tenth sooner, one after the other");

static MIN_IDLE: Setting<u32> = Setting::new("pool.min_idle", "0", whole_number)
    .help("COUNT", "Sessions that are kept free for whoever comes next; at most pool.size");

static IDLE_TIMEOUT: Setting<Option<Duration>> = Setting::new("pool.idle_timeout", "off", duration_or_off)
    .help("TIME|off", "Time after which a session that nobody used is closed, down to pool.min_idle");

static OVERFLOW_LINGER: Setting<Duration> = Setting::new("pool.overflow_linger", "0s", duration).help(
    "TIME",
    "Time for which a session beyond pool.size stays open when it comes back; 0 closes it at once",
);

static MAX_WAITING: Setting<u32> = Setting::new("pool.max_waiting", "10000", positive_number)
    .help("COUNT", "Callers that may wait for a session; more are turned away at once");

static CONNECT_CONCURRENCY: Setting<u32> = Setting::new("pool.connect_concurrency", "4", number_of_sessions)
    .help("COUNT", "Connections that are opened at the same time");

static CONNECT_ATTEMPTS: Setting<u32> = Setting::new("pool.connect_attempts", "3", positive_number)
    .help("COUNT", "Failures in a row after which callers are told at once that connecting does not work");

static PING_TIMEOUT: Setting<Duration> = Setting::new("pool.ping_timeout", "1s", positive_duration)
    .help("TIME", "Time in which a session that is checked has to answer");

static PRE_PING: Setting<bool> = Setting::new("pool.pre_ping", "true", yes_or_no)
    .alias(&["DB_POOL_PRE_PING"])
    .help("true|false", "Whether a session that has rested is checked before it is handed out");

static RESET: Setting<Reset> = Setting::new("pool.reset", "smart", str::parse)
    .help("none|rollback|smart|discard-all", "How a session is cleaned when it comes back");

static POOLER: Setting<PoolerMode> = Setting::new("pool.pooler", "session", str::parse).help(
    "session|transaction",
    "Whether the address is that of a pooler such as PgBouncer in transaction mode",
);

static STATEMENT_CACHE: Setting<u32> = Setting::new("pool.statement_cache", "256", whole_number)
    .help("COUNT", "Prepared statements that each session keeps for the next time; 0 keeps none");

static LEAK_THRESHOLD: Setting<Option<Duration>> =
    Setting::new("pool.leak_threshold", "off", duration_or_off)
        .help("TIME|off", "Time after which a session that is held is told of, with the place that took it");

static SLOW_QUERY_THRESHOLD: Setting<Option<Duration>> =
    Setting::new("pool.slow_query_threshold", "1.0s", duration_or_off)
        .alias(&["SLOW_QUERY_THRESHOLD"])
        .help("TIME|off", "Statements that take as long are kept, without their values, and logged");

static MONITORING: Setting<bool> = Setting::new("pool.monitoring", "true", yes_or_no)
    .alias(&["MONITORING_ENABLED"])
    .help("true|false", "Whether statements are timed by kind, slow ones kept, and spans of them made");

static SQL_ECHO: Setting<bool> = Setting::new("pool.sql_echo", "false", yes_or_no)
    .alias(&["SQL_ECHO"])
    .help("true|false", "Whether every statement is logged when it has ended, without its values");

/// The settings of this crate, for help texts and references. Those of the connection are
/// [`pgkeel_connect::SETTINGS`].
pub static SETTINGS: &[&About] = &[
    SIZE.about(),
    MAX_OVERFLOW.about(),
    TIMEOUT.about(),
    RECYCLE.about(),
    MIN_IDLE.about(),
    IDLE_TIMEOUT.about(),
    OVERFLOW_LINGER.about(),
    MAX_WAITING.about(),
    CONNECT_CONCURRENCY.about(),
    CONNECT_ATTEMPTS.about(),
    PRE_PING.about(),
    PING_TIMEOUT.about(),
    RESET.about(),
    POOLER.about(),
    STATEMENT_CACHE.about(),
    LEAK_THRESHOLD.about(),
    SLOW_QUERY_THRESHOLD.about(),
    MONITORING.about(),
    SQL_ECHO.about(),
];

fn positive_number(text: &str) -> Result<u32, String> {
    match whole_number(text)? {
        0 => Err("must be at least 1".into()),
        number => Ok(number),
    }
}

fn number_of_sessions(text: &str) -> Result<u32, String> {
    match positive_number(text)? {
        number if number > MOST_SESSIONS => Err(format!("must be at most {MOST_SESSIONS}")),
        number => Ok(number),
    }
}

/// What the settings say of a pool, before it is known where its connections go.
#[derive(Debug, Clone, Copy)]
pub struct Draft {
    pub(crate) size: u32,
    pub(crate) max_overflow: u32,
    pub(crate) timeout: Duration,
    pub(crate) recycle: Option<Duration>,
    pub(crate) min_idle: u32,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) overflow_linger: Duration,
    pub(crate) max_waiting: u32,
    pub(crate) connect_concurrency: u32,
    pub(crate) connect_attempts: u32,
    pub(crate) pre_ping: bool,
    pub(crate) ping_timeout: Duration,
    pub(crate) reset: Reset,
    pub(crate) pooler: PoolerMode,
    pub(crate) statement_cache: u32,
    pub(crate) leak_threshold: Option<Duration>,
    pub(crate) slow_query_threshold: Option<Duration>,
    pub(crate) monitoring: bool,
    pub(crate) sql_echo: bool,
}

impl Draft {
    /// Reads all settings of this crate.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let draft = Self {
            size: reader.get(&SIZE),
            max_overflow: reader.get(&MAX_OVERFLOW),
            timeout: reader.get(&TIMEOUT),
            recycle: reader.get(&RECYCLE),
            min_idle: reader.get(&MIN_IDLE),
            idle_timeout: reader.get(&IDLE_TIMEOUT),
            overflow_linger: reader.get(&OVERFLOW_LINGER),
            max_waiting: reader.get(&MAX_WAITING),
            connect_concurrency: reader.get(&CONNECT_CONCURRENCY),
            connect_attempts: reader.get(&CONNECT_ATTEMPTS),
            pre_ping: reader.get(&PRE_PING),
            ping_timeout: reader.get(&PING_TIMEOUT),
            reset: reader.get(&RESET),
            pooler: reader.get(&POOLER),
            statement_cache: reader.get(&STATEMENT_CACHE),
            leak_threshold: reader.get(&LEAK_THRESHOLD),
            slow_query_threshold: reader.get(&SLOW_QUERY_THRESHOLD),
            monitoring: reader.get(&MONITORING),
            sql_echo: reader.get(&SQL_ECHO),
        };
        draft.check(reader);
        draft
    }

    /// The configuration of a pool whose connections are opened so.
    #[must_use]
    pub fn complete(self, connect: pgkeel_connect::Config) -> Config {
        Config { connect, draft: self, hooks: Hooks::new() }
    }

    /// Notes as problems what single settings cannot know: a pool without a session, or with more than can be counted,
    /// and more free sessions than stay open.
    pub(crate) fn check(&self, reader: &mut Reader<'_>) {
        let most = u64::from(self.size) + u64::from(self.max_overflow);
        if most == 0 || most > u64::from(MOST_SESSIONS) {
            let reason =
                format!("with pool.max_overflow it makes {most} sessions; a pool has 1 to {MOST_SESSIONS}");
            let origin = reader.origin(SIZE.about());
            reader.problem(Problem::new(SIZE.about().name, origin, reason));
        }
        if self.min_idle > self.size {
            let reason = format!("is more than the {} sessions of pool.size that stay open", self.size);
            let origin = reader.origin(MIN_IDLE.about());
            reader.problem(Problem::new(MIN_IDLE.about().name, origin, reason));
        }
    }
}

#[cfg(test)]
mod tests {
    use pgkeel_connect::settings::Settings;

    use super::*;

    fn read<const N: usize>(environment: [(&'static str, &'static str); N]) -> Result<Config, String> {
        Config::from_settings(Settings::new().environment(environment))
            .map_err(|problems| problems.to_string())
    }

    const URL: (&str, &str) = ("DATABASE_URL", "postgres://u@h/d");

    #[test]
    fn the_variables_of_the_older_system_are_read() {
        let config = read([
            URL,
            ("DB_POOL_SIZE", "5"),
            ("DB_MAX_OVERFLOW", "0"),
            ("DB_POOL_TIMEOUT", "2.5"),
            ("DB_POOL_RECYCLE", "-1"),
        ]);
        let config = config.unwrap();
        assert_eq!((config.size(), config.max_overflow()), (5, 0));
        assert_eq!((config.timeout(), config.recycle()), (Duration::from_millis(2500), None));
    }

    #[test]
    fn every_wrong_setting_is_reported_at_once() {
        let problems = read([("DB_POOL_SIZE", "-1"), ("DB_POOL_TIMEOUT", "soon"), ("PGKEEL_POOL_SISE", "3")]);
        let problems = problems.unwrap_err();
        for part in ["DB_POOL_SIZE", "DB_POOL_TIMEOUT", "did you mean PGKEEL_POOL_SIZE?"] {
            assert!(problems.contains(part), "{problems}");
        }
    }

    #[test]
    fn numbers_that_no_pool_can_work_with_are_refused() {
        for wrong in [
            ("PGKEEL_POOL_MAX_WAITING", "0"),
            ("PGKEEL_POOL_CONNECT_CONCURRENCY", "0"),
            ("PGKEEL_POOL_CONNECT_CONCURRENCY", "2147483648"),
            ("PGKEEL_POOL_CONNECT_ATTEMPTS", "0"),
        ] {
            assert!(read([URL, wrong]).unwrap_err().contains(wrong.0), "{wrong:?}");
        }
    }

    #[test]
    fn a_pool_without_sessions_is_refused() {
        assert!(
            read([URL, ("DB_POOL_SIZE", "0"), ("DB_MAX_OVERFLOW", "0")])
                .unwrap_err()
                .contains("makes 0 sessions")
        );
        assert!(read([URL, ("DB_POOL_SIZE", "4000")]).is_ok());
        assert!(Config::new("postgres://u@h/d".parse().unwrap()).with_size(4096, 0).is_err());
    }
}
