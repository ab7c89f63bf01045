//! Getting a session under one deadline.

use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::call::Call;
use crate::core::{Core, Object, Phase};
use crate::counts::State;
use crate::held::Held;
use crate::{Error, Step, open, upkeep};

/// A session that came back less than this ago is handed out unchecked: it was alive just now.
/// `HikariCP` has the same 500 ms (`aliveBypassWindowMs`).
pub(crate) const FRESH: Duration = Duration::from_millis(500);

/// Gets a session within the pool's timeout: at once if a good one is free.
///
/// `site` is where in the caller's code it is asked for, if that is known.
pub(crate) async fn acquire(
    core: &Arc<Core>,
    site: Option<&'static Location<'static>>,
) -> Result<Held, Error> {
    let free = core.store.try_get().ok().map(|object| take(core, object, Duration::ZERO));
    let held = match free {
        Some(held) if is_ready(core, &held) => {
            core.times.wait.record(Duration::ZERO);
            core.totals.acquires.add_one();
            held
        }
        other => acquire_slowly(core, other).await?,
    };
    if core.config.load().leak_threshold().is_some() {
        held.slot().entry.lend(held.slot().taken, site);
    }
    Ok(held)
}

/// Takes a session out of those that are free.
fn take(core: &Arc<Core>, mut object: Object, waited: Duration) -> Held {
    object.place.move_to(State::InUse);
    object.waited = waited;
    object.taken = Instant::now();
    let held = Held::new(object, Arc::clone(core));
    // Whoever began to wait while this one still counted as free counted on it; and so many are to be free.
    if core.counts.waiting() > 0 || core.config.load().min_idle() > 0 {
        open::grow(core);
    }
    held
}

/// Whether it can be handed out unchecked.
fn is_ready(core: &Core, held: &Held) -> bool {
    let (slot, config) = (held.slot(), core.config.load());
    slot.is_clean()
        && slot.is_valid(core.generation())
        && (slot.taken.duration_since(slot.returned) < FRESH || !config.pre_ping())
        && config.hooks().before_acquire.is_none()
        && core.is_open()
}

async fn acquire_slowly(core: &Arc<Core>, free: Option<Held>) -> Result<Held, Error> {
    upkeep::start(core);
    let start = Instant::now();
    let mut step = Step::Wait;
    let (limit, call) = (core.config.load().timeout(), Call::begin(&core.totals));
    let got = timeout(limit, next(core, free, start, &mut step)).await;
    core.times.wait.record(start.elapsed());
    let got = got.unwrap_or_else(|_| Err(timed_out(core, step, start)));
    call.end(&got);
    got
}

fn timed_out(core: &Core, step: Step, start: Instant) -> Error {
    let stats = Box::new(core.stats());
    let was_connecting =
        stats.connecting > 0 && stats.in_use + stats.resetting < stats.size + stats.max_overflow;
    let step = match step {
        Step::Wait if core.phase() == Phase::Paused => Step::Pause,
        Step::Wait if was_connecting => Step::Connect,
        other => other,
    };
    Error::AcquireTimeout { step, waited: start.elapsed(), stats, source: core.breaker.last_error() }
}

/// The next session that is good.
async fn next(core: &Arc<Core>, free: Option<Held>, start: Instant, step: &mut Step) -> Result<Held, Error> {
    let mut candidate = free;
    loop {
        let held = if let Some(held) = candidate.take() {
            held
        } else {
            *step = Step::Wait;
            queue(core, start).await?
        };
        *step = Step::Check;
        if let Some(held) = checked(core, held).await {
            return Ok(held);
        }
    }
}

/// Waits for a session in the order of coming.
async fn queue(core: &Arc<Core>, start: Instant) -> Result<Held, Error> {
    let most = core.config.load().max_waiting().max(1);
    let waiting = core.counts.wait(most).ok_or_else(|| overloaded(core, most))?;
    let _given_back = GivenBack(core);
    let mut get = pin!(core.store.get());
    loop {
        let mut news = pin!(core.counts.news().notified());
        news.as_mut().enable();
        // In the queue first: from then on nobody takes a session before this caller, and it sees what it needs.
        if let Poll::Ready(got) = poll_fn(|cx| Poll::Ready(get.as_mut().poll(cx))).await {
            return came(core, got, start, waiting);
        }
        open::grow(core);
        may_wait(core)?;
        tokio::select! {
            biased;
            got = get.as_mut() => return came(core, got, start, waiting),
            // A runtime that shuts down drops what `grow` begins, which is news again: let it drop this as well.
            () = news => tokio::task::yield_now().await,
        }
    }
}

/// Dropped behind the place in the queue: a session that had been promised to who gave up is free again.
struct GivenBack<'a>(&'a Core);

impl Drop for GivenBack<'_> {
    fn drop(&mut self) {
        self.0.recheck();
    }
}

/// The caller counts as waiting until its session counts as used, or another would take it for free.
fn came<W>(
    core: &Arc<Core>,
    got: Result<Object, deadpool::unmanaged::PoolError>,
    start: Instant,
    waiting: W,
) -> Result<Held, Error> {
    let mut object = got.map_err(|_| Error::Closed)?;
    object.place.move_to(State::InUse);
    drop(waiting);
    Ok(take(core, object, start.elapsed()))
}

fn overloaded(core: &Core, most: u32) -> Error {
    Error::Overloaded { waiting: most, stats: Box::new(core.stats()) }
}

/// Whether there is something to wait for: not if the pool is closed, nor if a session more would have to be opened and
/// that does not work.
fn may_wait(core: &Core) -> Result<(), Error> {
    match core.phase() {
        Phase::Closed => Err(Error::Closed),
        Phase::Paused => Ok(()),
        Phase::Open => {
            let Some(trouble) = core.breaker.trouble() else { return Ok(()) };
            if !core.counts.snapshot().should_grow(core.config.load().most(), 0) {
                return Ok(());
            }
            let retry_after = trouble.again_at.saturating_duration_since(Instant::now());
            Err(Error::Connect { failures: trouble.failures, retry_after, source: trouble.last })
        }
    }
}

/// The session, if it is good; else it is on its way out of the pool.
async fn checked(core: &Arc<Core>, held: Held) -> Option<Held> {
    let slot = held.slot();
    if slot.connection.is_closed() {
        held.lost();
        return None;
    }
    if !slot.is_clean() || !slot.is_valid(core.generation()) || !core.is_open() {
        return None; // Dropping it has it cleaned or closed.
    }
    let config = core.config.load_full();
    if config.pre_ping() && slot.returned.elapsed() >= FRESH {
        slot.unsettle(); // If this future is dropped meanwhile, somebody else waits for the answer.
        if !matches!(timeout(config.ping_timeout(), slot.settled_status()).await, Ok(Ok(_))) {
            held.lost();
            return None;
        }
    }
    if let Some(hook) = &config.hooks().before_acquire {
        slot.unsettle();
        let done = timeout(config.ping_timeout(), hook(&slot.connection)).await;
        if !matches!(done, Ok(Ok(()))) {
            held.invalidate();
            return None;
        }
        slot.settled_status().await.ok()?;
    }
    slot.is_clean().then_some(held)
}
