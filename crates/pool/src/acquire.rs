//! Getting a session under one deadline.

use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::timeout;

use crate::call::Call;
use crate::core::{Core, Phase};
use crate::counts::State;
use crate::held::Held;
use crate::moment::Moment;
use crate::store::{Object, Turn};
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
    match acquire_at_once(core, site) {
        Ok(held) => Ok(held),
        Err(unready) => acquire_slowly(core, unready, site).await,
    }
}

/// A session that is free and good as it is. `Err` is one that has to be looked at first, if one is free at all.
fn acquire_at_once(core: &Arc<Core>, site: Option<&'static Location<'static>>) -> Result<Held, Option<Held>> {
    let object = core.store.try_get().ok_or(None)?;
    let held = take(core, object, None, site);
    if !is_ready(core, &held) {
        return Err(Some(held));
    }
    core.times.wait.record(Duration::ZERO);
    core.totals.acquires.add_one();
    Ok(held)
}

/// Takes a session out of those that are free, for who has waited `since` then.
fn take(
    core: &Arc<Core>,
    mut object: Object,
    since: Option<Moment>,
    site: Option<&'static Location<'static>>,
) -> Held {
    object.place.move_to(State::InUse);
    object.learn(core);
    object.taken = Moment::now();
    object.waited = since.map_or(Duration::ZERO, |since| object.taken.since(since));
    if object.config.leak_threshold().is_some() {
        object.entry.lend(object.taken, site);
        object.is_lent = true;
    }
    // Whoever began to wait while this one still counted as free counted on it; and so many are to be free.
    if core.counts.waiting() > 0 || object.config.min_idle() > 0 {
        open::grow(core);
    }
    Held::new(object, Arc::clone(core))
}

/// Whether it can be handed out unchecked.
fn is_ready(core: &Core, held: &Held) -> bool {
    let (slot, config) = (held.slot(), &held.slot().config);
    slot.is_clean()
        && slot.is_valid(core.generation())
        && (slot.taken.since(slot.returned) < FRESH || !config.pre_ping())
        && config.hooks().before_acquire.is_none()
        && core.is_open()
}

async fn acquire_slowly(
    core: &Arc<Core>,
    free: Option<Held>,
    site: Option<&'static Location<'static>>,
) -> Result<Held, Error> {
    upkeep::start(core);
    let start = Moment::now();
    let mut step = Step::Wait;
    let (limit, call) = (core.config.load().timeout(), Call::begin(&core.totals));
    let got = timeout(limit, next(core, free, site, start, &mut step)).await;
    let end = if let Ok(Ok(held)) = &got { held.slot().taken } else { Moment::now() };
    core.times.wait.record(end.since(start));
    let got = got.unwrap_or_else(|_| Err(timed_out(core, step, start)));
    call.end(&got);
    got
}

fn timed_out(core: &Core, step: Step, start: Moment) -> Error {
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
async fn next(
    core: &Arc<Core>,
    free: Option<Held>,
    site: Option<&'static Location<'static>>,
    start: Moment,
    step: &mut Step,
) -> Result<Held, Error> {
    let mut candidate = free;
    // Kept if what came turns out dead, so those who came meanwhile do not count then.
    let turn = core.store.turn();
    let mut most = core.config.load().max_waiting().max(1);
    loop {
        let held = if let Some(held) = candidate.take() {
            held
        } else {
            *step = Step::Wait;
            let object = queue(core, turn, most).await?;
            take(core, object, Some(start), site)
        };
        most = u32::MAX;
        *step = Step::Check;
        if let Some(held) = checked(core, held).await {
            return Ok(held);
        }
    }
}

/// Waits for a session in the order of turns.
async fn queue(core: &Arc<Core>, turn: Turn, most: u32) -> Result<Object, Error> {
    let mut told = Told { core, has_to_look: false };
    let waiting = core.counts.wait(most).ok_or_else(|| overloaded(core, most))?;
    let mut get = pin!(core.store.get(turn));
    loop {
        let mut news = pin!(core.counts.turn_to_look().notified());
        news.as_mut().enable();
        let mut has_looked = false;
        let got = poll_fn(|cx| {
            // In the queue first: from then on nobody takes a session before this caller, and it sees what it needs.
            if let Poll::Ready(object) = get.as_mut().poll(cx) {
                return Poll::Ready(Ok::<_, Error>(Some(object)));
            }
            if !std::mem::replace(&mut has_looked, true) {
                open::grow(core);
                may_wait(core).inspect_err(|_| core.counts.turn_to_look().notify_waiters())?;
                told.has_to_look = false;
            }
            news.as_mut().poll(cx).map(|()| Ok(None))
        });
        if let Some(object) = got.await? {
            return Ok(came(object, waiting));
        }
        told.has_to_look = true;
        // A runtime that shuts down drops what `grow` begins, which is news again: let it drop this as well.
        tokio::task::yield_now().await;
    }
}

/// Whether the caller was told to look again, and has not. Dropped behind the place in the queue: then another is told, and
/// a session that had been promised to who gave up is free again.
struct Told<'a> {
    core: &'a Core,
    has_to_look: bool,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.core.recheck();
        if self.has_to_look {
            self.core.counts.tell_one();
        }
    }
}

/// The caller counts as waiting until its session counts as used, or another would take it for free.
fn came<W>(mut object: Object, waiting: W) -> Object {
    object.place.move_to(State::InUse);
    drop(waiting);
    object
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
            let retry_after = trouble.again_at.saturating_duration_since(std::time::Instant::now());
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
    let config = Arc::clone(&slot.config);
    let pings = config.pre_ping() && slot.taken.since(slot.returned) >= FRESH;
    if pings {
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
    let was_busy = pings || config.hooks().before_acquire.is_some();
    slot.is_clean().then(|| if was_busy { held.handed_out_now() } else { held })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::Config;

    #[test]
    fn who_was_told_to_look_and_leaves_before_tells_another() {
        let core = Core::new(Config::new("postgresql://app@localhost/shop".parse().unwrap()));
        for has_to_look in [false, true] {
            let mut other = pin!(core.counts.turn_to_look().notified());
            other.as_mut().enable();
            drop(Told { core: &core, has_to_look });
            assert_eq!(other.as_mut().now_or_never().is_some(), has_to_look);
        }
    }
}
