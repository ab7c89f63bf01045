//! Probes, sources and views that do what a test says.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use pgkeel_connect::{Address, Config};
use pgkeel_health::{
    BoxFuture, ClientStatements, DatabaseSampler, Family, Monitor, MonitorBuilder, Outcome, Probe, Router,
    Running, Schedule, Source, Status, View, Weight,
};
use pgkeel_pool::SlowQuery;
use serde_json::{Value, json};

use crate::client::{Answer, get};

/// What a fake probe does at each run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Pass,
    Warn,
    Fail,
    Hang,
    Panic,
}

/// A probe on a string.
#[derive(Clone)]
pub(crate) struct Puppet {
    name: &'static str,
    pub(crate) weight: Weight,
    pub(crate) schedule: Schedule,
    act: Arc<ArcSwap<Act>>,
    at_once: Arc<AtomicUsize>,
    pub(crate) most_at_once: Arc<AtomicUsize>,
}

impl Puppet {
    pub(crate) fn new(name: &'static str, act: Act) -> Self {
        Self {
            name,
            weight: Weight::Required,
            schedule: Schedule::default(),
            act: Arc::new(ArcSwap::from_pointee(act)),
            at_once: Arc::default(),
            most_at_once: Arc::default(),
        }
    }

    pub(crate) fn advisory(mut self) -> Self {
        self.weight = Weight::Advisory;
        self
    }

    pub(crate) fn now(&self, act: Act) {
        self.act.store(Arc::new(act));
    }
}

/// Counts runs that are under way, also when they are dropped.
struct Under(Arc<AtomicUsize>);

impl Drop for Under {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Probe for Puppet {
    fn name(&self) -> &str {
        self.name
    }

    fn schedule(&self) -> Schedule {
        self.schedule
    }

    fn weight(&self) -> Weight {
        self.weight
    }

    fn run(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async {
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            let _under = Under(Arc::clone(&self.at_once));
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            let act = **self.act.load();
            match act {
                Act::Pass => Outcome::pass().with_facts(json!({ "server_version": "18.1" })),
                Act::Warn => Outcome::warn("slow"),
                Act::Fail => Outcome::fail("db_unreachable"),
                Act::Hang => pending().await,
                Act::Panic => panic!("a probe panics"),
            }
        })
    }
}

/// A view with a fixed verdict; a status of `None` panics.
pub(crate) struct FixedView(pub(crate) &'static str, pub(crate) Option<Status>);

impl View for FixedView {
    fn name(&self) -> &str {
        self.0
    }

    fn json(&self) -> (Status, Value) {
        (self.1.expect("a view panics"), json!({ "size": 4, "idle": 3 }))
    }
}

/// A source that delivers what it is told.
pub(crate) struct FixedSource(pub(crate) &'static str, pub(crate) fn() -> Vec<Family>);

impl Source for FixedSource {
    fn name(&self) -> &str {
        self.0
    }

    fn families(&self) -> Vec<Family> {
        (self.1)()
    }
}

/// A router that shows details, over running probes.
pub(crate) fn running(builder: MonitorBuilder) -> (Router, Running) {
    let (monitor, scheduler) = builder.build().expect("usable names");
    let router = Router::new(monitor).showing_details(true);
    (router, scheduler.spawn())
}

/// Waits until every named probe has a result.
pub(crate) async fn results(router: &Router, names: &[&str]) {
    until("every probe has a result", || {
        names.iter().all(|name| router.monitor().record(name).expect("known").last_run.is_some())
    })
    .await;
}

/// Polls until the condition holds, within a generous deadline.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still waiting until {what}");
}

/// A monitor without probes.
pub(crate) fn idle() -> Router {
    let (monitor, _scheduler) = Monitor::builder().build().expect("nothing to refuse");
    Router::new(monitor).showing_details(true)
}

/// A database, its sampler, and a router over both that shows details. Nobody runs the sampler but the test.
pub(crate) struct Sampled {
    pub(crate) sampler: DatabaseSampler,
    pub(crate) router: Router,
}

impl Sampled {
    pub(crate) fn of(address: Address, threshold: Duration) -> Self {
        Self::with(Monitor::builder(), address, threshold)
    }

    pub(crate) fn with(builder: MonitorBuilder, address: Address, threshold: Duration) -> Self {
        let sampler = DatabaseSampler::new(Config::new(address), Some(threshold));
        let (monitor, _scheduler) = builder.sampler(sampler.clone()).build().expect("usable names");
        Self { sampler, router: Router::new(monitor).showing_details(true) }
    }

    /// What a path under `/database/` says.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        get(&self.router, &format!("/api/v1/health/database/{path}")).await
    }
}

/// Slow statements that somebody wrote down.
pub(crate) struct FixedStatements(pub(crate) Vec<SlowQuery>);

impl ClientStatements for FixedStatements {
    fn name(&self) -> &'static str {
        "main"
    }

    fn slow_queries(&self) -> Vec<SlowQuery> {
        self.0.clone()
    }
}
