//! How the server listens and what it refuses; the values are already checked types where a type can do it.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::error::Error;

/// Below this the HTTP library cannot hold a request head at all.
const LEAST_HEADER_LIMIT: usize = 8192;

/// Where the server listens, what it bears, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Address and port; default `127.0.0.1:8080`, port 0 takes a free one. Answers carry details only where this
    /// is a loopback address. Behind a proxy on the same machine everyone is local: do not forward to it blindly.
    pub listen: SocketAddr,
    /// Connections at a time; default 256, so that the health port cannot eat the file descriptors that the
    /// database connections need. Beyond it the connection that waits longest without a request makes room.
    pub max_connections: NonZeroUsize,
    /// For a whole request head, and thereby for an idle kept connection too; default 10 s.
    pub header_timeout: Duration,
    /// Bytes of request line and headers together; default 16 KiB, at least 8 KiB. More gets a 431 and the end.
    pub header_limit: usize,
    /// How long the server goes on answering, no longer ready, before it stops listening; default 0. Set it to the
    /// time that load balancers need to notice.
    pub drain_delay: Duration,
    /// How long requests under way may take once it has stopped listening; default 10 s.
    pub drain_timeout: Duration,
    /// From when on a statement counts as slow, to give to a [`DatabaseSampler`](crate::DatabaseSampler); default 1 s,
    /// `None` for never.
    pub slow_query_threshold: Option<Duration>,
    /// How requests are answered.
    pub answers: Answers,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            max_connections: NonZeroUsize::MIN.saturating_add(255),
            header_timeout: Duration::from_secs(10),
            header_limit: 16 * 1024,
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(10),
            slow_query_threshold: Some(Duration::from_secs(1)),
            answers: Answers::default(),
        }
    }
}

impl Config {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |setting, problem| Err(Error::Setting { setting, problem });
        if self.header_limit < LEAST_HEADER_LIMIT {
            return refuse("health.header_limit", "must be at least 8192 bytes");
        }
        if self.header_timeout.is_zero() {
            return refuse("health.header_timeout", "must not be zero: no request could ever arrive");
        }
        if self.answers.request_timeout.is_zero() {
            return refuse("health.request_timeout", "must not be zero: no request could ever be read");
        }
        Ok(())
    }
}

/// How requests are answered, on the own server and where the router is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answers {
    /// For the rest of a request to arrive, and for a client to take the next bytes of its answer; default 5 s.
    pub request_timeout: Duration,
    /// Bytes of a request body that are read and thrown away; default 16 KiB. More gets a 413 and the end.
    pub body_limit: usize,
    /// Bytes of path and query; default 8 KiB. More gets a 414.
    pub uri_limit: usize,
    /// The status code of `/health` when the database is disconnected.
    pub legacy_status: LegacyStatus,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(5),
            body_limit: 16 * 1024,
            uri_limit: 8 * 1024,
            legacy_status: LegacyStatus::Honest,
        }
    }
}

/// Which status code an unhealthy `/health` has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LegacyStatus {
    /// 503, as every other answer.
    #[default]
    Honest,
    /// 200, for old clients that read the body and treat any other code as an outage of the endpoint.
    Always200,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_by_the_name_of_its_setting() {
        let small = Config { header_limit: 100, ..Config::default() };
        assert!(matches!(small.check(), Err(Error::Setting { setting: "health.header_limit", .. })));
        let never = Config { header_timeout: Duration::ZERO, ..Config::default() };
        assert!(matches!(never.check(), Err(Error::Setting { setting: "health.header_timeout", .. })));
        assert!(Config::default().check().is_ok());
    }
}
