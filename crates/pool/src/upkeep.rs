//! What is done for the pool in the background: enough free sessions, none too old, none for too long unused.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;

use crate::acquire::FRESH;
use crate::core::Core;
use crate::counts::State;
use crate::lifetime::Claim;
use crate::moment::Moment;
use crate::reset::Dirty;
use crate::slot::Slot;
use crate::stats::Total;
use crate::store::Object;
use crate::{Config, open};

/// The longest time between two looks.
const SLOWEST: Duration = Duration::from_secs(1);

/// The shortest.
const FASTEST: Duration = Duration::from_millis(20);

/// Starts the task that looks after the pool, if it does not run. It ends with the pool.
pub(crate) fn start(core: &Arc<Core>) {
    if !core.is_kept.load(Ordering::Acquire) && !core.is_kept.swap(true, Ordering::AcqRel) {
        tokio::spawn(look_after(Keeper(Arc::downgrade(core))));
    }
}

/// The one who looks after a pool. If it ends before the pool, with its runtime, the next caller has another started.
struct Keeper(Weak<Core>);

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(core) = self.0.upgrade() {
            core.is_kept.store(false, Ordering::Release);
        }
    }
}

async fn look_after(keeper: Keeper) {
    loop {
        let Some(core) = keeper.0.upgrade() else { return };
        let counts = Arc::clone(&core.counts);
        // Before the look: what goes during it must not wait for the next one.
        let mut news = pin!(counts.news().notified());
        news.as_mut().enable();
        let pause = pause(&core.config.load());
        open::grow(&core);
        sweep(&core);
        if let Some(threshold) = core.config.load().leak_threshold() {
            core.totals.leaks.add(core.ledger.tell_of_long_loans(threshold) as u64);
        }
        drop(core);
        // A session that is gone may have to be replaced at once, for `pool.min_idle`.
        let _ = tokio::time::timeout(pause, news).await;
        tokio::task::yield_now().await; // News may be without end in a runtime that shuts down.
    }
}

/// Often enough to be about a tenth late.
fn pause(config: &Config) -> Duration {
    let spacing = config.recycle().map(|lifetime| lifetime / config.size().max(1));
    let linger = Some(config.overflow_linger()).filter(|linger| !linger.is_zero());
    let tenth = |time: Duration| time / 10;
    let times =
        [spacing, linger.map(tenth), config.idle_timeout().map(tenth), config.leak_threshold().map(tenth)];
    times.into_iter().flatten().min().map_or(SLOWEST, |time| time.clamp(FASTEST, SLOWEST))
}

/// Looks at each free session once, the one that has rested longest first, and puts it back or closes it.
pub(crate) fn sweep(core: &Arc<Core>) {
    let (now, config) = (Moment::now(), core.config.load());
    let mut free: Vec<Object> = core.free().collect();
    let mut left = u32::try_from(free.len()).unwrap_or(u32::MAX);
    while let Some(object) = free.pop() {
        let Some(reason) = reason_to_close(core, &config, &object, left, now) else {
            core.store.put(object);
            continue;
        };
        reason.total.add_one();
        left -= 1;
        core.close(object);
    }
    core.recheck();
}

/// Why a free session is closed.
struct Reason<'a> {
    total: &'a Total,
    /// Kept until the session counts as closing.
    _claim: Option<Claim<'a>>,
}

fn reason_to_close<'a>(
    core: &'a Arc<Core>,
    config: &Config,
    object: &Slot,
    left: u32,
    now: Moment,
) -> Option<Reason<'a>> {
    let rested = now.since(object.returned);
    let because = |total| Some(Reason { total, _claim: None });
    if object.connection.is_closed() || !object.is_valid(core.generation()) {
        because(&core.totals.lost)
    } else if core.counts.snapshot().lasting() > config.most()
        || left > config.size() + core.retirement.surplus()
            && (rested >= config.overflow_linger() || object.is_expired(now))
    {
        because(&core.totals.overflow_closed)
    } else if left > config.min_idle() && config.idle_timeout().is_some_and(|most| rested >= most) {
        because(&core.totals.idle_closed)
    } else if object.is_expired(now) {
        let claim = core.retire(now)?;
        Some(Reason { total: &core.totals.recycled, _claim: Some(claim) })
    } else {
        None
    }
}

/// One session was found dead: those that have rested as well are checked, all at once, before anyone is given one.
/// So many dead sessions cost those who wait no more time than one.
pub(crate) fn suspect_all(core: &Arc<Core>) {
    if !core.config.load().pre_ping() || core.is_inspecting.swap(true, Ordering::AcqRel) {
        return;
    }
    let inspection = Inspection(Arc::clone(core));
    let mut suspects = Vec::new();
    let free: Vec<Object> = core.free().collect();
    for mut object in free.into_iter().rev() {
        if object.returned.elapsed() < FRESH {
            core.store.put(object);
        } else {
            object.place.move_to(State::Resetting);
            suspects.push(Dirty::new(object, Arc::clone(core)));
        }
    }
    core.recheck();
    tokio::spawn(async move {
        let timeout = inspection.0.config.load().ping_timeout();
        join_all(suspects.into_iter().map(|suspect| check(suspect, timeout))).await;
    });
}

/// Dropped however it ends, also when its runtime does: then there may be another.
struct Inspection(Arc<Core>);

impl Drop for Inspection {
    fn drop(&mut self) {
        self.0.is_inspecting.store(false, Ordering::Release);
    }
}

async fn check(suspect: Dirty, timeout: Duration) {
    let slot = suspect.slot();
    slot.unsettle();
    let answered = tokio::time::timeout(timeout, slot.settled_status()).await;
    let is_well = matches!(answered, Ok(Ok(_))) && slot.is_clean();
    let (object, core) = suspect.take();
    if is_well {
        core.put_back(object, Moment::now());
    } else {
        core.totals.lost.add_one();
        object.kill();
    }
}
