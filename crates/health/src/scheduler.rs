//! Runs every probe in a task of its own, and keeps the pulse of the process.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, error::Elapsed, interval, timeout};

use crate::error::Error;
use crate::probe::{Outcome, Probe};
use crate::pulse::Pulse;
use crate::record::{Record, State};
use crate::run::{Moment, Run};
use crate::standing::Watched;

/// How long [`Running::stop`] waits for tasks that were told to end. Each ends at its next await, so only a probe
/// that blocks its thread needs any of it.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// The probes of a [`Monitor`](crate::Monitor), not yet running.
///
/// It owns them, and [`spawn`](Self::spawn) consumes it, so no probe can be scheduled twice.
#[must_use = "no probe runs until `spawn` is called"]
pub struct Scheduler {
    pub(crate) jobs: Vec<Job>,
    pub(crate) pulse: Arc<Pulse>,
}

/// A probe and the place where its record goes.
pub(crate) struct Job {
    pub(crate) probe: Box<dyn Probe>,
    pub(crate) watched: Arc<Watched>,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.jobs.iter().map(|job| job.watched.name.as_str());
        f.debug_list().entries(names).finish()
    }
}

impl Scheduler {
    /// Starts every probe at once, each in a task of its own.
    ///
    /// # Panics
    /// Outside a tokio runtime, or in one without its timer.
    pub fn spawn(self) -> Running {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.pulse.beat());
        for job in self.jobs {
            tasks.spawn(job.repeat());
        }
        Running { tasks }
    }
}

impl Job {
    async fn repeat(self) {
        let mut ticks = interval(self.watched.schedule.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let run = self.once().await;
            let before = self.watched.record();
            let after = before.after(run, &self.watched.schedule);
            let changed = after.clone();
            self.watched.replace(after);
            log_change(&self.watched.name, &before, &changed);
        }
    }

    /// The call that makes the future stands inside the caught block too: it may panic as well.
    async fn once(&self) -> Run {
        let started = Instant::now();
        let guarded = AssertUnwindSafe(async { self.probe.run().await }).catch_unwind();
        let ended = timeout(self.watched.schedule.timeout, guarded).await;
        classify(ended, Moment::now(), started.elapsed())
    }
}

fn classify(ended: Result<std::thread::Result<Outcome>, Elapsed>, at: Moment, took: Duration) -> Run {
    match ended {
        Ok(Ok(outcome)) => Run::answered(at, took, outcome),
        Ok(Err(_panic)) => Run::panicked(at, took),
        Err(_elapsed) => Run::timed_out(at, took),
    }
}

fn log_change(name: &str, before: &Record, after: &Record) {
    if before.state == after.state {
        return;
    }
    let (state, output) = (after.state.word(), after.last_run.as_ref().and_then(|run| run.output));
    match after.state {
        State::Down => tracing::warn!(check = name, state, output, "check changed its state"),
        State::Starting | State::Up => tracing::info!(check = name, state, "check changed its state"),
    }
}

/// The probes at work; dropping it stops them too, without waiting.
#[derive(Debug)]
#[must_use = "dropping it stops all probes"]
pub struct Running {
    tasks: JoinSet<()>,
}

impl Running {
    /// Ends all tasks and waits until they are gone. Runs under way are dropped at their next await.
    ///
    /// # Errors
    /// [`Error::StopTimeout`] if a probe blocks its thread for longer than 5 s; its task ends when it lets go.
    ///
    /// # Cancellation
    /// All tasks have been told to end as soon as this is first polled; only the waiting is cut short.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.tasks.abort_all();
        let gone = timeout(STOP_LIMIT, async { while self.tasks.join_next().await.is_some() {} }).await;
        gone.map_err(|_elapsed| Error::StopTimeout { tasks: self.tasks.len(), waited: STOP_LIMIT })
    }
}
