//! What deadpool stores: a connection with what the pool knows of it, and how one is made and made ready again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use pgkeel_connect::{Connection, TransactionStatus, dial};

use crate::counts::{Counts, Place, State};
use crate::progress::{self, Step};
use crate::slow::SlowQueries;
use crate::stats::Totals;
use crate::{Config, Error, PoolStats};

/// A session that came back less than this ago is handed out unchecked: it was alive just now.
/// `HikariCP` has the same 500 ms (`aliveBypassWindowMs`).
const FRESH: Duration = Duration::from_millis(500);

/// How long a check may take before the session counts as dead.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) connection: Connection,
    pub(crate) place: Place,
    born: Instant,
    returned: Instant,
    /// Whether the server may still have something to say: a statement failed, or was dropped before its end. Until
    /// the connection has settled its transaction status is not exact.
    unsettled: AtomicBool,
    /// How long the present holder waited for it.
    pub(crate) waited: Duration,
    slow: Arc<SlowQueries>,
}

impl Slot {
    fn new(connection: Connection, place: Place, slow: Arc<SlowQueries>) -> Self {
        let now = Instant::now();
        let (unsettled, waited) = (AtomicBool::new(false), Duration::ZERO);
        Self { connection, place, born: now, returned: now, unsettled, waited, slow }
    }

    /// Notes how long a statement took.
    pub(crate) fn ran(&self, sql: &str, took: Duration, failed: bool) {
        self.slow.note(sql, took, self.waited, failed);
    }

    pub(crate) fn unsettle(&self) {
        self.unsettled.store(true, Ordering::Relaxed);
    }

    /// The exact transaction status, for one round trip if it is not known.
    pub(crate) async fn settled_status(&self) -> Result<TransactionStatus, pgkeel_connect::Error> {
        if self.unsettled.load(Ordering::Relaxed) {
            self.connection.settle().await?;
            self.unsettled.store(false, Ordering::Relaxed);
        }
        Ok(self.connection.transaction_status())
    }

    /// Whether it can be handed on as it is.
    pub(crate) fn is_clean(&self) -> bool {
        !self.unsettled.load(Ordering::Relaxed)
            && self.connection.transaction_status() == TransactionStatus::Idle
            && !self.connection.is_closed()
    }

    /// Rests in the pool unless enough others do.
    pub(crate) fn rest_unless(&mut self, idle_most: u32) -> bool {
        self.returned = Instant::now();
        self.place.rest_unless(idle_most)
    }

    pub(crate) fn is_too_old(&self, recycle: Option<Duration>) -> bool {
        recycle.is_some_and(|age| self.born.elapsed() >= age)
    }
}

/// Makes slots for deadpool.
#[derive(Debug)]
pub(crate) struct SlotManager {
    pub(crate) config: Config,
    pub(crate) counts: Arc<Counts>,
    pub(crate) totals: Totals,
    pub(crate) slow: Arc<SlowQueries>,
}

impl SlotManager {
    pub(crate) fn new(config: Config, counts: Arc<Counts>) -> Self {
        let slow = Arc::new(SlowQueries::over(config.slow_query_threshold()));
        Self { config, counts, totals: Totals::default(), slow }
    }

    /// The pool at this moment.
    pub(crate) fn stats(&self) -> PoolStats {
        PoolStats::of(&self.config, self.counts.snapshot(), &self.totals)
    }
}

impl Manager for SlotManager {
    type Type = Slot;
    type Error = Error;

    async fn create(&self) -> Result<Slot, Error> {
        progress::enter(Step::Connect);
        let mut place = Place::take(&self.counts, State::Connecting);
        match dial(self.config.connect()).await {
            Ok(connection) => {
                self.totals.connects.add_one();
                place.move_to(State::InUse);
                Ok(Slot::new(connection, place, Arc::clone(&self.slow)))
            }
            Err(error) => {
                self.totals.connect_failures.add_one();
                Err(Error::Connect(error))
            }
        }
    }

    async fn recycle(&self, slot: &mut Slot, _: &Metrics) -> RecycleResult<Error> {
        progress::enter(Step::Check);
        slot.place.move_to(State::InUse);
        let refused = if slot.connection.is_closed() {
            self.totals.lost.add_one();
            Some("the connection is closed")
        } else if !slot.is_clean() {
            // Only a runtime that shut down while it was being cleaned lets one come back like this.
            Some("the session is not clean")
        } else if slot.is_too_old(self.config.recycle()) {
            self.totals.recycled.add_one();
            Some("the session has reached its age")
        } else if self.config.pre_ping() && slot.returned.elapsed() >= FRESH && !is_alive(slot).await {
            self.totals.lost.add_one();
            Some("the session did not answer")
        } else {
            None
        };
        refused.map_or(Ok(()), |reason| Err(RecycleError::message(reason)))
    }
}

async fn is_alive(slot: &Slot) -> bool {
    matches!(tokio::time::timeout(PING_TIMEOUT, slot.connection.settle()).await, Ok(Ok(())))
}
