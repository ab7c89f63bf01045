//! What all handles of one pool share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use futures_util::{StreamExt as _, stream};
use tokio::runtime::Handle;

use crate::breaker::Breaker;
use crate::counts::{Counts, MOST_SESSIONS, State};
use crate::histogram::Recorder;
use crate::ledger::{Entry, Ledger};
use crate::lifetime::Retirement;
use crate::moment::Moment;
use crate::observe::Observed;
use crate::open::Gate;
use crate::retry::Budget;
use crate::slot::Slot;
use crate::stats::Totals;
use crate::store::{Object, Store};
use crate::unnamed::Shapes;
use crate::{Config, PoolStats, PoolTimes};

/// Whether sessions are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    Open,
    Paused,
    Closed,
}

pub(crate) struct Core {
    pub(crate) store: Store,
    pub(crate) counts: Arc<Counts>,
    pub(crate) config: ArcSwap<Config>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) gate: ArcSwap<Gate>,
    pub(crate) retirement: Retirement,
    pub(crate) ledger: Ledger,
    pub(crate) totals: Totals,
    pub(crate) times: Times,
    pub(crate) observed: Observed,
    /// Behind a pooler in transaction mode, the types of statements.
    pub(crate) shapes: Shapes,
    pub(crate) budget: Budget,
    /// Whether the task that looks after the pool runs.
    pub(crate) is_kept: AtomicBool,
    /// Whether sessions that have rested are being checked because one was found dead.
    pub(crate) is_inspecting: AtomicBool,
    /// Held by the one who starts the pool.
    pub(crate) starting: tokio::sync::Mutex<()>,
    /// How often the configuration was changed: sessions keep a copy, and look here whether it is still the latest.
    changes: AtomicU64,
    generation: AtomicU64,
    phase: AtomicU8,
}

/// How long things took.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) wait: Recorder,
    pub(crate) connect: Recorder,
    pub(crate) held: Recorder,
    pub(crate) reset: Recorder,
}

impl Times {
    pub(crate) fn snapshot(&self) -> PoolTimes {
        let Self { wait, connect, held, reset } = self;
        PoolTimes {
            wait: wait.snapshot(),
            connect: connect.snapshot(),
            held: held.snapshot(),
            reset: reset.snapshot(),
        }
    }
}

impl Core {
    pub(crate) fn new(config: Config) -> Arc<Self> {
        Arc::new(Self {
            store: Store::default(),
            counts: Arc::default(),
            breaker: Arc::default(),
            gate: ArcSwap::new(Gate::new(config.connect_concurrency())),
            retirement: Retirement::default(),
            ledger: Ledger::default(),
            totals: Totals::default(),
            times: Times::default(),
            observed: Observed::default(),
            shapes: Shapes::default(),
            budget: Budget::default(),
            is_kept: AtomicBool::new(false),
            is_inspecting: AtomicBool::new(false),
            starting: tokio::sync::Mutex::default(),
            changes: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            phase: AtomicU8::new(Phase::Open as u8),
            config: ArcSwap::from_pointee(config),
        })
    }

    pub(crate) fn configure(&self, config: Config) {
        self.config.store(Arc::new(config));
        self.changes.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
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
        self.recheck();
        self.counts.tell_all();
    }

    /// Changes the phase if it is this one: a pause ends no close, and its end does not either.
    pub(crate) fn pass(&self, from: Phase, to: Phase) {
        let changed =
            self.phase.compare_exchange(from as u8, to as u8, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if changed {
            self.recheck();
            self.counts.tell_all();
        }
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
        std::iter::from_fn(|| self.store.try_get())
    }

    /// Back to those that are free, unless enough are. One past its age has a successor only if it is one of these.
    pub(crate) fn put_back(self: &Arc<Self>, mut object: Object, now: Moment) {
        object.returned = now;
        object.learn(self);
        let (most, size) = (object.config.most(), object.config.size());
        if !self.is_open() {
            self.close(object);
        } else if !object.is_valid(self.generation()) {
            self.totals.lost.add_one();
            self.close(object);
        } else if object.place.rest_unless(most, || size + self.retirement.surplus()) {
            if object.is_expired(now)
                && let Some(_claim) = self.retire(now)
            {
                self.totals.recycled.add_one();
                self.close(object);
            } else {
                self.store.put(object);
                self.recheck();
            }
        } else if may_linger(&mut object) {
            self.store.put(object);
            self.recheck();
        } else {
            self.totals.overflow_closed.add_one();
            self.close(object);
        }
    }

    /// The phase may have changed while a session was on its way to those that are free.
    pub(crate) fn recheck(&self) {
        if !self.is_open() {
            self.free().for_each(|object| self.close(object));
        }
    }

    /// Says good-bye in the background; the place is free when the server's process is gone.
    pub(crate) fn close(&self, mut object: Object) {
        object.place.move_to(State::Closing);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(object.close(self.config.load().hooks().before_close.clone()));
        } // Else dropping it has its driver say good-bye, unwaited for.
    }

    /// Cancels what the sessions in use are doing, and waits until that is done. Each request is a connection, so no
    /// more are under way at a time than connections are opened.
    pub(crate) async fn cancel_all(&self, deadline: Duration) {
        let end = Instant::now() + deadline;
        let at_a_time = self.config.load().connect_concurrency().max(1) as usize;
        let cancel = async |entry: Arc<Entry>| {
            let left = end.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                let _ = entry.canceller.cancel(left).await;
            }
        };
        stream::iter(self.ledger.entries()).for_each_concurrent(at_a_time, cancel).await;
    }

    /// Closes the sockets of all sessions, whoever has them.
    pub(crate) fn kill_all(&self) {
        self.ledger.entries().iter().for_each(|entry| entry.killer.kill());
    }

    /// The pool at this moment.
    pub(crate) fn stats(&self) -> PoolStats {
        PoolStats::of(&self.config.load(), self.counts.snapshot(), &self.totals, &self.times.snapshot())
    }
}

/// Whether a session rests although enough are free.
fn may_linger(slot: &mut Slot) -> bool {
    let most = slot.config.most();
    let lingers = !slot.config.overflow_linger().is_zero() && !slot.is_expired(slot.returned);
    lingers && slot.place.rest_unless(most, || MOST_SESSIONS)
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("phase", &self.phase())
            .field("counts", &self.counts.snapshot())
            .finish_non_exhaustive()
    }
}
