//! Tells operators whether this process and its database are well: live, ready, health and metrics over HTTP.
//!
//! A database comes in as a [`DatabaseProbe`] (does it answer?) and a [`DatabaseSampler`] (its figures), a pool as a
//! [`PoolWatch`] and a [`PoolProbe`], anything else as a [`Probe`], a [`Source`] or a [`View`] of one's own. It never
//! runs a check or a query while a request waits; a request reads what was gathered before.
//!
//! Read [`Probe`] (a check), [`Record`] (what is remembered of it), [`Scheduler`] (who runs it), [`Monitor`] (what
//! is known), then [`Router`] (who answers) and [`Server`] (who listens). The routes are listed in
//! `http/routes.rs`; each is answered by the file of its name in `answers/`.
//!
//! ```
//! use pgkeel_health::{BoxFuture, Config, Monitor, Outcome, Probe, Router, Server};
//!
//! struct Disk;
//!
//! impl Probe for Disk {
//!     fn name(&self) -> &str {
//!         "disk"
//!     }
//!
//!     fn run(&self) -> BoxFuture<'_, Outcome> {
//!         Box::pin(async { Outcome::pass() })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), pgkeel_health::Error> {
//! let mut config = Config::default();
//! config.listen = ([127, 0, 0, 1], 0).into();
//! let (monitor, scheduler) = Monitor::builder().probe(Disk).build()?;
//! let running = scheduler.spawn();
//! let server = Server::bind(&config, Router::new(monitor)).await?;
//! let report = server.serve(async { /* a signal arrives */ }).await;
//! assert_eq!(report.killed, 0);
//! running.stop().await
//! # }
//! ```
//!
//! # Invariants
//! - A handler is not async: it cannot wait for a database, because it cannot wait for anything.
//! - A slow, hanging or panicking probe is a failed probe, and two runs of one probe never overlap.
//! - `/live` depends on no probe; a database that is down never restarts a process.
//! - Data that grew old count as failed: no page stays green because nobody looked any more.
//! - No text of a driver or a server leaves the process: a failure is a fixed slug.

mod config;
mod settings;
mod probe;
mod record;
mod run;
mod scheduler;
mod standing;
mod readiness;
mod monitor;
mod builder;
mod postgres;
mod sampling;
mod view;
mod metrics;
mod pulse;
mod http;
mod answers;
mod timestamp;
mod error;

pub use self::{
    builder::MonitorBuilder,
    config::{Answers, Config, LegacyStatus},
    error::Error,
    http::{Listing, Report, Router, Server},
    metrics::{Distribution, Family, Labels, Number, Source, counter, gauge, histogram},
    monitor::{About, Monitor},
    postgres::{DatabaseProbe, PoolProbe, PoolWatch},
    probe::{BoxFuture, Outcome, Probe, Schedule, Status, Weight},
    readiness::Phase,
    record::{Record, State},
    run::{Ending, Moment, Run, Runs},
    sampling::{ClientStatements, DatabaseSampler},
    scheduler::{Running, Scheduler},
    settings::SETTINGS,
    view::View,
};
