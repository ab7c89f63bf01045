//! The heartbeat of the process: one tick a second, which also reads the process's own figures.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::metrics::{Family, process};

/// Also the age of the process figures at most, so that a rate over a scrape interval is not skewed.
const EVERY: Duration = Duration::from_secs(1);

/// A runtime that has not run a one-second task for this long is stuck, and restarting it is right.
const DEAD_AFTER: Duration = Duration::from_secs(10);

/// Whether the background tasks are being run at all.
#[derive(Clone, Copy, Debug)]
enum Beat {
    /// The scheduler was not spawned yet, or was stopped on purpose: no sign of a stuck runtime.
    Resting,
    At(Instant),
}

/// The latest heartbeat and the process's figures of that moment.
#[derive(Debug)]
pub(crate) struct Pulse {
    beat: ArcSwap<Beat>,
    process: ArcSwap<Vec<Family>>,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self { beat: ArcSwap::from_pointee(Beat::Resting), process: ArcSwap::default() }
    }

    /// Ticks until dropped; then the pulse rests, so that a stopped scheduler does not look like a stuck one.
    pub(crate) async fn beat(self: Arc<Self>) {
        let _resting_at_the_end = RestOnDrop(Arc::clone(&self));
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.beat.store(Arc::new(Beat::At(Instant::now())));
            // Listing open files may touch thousands of entries, which is no work for a runtime thread.
            if let Ok(families) = tokio::task::spawn_blocking(process::families).await {
                self.process.store(Arc::new(families));
            }
        }
    }

    /// How old the latest heartbeat is; `None` while the pulse rests.
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        match **self.beat.load() {
            Beat::Resting => None,
            Beat::At(then) => Some(now.saturating_duration_since(then)),
        }
    }

    pub(crate) fn is_alive(&self, now: Instant) -> bool {
        self.age(now).is_none_or(|age| age <= DEAD_AFTER)
    }

    pub(crate) fn process_families(&self) -> Arc<Vec<Family>> {
        self.process.load_full()
    }
}

struct RestOnDrop(Arc<Pulse>);

impl Drop for RestOnDrop {
    fn drop(&mut self) {
        self.0.beat.store(Arc::new(Beat::Resting));
    }
}
