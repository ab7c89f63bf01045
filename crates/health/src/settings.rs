//! The settings of this crate, read into a [`Config`].

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::num::NonZeroUsize;
use std::time::Duration;

use pgkeel_connect::settings::{About, Reader, Setting, duration, duration_or_off, positive_duration};

use crate::config::{Answers, Config, LegacyStatus};

static LISTEN: Setting<SocketAddr> = Setting::new("health.listen", "127.0.0.1:8080", address)
    .help("ADDRESS", "Where HTTP is served; anything but loopback hides details");

static MAX_CONNECTIONS: Setting<NonZeroUsize> =
    Setting::new("health.max_connections", "256", at_least_one).help("COUNT", "HTTP connections at a time");

static HEADER_TIMEOUT: Setting<Duration> = Setting::new("health.header_timeout", "10s", positive_duration)
    .help("TIME", "How long a request's head may take to arrive, and an idle connection is kept");

static REQUEST_TIMEOUT: Setting<Duration> = Setting::new("health.request_timeout", "5s", positive_duration)
    .help("TIME", "How long the rest of a request may take to arrive, and its answer to be taken");

static DRAIN_DELAY: Setting<Duration> = Setting::new("health.drain_delay", "0s", duration)
    .help("TIME", "How long /ready says no before the server stops listening");

static DRAIN_TIMEOUT: Setting<Duration> = Setting::new("health.drain_timeout", "10s", duration)
    .help("TIME", "How long requests under way may take at the end");

static LEGACY_STATUS: Setting<LegacyStatus> = Setting::new("health.legacy_status", "503", legacy_status)
    .help("503|200", "The status code of an unhealthy /health");

/// The same alias as the pool's: one old name for what was one thing.
static SLOW_QUERY_THRESHOLD: Setting<Option<Duration>> =
    Setting::new("health.slow_query_threshold", "1.0s", duration_or_off)
        .alias(&["SLOW_QUERY_THRESHOLD"])
        .help("TIME|off", "Statements of which a run took as long on the server are listed as slow");

/// The settings of this crate, for help texts and references.
pub static SETTINGS: [&About; 8] = [
    LISTEN.about(),
    MAX_CONNECTIONS.about(),
    HEADER_TIMEOUT.about(),
    REQUEST_TIMEOUT.about(),
    DRAIN_DELAY.about(),
    DRAIN_TIMEOUT.about(),
    LEGACY_STATUS.about(),
    SLOW_QUERY_THRESHOLD.about(),
];

impl Config {
    /// Reads all settings of this crate.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            listen: reader.get(&LISTEN),
            max_connections: reader.get(&MAX_CONNECTIONS),
            header_timeout: reader.get(&HEADER_TIMEOUT),
            drain_delay: reader.get(&DRAIN_DELAY),
            drain_timeout: reader.get(&DRAIN_TIMEOUT),
            slow_query_threshold: reader.get(&SLOW_QUERY_THRESHOLD),
            answers: Answers {
                request_timeout: reader.get(&REQUEST_TIMEOUT),
                legacy_status: reader.get(&LEGACY_STATUS),
                ..Answers::default()
            },
            ..Self::default()
        }
    }
}

/// An IP address and port; `:8080` and `8080` are on 127.0.0.1, `localhost` is looked up.
fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    if let Ok(port) = text.trim_start_matches(':').parse() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    match text.parse() {
        Ok(address) => Ok(address),
        Err(_) if text.starts_with("localhost:") => {
            let found = text.to_socket_addrs().ok().and_then(|mut found| found.next());
            found.ok_or_else(|| "names localhost, which this machine does not know".into())
        }
        Err(_) => Err("is not an IP address with a port, such as 127.0.0.1:8080 or [::]:8080".into()),
    }
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.trim().parse().map_err(|_| "is not a whole number of 1 or more".into())
}

fn legacy_status(text: &str) -> Result<LegacyStatus, String> {
    match text.trim() {
        "503" => Ok(LegacyStatus::Honest),
        "200" => Ok(LegacyStatus::Always200),
        _ => Err("is neither 503 nor 200".into()),
    }
}

#[cfg(test)]
mod tests {
    use pgkeel_connect::settings::Settings;

    use super::*;

    fn read<const N: usize>(environment: [(&'static str, &'static str); N]) -> Result<Config, String> {
        let resolved = Settings::new().environment(environment).resolve(Config::read);
        resolved.map(|resolved| resolved.value).map_err(|problems| problems.to_string())
    }

    #[test]
    fn the_written_defaults_are_those_of_the_types() {
        assert_eq!(read([]).unwrap(), Config::default());
    }

    #[test]
    fn the_old_name_of_the_threshold_takes_bare_seconds() {
        let read = |text| read([("SLOW_QUERY_THRESHOLD", text)]).unwrap().slow_query_threshold;
        assert_eq!((read("0.25"), read("off")), (Some(Duration::from_millis(250)), None));
    }

    #[test]
    fn addresses_are_read_in_their_usual_forms() {
        for (text, meant) in [("9000", "127.0.0.1:9000"), (":9000", "127.0.0.1:9000"), ("[::]:1", "[::]:1")] {
            assert_eq!(read([("PGKEEL_HEALTH_LISTEN", text)]).unwrap().listen.to_string(), meant);
        }
        for wrong in ["example.test:80", "127.0.0.1", "127.0.0.1:99999", "99999"] {
            assert!(read([("PGKEEL_HEALTH_LISTEN", wrong)]).unwrap_err().contains(wrong));
        }
    }
}
