//! How many sessions are in which state, in one word, so that every look adds up.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tokio::sync::Notify;

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Connecting,
    Idle,
    InUse,
    Resetting,
    Closing,
}

/// Bits for the count of each state.
const WIDTH: u32 = 12;
const MASK: u64 = (1 << WIDTH) - 1;

/// The most sessions that one pool can have.
pub(crate) const MOST_SESSIONS: u32 = (1 << WIDTH) - 1;

impl State {
    const fn shift(self) -> u32 {
        match self {
            Self::Connecting => 0,
            Self::Idle => WIDTH,
            Self::InUse => 2 * WIDTH,
            Self::Resetting => 3 * WIDTH,
            Self::Closing => 4 * WIDTH,
        }
    }

    const fn one(self) -> u64 {
        1 << self.shift()
    }

    /// Whether it will be free for the next who waits, who therefore opens no other.
    fn is_counted_on(self) -> bool {
        matches!(self, Self::Connecting | Self::Idle)
    }

    fn of(self, word: u64) -> u32 {
        u32::try_from(word >> self.shift() & MASK).expect("12 bits")
    }
}

/// The sessions of a pool and those who wait for one.
///
/// A caller counts itself as waiting before it looks at the sessions, and whoever changes the sessions does so before
/// looking at those who wait. With one order over both (`SeqCst`) at least one of the two sees the other, so nobody
/// waits for a session that nobody opens.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    word: AtomicU64,
    waiting: AtomicU32,
    /// Told when a session is gone, when one that somebody may have counted on goes, and when there is another reason to
    /// look again.
    news: Notify,
    /// The same for callers who wait. There may be very many, and all see the same: so the one that has waited longest for
    /// it is told, does for all what is to be done, and tells the others if they are turned away.
    turn_to_look: Notify,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) waiting: u32,
    pub(crate) connecting: u32,
    pub(crate) idle: u32,
    pub(crate) in_use: u32,
    pub(crate) resetting: u32,
    pub(crate) closing: u32,
}

impl Snapshot {
    fn new(word: u64, waiting: u32) -> Self {
        Self {
            waiting,
            connecting: State::Connecting.of(word),
            idle: State::Idle.of(word),
            in_use: State::InUse.of(word),
            resetting: State::Resetting.of(word),
            closing: State::Closing.of(word),
        }
    }

    pub(crate) fn sessions(self) -> u32 {
        self.connecting + self.idle + self.in_use + self.resetting + self.closing
    }

    /// Those that are not on their way out.
    pub(crate) fn lasting(self) -> u32 {
        self.sessions() - self.closing
    }

    /// Whether a session more is needed, for somebody who waits or so that `min_idle` are free, and may be opened.
    pub(crate) fn should_grow(self, most: u32, min_idle: u32) -> bool {
        self.sessions() < most && self.connecting + self.idle < self.waiting + min_idle
    }
}

impl Counts {
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.word.load(Ordering::SeqCst), self.waiting())
    }

    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Counts a caller who waits, unless `most` do already.
    pub(crate) fn wait(self: &Arc<Self>, most: u32) -> Option<Waiting> {
        let add = |waiting| (waiting < most).then(|| waiting + 1);
        let added = self.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
        added.is_ok().then(|| Waiting(Arc::clone(self)))
    }

    /// A place for a session that is to be opened, if `may` says so.
    pub(crate) fn open_if(self: &Arc<Self>, may: impl Fn(Snapshot) -> bool) -> Option<Place> {
        let add = |word| may(Snapshot::new(word, self.waiting())).then(|| word + State::Connecting.one());
        let added = self.word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
        added.is_ok().then(|| Place { counts: Arc::clone(self), state: State::Connecting })
    }

    /// What whoever looks after the pool listens to.
    pub(crate) fn news(&self) -> &Notify {
        &self.news
    }

    /// What callers who wait listen to. Who was told, and leaves before looking, [tells another](Self::tell_one).
    pub(crate) fn turn_to_look(&self) -> &Notify {
        &self.turn_to_look
    }

    /// Has one caller who waits look again, and whoever looks after the pool.
    pub(crate) fn tell_one(&self) {
        self.news.notify_waiters();
        self.turn_to_look.notify_one();
    }

    /// Has everybody look again.
    pub(crate) fn tell_all(&self) {
        self.news.notify_waiters();
        self.turn_to_look.notify_waiters();
    }

    /// Waits until this is so, which may become so only with news.
    pub(crate) async fn until(&self, is_so: impl Fn(Snapshot) -> bool) {
        loop {
            let mut news = pin!(self.news.notified());
            news.as_mut().enable();
            if is_so(self.snapshot()) {
                return;
            }
            news.await;
        }
    }
}

/// A caller who waits. Dropping it takes it out of the count.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<Counts>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One session in the counts. Dropping it takes it out and tells who waits.
#[derive(Debug)]
pub(crate) struct Place {
    counts: Arc<Counts>,
    state: State,
}

