//! What is known about the process: the shared state that answers read.

use std::sync::Arc;

use tokio::time::Instant;

use crate::builder::MonitorBuilder;
use crate::error::Error;
use crate::metrics::{self, HttpMetrics, Source};
use crate::pulse::Pulse;
use crate::readiness::{self, Drain, Phase};
use crate::record::Record;
use crate::sampling::{ClientStatements, DatabaseSampler, Figures};
use crate::standing::{Standing, Subject, Watched};
use crate::view::View;

/// Who is speaking, as answers with details say it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct About {
    /// A name for this service; default `pgkeel`.
    pub service_id: String,
    /// Its version; default the version of this crate.
    pub version: String,
    /// One sentence on what it is.
    pub description: String,
}

impl Default for About {
    fn default() -> Self {
        Self {
            service_id: "pgkeel".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            description: "health of a PostgreSQL data layer".into(),
        }
    }
}

/// What is shown besides the checks.
#[derive(Default)]
pub(crate) struct Exhibits {
    pub(crate) views: Vec<Box<dyn View>>,
    pub(crate) sources: Vec<Box<dyn Source>>,
    pub(crate) statements: Vec<Box<dyn ClientStatements>>,
    pub(crate) sampler: Option<DatabaseSampler>,
}

/// All that is known at this moment; a cheap handle that answers, servers and the application share.
#[derive(Clone)]
pub struct Monitor {
    inner: Arc<Inner>,
}

struct Inner {
    about: About,
    since: Instant,
    watched: Vec<Arc<Watched>>,
    exhibits: Exhibits,
    pulse: Arc<Pulse>,
    drain: Drain,
    http: HttpMetrics,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor")
            .field("phase", &self.phase())
            .field("watched", &self.inner.watched)
            .finish_non_exhaustive()
    }
}

impl Monitor {
    /// Starts collecting what shall be watched and shown.
    pub fn builder() -> MonitorBuilder {
        MonitorBuilder::default()
    }

    pub(crate) fn new(
        about: About,
        watched: Vec<Arc<Watched>>,
        exhibits: Exhibits,
        pulse: Arc<Pulse>,
    ) -> Result<Self, Error> {
        let (since, drain, http) = (Instant::now(), Drain::default(), HttpMetrics::new()?);
        let inner = Inner { about, since, watched, exhibits, pulse, drain, http };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether the process wants traffic now.
    #[must_use]
    pub fn phase(&self) -> Phase {
        if self.inner.drain.has_begun() { Phase::Draining } else { readiness::measured(self.standings()) }
    }

    /// Makes `/ready` answer 503 from now on, while `/live` stays 200.
    ///
    /// [`Server::serve`](crate::Server::serve) does this when its shutdown begins. An application that mounts the
    /// [`Router`](crate::Router) calls it before it stops listening.
    pub fn drain(&self) {
        self.inner.drain.begin();
    }

    /// The latest record of the probe of that name; `None` if there is no such probe.
    #[must_use]
    pub fn record(&self, name: &str) -> Option<Arc<Record>> {
        self.inner.watched.iter().find(|watched| watched.name == name).map(|watched| watched.record())
    }

    /// The `/metrics` page in the Prometheus text format, version 0.0.4.
    #[must_use]
    pub fn metrics_page(&self) -> String {
        metrics::page(self)
    }

    pub(crate) fn about(&self) -> &About {
        &self.inner.about
    }

    pub(crate) fn uptime(&self) -> std::time::Duration {
        self.inner.since.elapsed()
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.inner.pulse
    }

    pub(crate) fn http(&self) -> &HttpMetrics {
        &self.inner.http
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = &dyn View> {
        self.inner.exhibits.views.iter().map(AsRef::as_ref)
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = &dyn Source> {
        self.inner.exhibits.sources.iter().map(AsRef::as_ref)
    }

    pub(crate) fn statements(&self) -> impl Iterator<Item = &dyn ClientStatements> {
        self.inner.exhibits.statements.iter().map(AsRef::as_ref)
    }

    /// The figures of the database, if anybody asks for them.
    pub(crate) fn figures(&self) -> Option<&Figures> {
        self.inner.exhibits.sampler.as_ref().map(DatabaseSampler::figures)
    }

    pub(crate) fn standings(&self) -> impl Iterator<Item = (&Watched, Standing)> {
        let now = Instant::now();
        self.inner.watched.iter().map(move |watched| (watched.as_ref(), watched.standing(now)))
    }

    pub(crate) fn database(&self) -> Option<(&Watched, Standing)> {
        self.standings().find(|(watched, _)| watched.subject == Subject::Database)
    }
}
