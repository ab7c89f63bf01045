//! Opening sessions, in tasks of their own: who asked for one may give up, and the next has it sooner.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use pgkeel_connect::{Connection, dial};
use tokio::sync::Semaphore;

use crate::Config;
use crate::breaker::{Next, Permit};
use crate::core::{Core, Phase};
use crate::counts::{Place, State};
use crate::slot::Slot;

/// How many connections are opened at a time, and how fast after an outage.
#[derive(Debug)]
pub(crate) struct Gate {
    turns: Semaphore,
    concurrency: u32,
    next: Mutex<Option<Instant>>,
}

/// After an outage, at most twice as many connections as may be opened at a time are begun in each of these.
const PACE: Duration = Duration::from_millis(100);

impl Gate {
    pub(crate) fn new(concurrency: u32) -> Arc<Self> {
        let turns = Semaphore::new(concurrency as usize);
        Arc::new(Self { turns, concurrency, next: Mutex::default() })
    }

    /// How long to wait, so that a server that has just come back is not met by everybody at once.
    fn pause(&self, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = next.map_or(now, |next| next.max(now));
        *next = Some(begin + PACE / (2 * self.concurrency - 1));
        begin - now
    }
}

/// Opens a session for each who waits and for whom there is room.
pub(crate) fn grow(core: &Arc<Core>) {
    let config = core.config.load();
    let (most, min_idle) = (config.most(), config.min_idle());
    while core.is_open() && core.counts.snapshot().should_grow(most, min_idle) {
        let Some(permit) = core.breaker.permit(Instant::now()) else { return };
        let Some(place) = core.counts.open_if(|now| now.should_grow(most, min_idle)) else { return };
        tokio::spawn(open(Arc::downgrade(core), place, permit, Purpose::Demand));
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
        return drop(place);
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
    if core.upgrade()?.breaker.is_recovering(Instant::now()) {
        tokio::time::sleep(gate.pause(Instant::now())).await;
    }
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

/// Dials, and does what is to be done with each new connection.
async fn connect(config: &Config) -> Result<Connection, pgkeel_connect::Error> {
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
