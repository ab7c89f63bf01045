//! What the HTTP side counts of itself.

use std::time::Duration;

use prometheus::proto::MetricFamily;
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::error::Error;

/// Answers come from memory: a tenth of a millisecond is usual, a quarter of a second already a problem.
const BUCKETS: [f64; 9] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];

/// The counters of the HTTP side, in a registry of their own: the library's global one belongs to the application.
#[derive(Debug)]
pub(crate) struct HttpMetrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    pub(crate) connections: IntGauge,
    pub(crate) rejected: IntCounter,
    pub(crate) evicted: IntCounter,
}

impl HttpMetrics {
    pub(crate) fn new() -> Result<Self, Error> {
        Self::registered().map_err(|error| Error::Metrics(Box::new(error)))
    }

    fn registered() -> prometheus::Result<Self> {
        let seconds = HistogramOpts::new(
            "pgkeel_http_request_duration_seconds",
            "From the parsed request head to the finished answer.",
        );
        let all = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new(
                    "pgkeel_http_requests_total",
                    "Requests answered, by route, method and status code.",
                ),
                &["route", "method", "code"],
            )?,
            seconds: HistogramVec::new(seconds.buckets(BUCKETS.to_vec()), &["route"])?,
            connections: IntGauge::new("pgkeel_http_connections", "Open connections to the health server.")?,
            rejected: IntCounter::new(
                "pgkeel_http_connections_rejected_total",
                "Connections refused because all others were busy.",
            )?,
            evicted: IntCounter::new(
                "pgkeel_http_connections_evicted_total",
                "Waiting connections closed early to make room for a new one.",
            )?,
        };
        all.registry.register(Box::new(all.requests.clone()))?;
        all.registry.register(Box::new(all.seconds.clone()))?;
        all.registry.register(Box::new(all.connections.clone()))?;
        all.registry.register(Box::new(all.rejected.clone()))?;
        all.registry.register(Box::new(all.evicted.clone()))?;
        Ok(all)
    }

    /// Counts one answer. Both names come from fixed sets, so that no client can invent series.
    pub(crate) fn answered(&self, route: &'static str, method: &'static str, code: u16, took: Duration) {
        self.requests.with_label_values(&[route, method, &code.to_string()]).inc();
        self.seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}
