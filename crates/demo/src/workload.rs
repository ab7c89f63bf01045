//! The shop at work: shoppers, a warehouse, reports, and the occasional mishap.
//!
//! Nine tasks take turns on one pool, about 30 to 60 statements a second with BEGIN and COMMIT. Nothing that they do grows
//! without end: [`orders`] and [`cashier`] state the bounds. Read [`actor`] for how a task lives, [`shop`] for what
//! all of them share, then the roles.

mod actor;
mod shop;
mod gate;
mod pace;
mod backoff;
mod trouble;
mod tally;
mod report;
mod shopper;
mod orders;
mod cashier;
mod packer;
mod parcels;
mod reporter;
mod portion;
mod mishaps;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pgkeel_pool::Pool;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use self::report::Report;

use self::actor::work;
use self::cashier::Cashier;
use self::mishaps::Mishaps;
use self::pace::Pace;
use self::packer::Packer;
use self::parcels::Parcels;
use self::reporter::Reporter;
use self::shop::Shop;
use self::shopper::Shopper;

const SHOPPERS: usize = 4;

/// How long what is under way at a pause is waited for: longer than the longest report may take.
const REST_WITHIN: Duration = Duration::from_secs(10);

/// How long what is under way at the end is waited for, before it is dropped.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// The shop at work on a pool, until it is stopped or dropped.
///
/// An outage, a restart, a server that only reads or a full pool do not end it: every task backs off and tries again. That is
/// logged once when it begins and once when it is over. Dropping it drops what is under way; the pool rolls that back.
pub struct Workload {
    shop: Arc<Shop>,
    tasks: JoinSet<()>,
}

impl Workload {
    /// Starts the work. The schema of `migrations/` has to be there; rows need not.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn start(pool: Pool) -> Self {
        Self::start_faster(pool, 1)
    }

    /// The same with every pause this many times shorter, so that tests need not wait.
    #[doc(hidden)]
    #[must_use]
    pub fn start_faster(pool: Pool, times: u32) -> Self {
        let shop = Arc::new(Shop::new(pool, Pace::faster(times)));
        let mut tasks = JoinSet::new();
        for _ in 0..SHOPPERS {
            tasks.spawn(work(Arc::clone(&shop), Shopper::default()));
        }
        let parcels = Arc::<Parcels>::default();
        tasks.spawn(work(Arc::clone(&shop), Packer::careful(Arc::clone(&parcels))));
        tasks.spawn(work(Arc::clone(&shop), Packer::quick(parcels)));
        tasks.spawn(work(Arc::clone(&shop), Cashier::default()));
        tasks.spawn(work(Arc::clone(&shop), Reporter::new(shop.slow_from())));
        tasks.spawn(work(Arc::clone(&shop), Mishaps::default()));
        Self { shop, tasks }
    }

    /// Lets nobody begin anything more. What is under way goes on to its end: see [`rested`](Self::rested).
    pub fn pause(&self) {
        self.shop.gate.pause();
    }

    /// Lets everyone go on.
    pub fn resume(&self) {
        self.shop.gate.resume();
    }

    /// Whether it was paused; something may still be under way.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.shop.gate.is_paused()
    }

    /// After a [`pause`](Self::pause), waits at most 10 s until nothing is under way and every session is back and clean.
    /// Whether it came to that. The server's statistics views can lag another 10 s behind.
    ///
    /// # Cancellation
    /// Dropping the future stops the waiting.
    pub async fn rested(&self) -> bool {
        timeout(REST_WITHIN, async {
            self.shop.gate.rested().await;
            while self.shop.pool.stats().resetting > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .is_ok()
    }

    /// What was done so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.shop.report()
    }

    /// Ends the work: what is under way may come to its end within 5 s, and is dropped then.
    ///
    /// # Cancellation
    /// Dropping the future drops what is under way.
    pub async fn stop(mut self) -> Report {
        self.shop.gate.stop();
        let mut panicked = 0;
        let ended = timeout(STOP_WITHIN, panics(&mut self.tasks, &mut panicked)).await;
        let aborted = if ended.is_ok() { 0 } else { self.tasks.len() as u64 };
        self.tasks.shutdown().await;
        let mut report = self.report();
        report.failures += panicked;
        report.aborted = aborted;
        report
    }
}

/// Waits for all tasks, and counts those that panicked.
async fn panics(tasks: &mut JoinSet<()>, panicked: &mut u64) {
    while let Some(ended) = tasks.join_next().await {
        *panicked += u64::from(ended.is_err());
    }
}

impl fmt::Debug for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workload")
            .field("is_paused", &self.is_paused())
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}