impl Place {
    pub(crate) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    pub(crate) fn move_to(&mut self, state: State) {
        let (add, take) = (state.one(), self.state.one());
        self.counts.word.fetch_add(add.wrapping_sub(take), Ordering::SeqCst);
        let was = std::mem::replace(&mut self.state, state);
        if was.is_counted_on() && !state.is_counted_on() && state != State::InUse && self.counts.waiting() > 0
        {
            self.counts.tell_one();
        }
    }

    /// Moves to idle if there are no more than `most` sessions, and fewer than `resting` idle ones or somebody waits who
    /// has none yet: the rule by which an overflow session is closed when it returns. `resting` is asked after the look
    /// at those that are idle.
    pub(crate) fn rest_unless(&mut self, most: u32, resting: impl Fn() -> u32) -> bool {
        let (add, take) = (State::Idle.one(), self.state.one());
        let moved = self.counts.word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |word| {
            let now = Snapshot::new(word, self.counts.waiting());
            let may = now.lasting() <= most && (now.idle < resting() || now.idle < now.waiting);
            may.then(|| word.wrapping_add(add).wrapping_sub(take))
        });
        if moved.is_ok() {
            self.state = State::Idle;
        }
        moved.is_ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counts.word.fetch_sub(self.state.one(), Ordering::SeqCst);
        self.counts.tell_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn opened(counts: &Arc<Counts>, count: usize) -> Vec<Place> {
        (0..count).map(|_| counts.open_if(|_| true).unwrap()).collect()
    }

    #[test]
    fn moving_about_always_adds_up() {
        let counts = Arc::new(Counts::default());
        let mut places = opened(&counts, 60);
        let states = [State::Idle, State::InUse, State::Resetting, State::Closing];
        for (place, state) in places.iter_mut().zip(states.into_iter().cycle()) {
            place.move_to(state);
            assert_eq!(counts.snapshot().sessions(), 60);
        }
        let seen = counts.snapshot();
        assert_eq!(
            (seen.connecting, seen.idle, seen.in_use, seen.resetting, seen.closing),
            (0, 15, 15, 15, 15)
        );
        drop(places);
        assert_eq!(counts.snapshot().sessions(), 0);
    }

    #[test]
    fn no_more_rest_than_may_unless_somebody_waits() {
        let counts = Arc::new(Counts::default());
        let mut places = opened(&counts, 4);
        let rested: Vec<bool> = places[..3].iter_mut().map(|place| place.rest_unless(9, || 2)).collect();
        assert_eq!(rested, [true, true, false]);
        let waiting: Vec<_> = (0..3).map(|_| counts.wait(9).unwrap()).collect();
        assert!(!places[3].rest_unless(3, || 2), "no more than there may be at all");
        assert!(places[3].rest_unless(4, || 2));
        drop(waiting);
        assert_eq!((counts.snapshot().idle, counts.snapshot().waiting), (3, 0));
    }

    #[test]
    fn a_session_is_opened_for_each_who_waits_up_to_the_most() {
        let counts = Arc::new(Counts::default());
        let _waiting: Vec<_> = (0..5).map(|_| counts.wait(9).unwrap()).collect();
        let open = || counts.open_if(|now| now.should_grow(3, 0));
        let places: Vec<_> = std::iter::from_fn(open).collect();
        assert_eq!(places.len(), 3);
    }

    /// Whoever waits for a session that is free or being opened hears at once that it goes, not when it is gone.
    #[test]
    fn who_counts_on_a_session_hears_that_it_goes() {
        for (from, to) in [(State::Idle, State::Closing), (State::Idle, State::Resetting)] {
            let counts = Arc::new(Counts::default());
            let mut places = opened(&counts, 1);
            places[0].move_to(from);
            let _waiting = counts.wait(9);
            let mut turn = pin!(counts.turn_to_look().notified());
            turn.as_mut().enable();
            places[0].move_to(State::InUse);
            assert!(turn.as_mut().now_or_never().is_none());
            places[0].move_to(from);
            places[0].move_to(to);
            assert!(turn.as_mut().now_or_never().is_some(), "{to:?}");
        }
    }

    /// Of very many only one: all see the same.
    #[test]
    fn one_of_those_who_wait_hears_that_a_session_is_gone() {
        let counts = Arc::new(Counts::default());
        let places = opened(&counts, 3);
        let mut turns = [(); 3].map(|()| Box::pin(counts.turn_to_look().notified()));
        for turn in &mut turns {
            assert!(!turn.as_mut().enable());
        }
        let mut heard = || turns.iter_mut().filter_map(|turn| turn.as_mut().now_or_never()).count();
        let mut places = places.into_iter();
        drop(places.next());
        assert_eq!(heard(), 1);
        counts.tell_all();
        assert_eq!(heard(), 3);
    }

    #[test]
    fn no_more_wait_than_may() {
        let counts = Arc::new(Counts::default());
        let first = counts.wait(1);
        assert!(first.is_some() && counts.wait(1).is_none());
        drop(first);
        assert!(counts.wait(1).is_some());
    }
}
