//! How many sessions are in which state, in one word, so that every look adds up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// What a session, or a caller who waits for one, is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Connecting,
    Idle,
    InUse,
    Resetting,
}

/// Bits for the count of each state.
const WIDTH: u32 = 12;
const MASK: u64 = (1 << WIDTH) - 1;

/// The most sessions that one pool can have.
pub(crate) const MOST_SESSIONS: u32 = (1 << WIDTH) - 1;

/// Waiting callers are not bounded by the pool's size; beyond this they are no longer told apart.
const MOST_WAITING: u64 = (1 << 16) - 1;

impl State {
    const fn shift(self) -> u32 {
        match self {
            Self::Connecting => 0,
            Self::Idle => WIDTH,
            Self::InUse => 2 * WIDTH,
            Self::Resetting => 3 * WIDTH,
            Self::Waiting => 4 * WIDTH, // the last, with the 16 bits that are left
        }
    }

    const fn one(self) -> u64 {
        1 << self.shift()
    }

    fn of(self, word: u64) -> u32 {
        let mask = if self == Self::Waiting { MOST_WAITING } else { MASK };
        u32::try_from(word >> self.shift() & mask).expect("12 or 16 bits")
    }
}

/// The counts of all states.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    word: AtomicU64,
    /// Told when a session is gone.
    gone: Notify,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) waiting: u32,
    pub(crate) connecting: u32,
    pub(crate) idle: u32,
    pub(crate) in_use: u32,
    pub(crate) resetting: u32,
}

impl Snapshot {
    pub(crate) fn sessions(self) -> u32 {
        self.connecting + self.idle + self.in_use + self.resetting
    }
}

impl Counts {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let word = self.word.load(Ordering::Acquire);
        Snapshot {
            waiting: State::Waiting.of(word),
            connecting: State::Connecting.of(word),
            idle: State::Idle.of(word),
            in_use: State::InUse.of(word),
            resetting: State::Resetting.of(word),
        }
    }

    /// Waits until there is no session any more.
    pub(crate) async fn empty(&self) {
        loop {
            let gone = self.gone.notified();
            tokio::pin!(gone);
            gone.as_mut().enable();
            if self.snapshot().sessions() == 0 {
                return;
            }
            gone.await;
        }
    }
}

/// One session or caller in the counts. Dropping it takes it out.
#[derive(Debug)]
pub(crate) struct Place {
    counts: Arc<Counts>,
    state: State,
    left: bool,
}

impl Place {
    pub(crate) fn take(counts: &Arc<Counts>, state: State) -> Self {
        counts.word.fetch_add(state.one(), Ordering::AcqRel);
        Self { counts: Arc::clone(counts), state, left: false }
    }

    pub(crate) fn move_to(&mut self, state: State) {
        let (add, take) = (state.one(), self.state.one());
        self.counts.word.fetch_add(add.wrapping_sub(take), Ordering::AcqRel);
        self.state = state;
    }

    /// Moves to idle unless that many already are: the rule by which an overflow session is closed when it returns.
    pub(crate) fn rest_unless(&mut self, idle_most: u32) -> bool {
        let (add, take) = (State::Idle.one(), self.state.one());
        let moved = self.counts.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
            (State::Idle.of(word) < idle_most).then(|| word.wrapping_add(add).wrapping_sub(take))
        });
        if moved.is_ok() {
            self.state = State::Idle;
        }
        moved.is_ok()
    }
}

impl Place {
    /// Out of the counts now, before it is dropped.
    pub(crate) fn leave(&mut self) {
        if std::mem::replace(&mut self.left, true) {
            return;
        }
        self.counts.word.fetch_sub(self.state.one(), Ordering::AcqRel);
        if self.state != State::Waiting {
            self.counts.gone.notify_waiters();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_about_always_adds_up() {
        let counts = Arc::new(Counts::default());
        let mut places: Vec<Place> = (0..50).map(|_| Place::take(&counts, State::Connecting)).collect();
        for (position, state) in
            [State::Idle, State::InUse, State::Resetting].into_iter().cycle().take(50).enumerate()
        {
            places[position].move_to(state);
            assert_eq!(counts.snapshot().sessions(), 50);
        }
        let seen = counts.snapshot();
        assert_eq!((seen.connecting, seen.idle, seen.in_use, seen.resetting), (0, 17, 17, 16));
        drop(places);
        assert_eq!(counts.snapshot().sessions(), 0);
    }

    #[test]
    fn no_more_rest_than_may() {
        let counts = Arc::new(Counts::default());
        let mut places: Vec<Place> = (0..3).map(|_| Place::take(&counts, State::InUse)).collect();
        let rested: Vec<bool> = places.iter_mut().map(|place| place.rest_unless(2)).collect();
        assert_eq!(rested, [true, true, false]);
        assert_eq!((counts.snapshot().idle, counts.snapshot().in_use), (2, 1));
    }
}
