//! Opening sessions, in tasks of their own: who asked for one may give up, and the next has it sooner.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use pgkeel_connect::{Connection, DialStep, dial};
use tokio::sync::{Mutex, Semaphore};

use crate::Config;
use crate::breaker::{Next, Permit};
use crate::core::{Core, Phase};
use crate::counts::{MOST_SESSIONS, Place, State};
use crate::slot::Slot;

/// How many connections are opened at a time, and how fast after an outage.
#[derive(Debug)]
pub(crate) struct Gate {
    turns: Semaphore,
    /// The least time between two beginnings when the pace is measured.
    spacing: Duration,
    /// When a connection was last begun, whatever the pace: those of an outage count.
    last: Mutex<Option<Instant>>,
}

/// After an outage, at most twice as many connections as may be opened at a time are begun in each of these.
const PACE: Duration = Duration::from_millis(100);

impl Gate {
    pub(crate) fn new(concurrency: u32) -> Arc<Self> {
        let concurrency = concurrency.clamp(1, MOST_SESSIONS);
        let turns = Semaphore::new(concurrency as usize);
        // So far apart, the last of so many begins when the time of the first is just over.
        let spacing = PACE / (2 * concurrency - 1);
        Arc::new(Self { turns, spacing, last: Mutex::default() })
    }

    /// Lets one connection begin; at a measured pace not too soon after the last, so that a server that has just come
    /// back is not met by everybody at once. The lock is kept meanwhile: what counts is when each really begins, as a
    /// machine that is busy wakes sleepers late.
    async fn begin(&self, is_measured: bool) {
        let mut last = self.last.lock().await;
        if let Some(last) = last.filter(|_| is_measured) {
            tokio::time::sleep_until((last + self.spacing).into()).await;
        }
        *last = Some(Instant::now());
    }
}

/// Opens a session for each who waits and for whom there is room.
pub(crate) fn grow(core: &Arc<Core>) {
    let config = core.config.load();
    let (most, min_idle) = (config.most(), config.min_idle());
    while core.is_open() && core.counts.snapshot().should_grow(most, min_idle) {
        let Some(permit) = core.breaker.permit(Instant::now()) else { return };
        let Some(place) = core.counts.open_if(|now| now.should_grow(most, min_idle)) else { return };
        let opening = tokio::spawn(open(Arc::downgrade(core), place, permit, Purpose::Demand));
        if opening.is_finished() {
            return; // A runtime that shuts down drops it at once: it would be opened in vain for ever.
        }
    }
}

/// Opens a session that is to take the place of another. Whether there was room.
pub(crate) fn open_successor(core: &Arc<Core>) -> bool {
    let most = core.config.load().most();
    let Some(permit) = core.breaker.permit(Instant::now()) else { return true };
    let Some(place) = core.counts.open_if(|now| now.sessions() < most) else { return false };
    tokio::spawn(open(Arc::downgrade(core), place, permit, Purpose::Succession));
    true
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Somebody waits, or too few are free.
    Demand,
    /// Another session is to be retired.
    Succession,
}

async fn open(core: Weak<Core>, place: Place, permit: Permit, purpose: Purpose) {
    let counts = place.counts();
    let is_over = |_| core.upgrade().is_none_or(|core| core.phase() == Phase::Closed);
    let opened = tokio::select! {
        opened = open_within_attempts(&core, purpose) => opened,
        () = counts.until(is_over) => None,
    };
    let Some(opened) = opened else {
        drop(permit); // Before those who wait look again: one of them may be the next to try.
        drop(place);
        return counts.tell_all(); // As it may be that none can be opened.
    };
    if let Some(core) = core.upgrade() {
        admit(&core, opened, place, purpose);
    }
}

/// A connection, and what its pool was like when it was begun.
struct Opened {
    connection: Connection,
    generation: u64,
    config: Arc<Config>,
}

async fn open_within_attempts(core: &Weak<Core>, purpose: Purpose) -> Option<Opened> {
    loop {
        let pause = match attempt(core).await? {
            Ok(opened) => return Some(opened),
            Err(Next::GiveUp) => return None,
            Err(Next::Retry(pause)) => pause,
        };
        tokio::time::sleep(pause).await;
        if purpose == Purpose::Succession || !is_wanted(&*core.upgrade()?) {
            return None;
        }
    }
}

