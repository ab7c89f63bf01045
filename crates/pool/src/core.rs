//! What all handles of one pool share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use deadpool::unmanaged;
use tokio::runtime::Handle;

use crate::breaker::Breaker;
use crate::counts::{Counts, MOST_SESSIONS, State};
use crate::lifetime::Retirement;
use crate::open::Gate;
use crate::slot::Slot;
use crate::slow::SlowQueries;
use crate::stats::Totals;
use crate::{Config, PoolStats};

/// A session out of the store: dropped as it is, it goes back.
pub(crate) type Object = unmanaged::Object<Box<Slot>>;

/// Whether sessions are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    Open,
    Paused,
    Closed,
}

pub(crate) struct Core {
    /// The free sessions, and the queue of those who wait for one: first come, first served. The session that came back
    /// last is the first to go out, so that few server processes stay warm instead of all growing cold.
    pub(crate) store: unmanaged::Pool<Box<Slot>>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) config: ArcSwap<Config>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) retirement: Retirement,
    pub(crate) totals: Totals,
    pub(crate) slow: SlowQueries,
    /// Whether the task that looks after the pool runs.
    pub(crate) is_kept: AtomicBool,
    /// Whether sessions that have rested are being checked because one was found dead.
    pub(crate) is_inspecting: AtomicBool,
    generation: AtomicU64,
    phase: AtomicU8,
}

impl Core {
    pub(crate) fn new(config: Config) -> Arc<Self> {
        Arc::new(Self {
            store: unmanaged::Pool::new(MOST_SESSIONS as usize),
            counts: Arc::default(),
            breaker: Breaker::new(config.connect_attempts()),
            gate: Gate::new(config.connect_concurrency()),
            retirement: Retirement::default(),
            totals: Totals::default(),
            slow: SlowQueries::over(config.slow_query_threshold()),
            is_kept: AtomicBool::new(false),
            is_inspecting: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            phase: AtomicU8::new(Phase::Open as u8),
            config: ArcSwap::from_pointee(config),
        })
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Open,
            1 => Phase::Paused,
            _ => Phase::Closed,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase() == Phase::Open
    }

    /// Changes the phase. Outside of `Open` nothing rests in the pool.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
        if phase != Phase::Open {
            self.free().for_each(close);
        }
        self.counts.news().notify_waiters();
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Sessions that exist now are not used again.
    pub(crate) fn next_generation(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes the free sessions out one by one, the one that came back last first. Each counts as free until it is
    /// something else, so that nobody opens another for want of it.
    pub(crate) fn free(&self) -> impl Iterator<Item = Object> {
        std::iter::from_fn(|| self.store.try_get().ok())
    }

    /// A session that is ready goes among the free ones, or to the first who waits.
    pub(crate) fn add(&self, slot: Box<Slot>) {
        if let Err((slot, _)) = self.store.try_add(slot) {
            drop(slot); // There is room for every session that can be counted.
        }
    }

    /// Back to those that are free, unless enough are.
    pub(crate) fn put_back(self: &Arc<Self>, mut object: Object) {
        let config = self.config.load();
        object.returned = std::time::Instant::now();
        if !self.is_open() {
            close(object);
        } else if !object.is_valid(self.generation()) {
            self.totals.lost.add_one();
            close(object);
        } else if object.is_expired(object.returned) && self.retires(object.returned) {
            self.totals.recycled.add_one();
            close(object);
        } else {
            let base = config.size() + self.retirement.successors();
            let most = if config.overflow_linger().is_zero() { base } else { MOST_SESSIONS };
            if object.place.rest_unless(most) {
                drop(object);
                self.recheck();
            } else {
                self.totals.overflow_closed.add_one();
                close(object);
            }
        }
    }

    /// The phase may have changed, or the generation, while a session was on its way to those that are free.
    fn recheck(self: &Arc<Self>) {
        if !self.is_open() {
            self.free().for_each(close);
        }
    }

    /// Closes the socket of a session whose server does not answer, or is gone.
    pub(crate) fn kill(&self, object: Object) {
        self.totals.lost.add_one();
        Object::take(object).kill();
    }

    /// The pool at this moment.
    pub(crate) fn stats(&self) -> PoolStats {
        PoolStats::of(&self.config.load(), self.counts.snapshot(), &self.totals)
    }
}

/// Says good-bye in the background; the place is free when the server's process is gone.
pub(crate) fn close(object: Object) {
    let mut slot = Object::take(object);
    slot.place.move_to(State::Closing);
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(slot.close());
    } // Else dropping it has its driver say good-bye, unwaited for.
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("phase", &self.phase())
            .field("counts", &self.counts.snapshot())
            .finish_non_exhaustive()
    }
}