fn is_wanted(core: &Core) -> bool {
    let now = core.counts.snapshot();
    core.is_open() && now.idle < now.waiting + core.config.load().min_idle()
}

/// Dials once, in its turn. `None` if the pool is gone.
async fn attempt(core: &Weak<Core>) -> Option<Result<Opened, Next>> {
    let gate = core.upgrade()?.gate.load_full();
    let _turn = gate.turns.acquire().await.ok()?;
    let is_recovering = core.upgrade()?.breaker.is_recovering(Instant::now());
    gate.begin(is_recovering).await;
    let (generation, config) = {
        let core = core.upgrade()?;
        (core.generation(), core.config.load_full())
    };
    let begun = Instant::now();
    let dialled = connect(&config).await;
    let core = core.upgrade()?;
    Some(match dialled {
        Ok(connection) => {
            core.totals.connects.add_one();
            core.times.connect.record(begun.elapsed());
            core.breaker.worked(Instant::now());
            Ok(Opened { connection, generation, config })
        }
        Err(error) => {
            core.totals.connect_failures.add_one();
            tracing::debug!(error = &error as &dyn std::error::Error, "no session could be opened");
            Err(core.breaker.failed(Arc::new(error), config.connect_attempts(), Instant::now()))
        }
    })
}

/// Connects. What panics meanwhile has failed: otherwise whoever waits would have it panic again and again.
async fn connect(config: &Config) -> Result<Connection, pgkeel_connect::Error> {
    let connected = AssertUnwindSafe(dial_and_prepare(config)).catch_unwind().await;
    connected.unwrap_or_else(|_| {
        Err(pgkeel_connect::Error::Dial {
            host: config.connect().address().hosts()[0].to_string(),
            step: DialStep::StartUp,
            source: "the after_connect hook, or what gives the password, panicked".into(),
        })
    })
}

/// Dials, and does what is to be done with each new connection.
async fn dial_and_prepare(config: &Config) -> Result<Connection, pgkeel_connect::Error> {
    let connection = dial(config.connect()).await?;
    if let Some(hook) = &config.hooks().after_connect {
        let waited = config.connect().connect_timeout();
        let done = tokio::time::timeout(waited, hook(&connection)).await;
        let late = || pgkeel_connect::Error::Unanswered { what: "the after_connect hook".into(), waited };
        done.unwrap_or_else(|_| Err(late()))?;
    }
    Ok(connection)
}

/// A new session joins the pool, unless that has changed meanwhile.
fn admit(core: &Arc<Core>, opened: Opened, mut place: Place, purpose: Purpose) {
    let Opened { connection, generation, config } = opened;
    let entry = core.ledger.enter(&connection);
    let is_stale = !core.is_open() || generation != core.generation();
    let succeeds = !is_stale && purpose == Purpose::Succession;
    if succeeds {
        core.retirement.successor_came(); // Before it counts as free, or another would be closed as one too many.
    }
    let now = core.config.load();
    let rests = succeeds || !is_stale && place.rest_unless(now.most(), || now.size());
    place.move_to(if rests { State::Idle } else { State::Closing });
    let before_close = config.hooks().before_close.clone();
    let slot = Box::new(Slot::new(connection, place, entry, generation, config));
    if !rests {
        tokio::spawn(slot.close(before_close));
        return;
    }
    core.store.put(slot);
    if succeeds {
        core.counts.news().notify_waiters();
    }
    core.recheck();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also when one has begun without waiting, as the one does that finds the server back.
    #[tokio::test]
    async fn after_an_outage_no_more_than_twice_as_many_begin_within_the_pace() {
        for concurrency in [1, 4] {
            let gate = Gate::new(concurrency);
            let begun = Instant::now();
            gate.begin(false).await;
            for _ in 0..2 * concurrency {
                gate.begin(true).await;
            }
            assert!(begun.elapsed() >= (2 * concurrency * gate.spacing).max(PACE), "{concurrency}");
        }
    }
}
