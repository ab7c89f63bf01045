//! The free sessions, and the queue of those who wait for one.
//!
//! First come, first served: a session that comes back goes to whoever has waited longest, and newcomers see only what
//! nobody waits for. Of the free ones the one that came back last is the first to go out, so that few server processes
//! stay warm instead of all growing cold.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::slot::Slot;

/// A session on its way between the store and whoever has it.
pub(crate) type Object = Box<Slot>;

#[derive(Debug, Default)]
pub(crate) struct Store {
    state: Mutex<State>,
    turns: AtomicU64,
}

/// A place in the order of asking, kept until its owner has a session that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn(u64);

/// If a session is free, nobody is in the queue.
#[derive(Debug, Default)]
struct State {
    free: Vec<Object>,
    /// Ascending by turn.
    queue: VecDeque<Waiter>,
    /// Given to one who waited and has not fetched it yet. Few at a time, as each was just woken.
    given: Vec<(Turn, Object)>,
}

#[derive(Debug)]
struct Waiter {
    turn: Turn,
    waker: Waker,
}

impl State {
    /// Where this turn is in the queue, or else where it belongs.
    fn place_of(&self, turn: Turn) -> Result<usize, usize> {
        self.queue.binary_search_by_key(&turn, |waiter| waiter.turn)
    }

    fn given_to(&mut self, turn: Turn) -> Option<Object> {
        let at = self.given.iter().position(|(whose, _)| *whose == turn)?;
        Some(self.given.swap_remove(at).1)
    }

    /// The session for this turn, if it has come. Else the turn is in the queue, and what is left in `waker`, if anything, was
    /// there before.
    fn get(&mut self, turn: Turn, is_queued: bool, waker: &mut Option<Waker>) -> Option<Object> {
        let got = if is_queued { self.given_to(turn) } else { self.free.pop() };
        if got.is_some() {
            return got;
        }
        match (self.place_of(turn), waker.take()) {
            (Ok(place), Some(newer)) => *waker = Some(std::mem::replace(&mut self.queue[place].waker, newer)),
            (Err(place), Some(waker)) => self.queue.insert(place, Waiter { turn, waker }),
            (_, None) => {}
        }
        None
    }

    /// To the first who waits, who is to be woken then; else among the free ones.
    fn put(&mut self, object: Object) -> Option<Waker> {
        let Some(first) = self.queue.pop_front() else {
            self.free.push(object);
            return None;
        };
        self.given.push((first.turn, object));
        Some(first.waker)
    }
}

impl Store {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session that nobody waits for.
    pub(crate) fn try_get(&self) -> Option<Object> {
        self.state().free.pop()
    }

    /// A turn behind all that were taken before.
    pub(crate) fn turn(&self) -> Turn {
        Turn(self.turns.fetch_add(1, Ordering::Relaxed))
    }

    /// The next session that nobody waits for who came before.
    pub(crate) fn get(&self, turn: Turn) -> Get<'_> {
        Get { store: self, turn, is_queued: false }
    }

    /// Takes a session back.
    pub(crate) fn put(&self, object: Object) {
        let woken = self.state().put(object);
        if let Some(waker) = woken {
            waker.wake();
        }
    }
}

/// A place in the queue, from the first poll on. Dropped with a session that was given and not fetched, that goes to the
/// next.
#[derive(Debug)]
pub(crate) struct Get<'a> {
    store: &'a Store,
    turn: Turn,
    is_queued: bool,
}

impl Future for Get<'_> {
    type Output = Object;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Object> {
        // Cloned here and dropped here, not under the lock: that runs the code of whoever made it.
        let mut waker = Some(cx.waker().clone());
        let got = self.store.state().get(self.turn, self.is_queued, &mut waker);
        self.is_queued = got.is_none();
        got.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Get<'_> {
    fn drop(&mut self) {
        if !self.is_queued {
            return;
        }
        let mut state = self.store.state();
        let (left, woken) = match state.place_of(self.turn) {
            Ok(place) => (state.queue.remove(place), None),
            Err(_) => (None, state.given_to(self.turn).and_then(|object| state.put(object))),
        };
        drop(state);
        drop(left);
        if let Some(waker) = woken {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;
    use std::task::Wake;

    use super::*;

    /// What a waker stands for. Dropped with the last copy of it, it looks whether the store can be used.
    struct Guest {
        store: Arc<Store>,
        found_locked: Arc<AtomicU32>,
    }

    impl Wake for Guest {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Guest {
        fn drop(&mut self) {
            self.found_locked.fetch_add(u32::from(self.store.state.try_lock().is_err()), Ordering::SeqCst);
        }
    }

    /// Its drop may call for a session, and would wait for ever.
    #[test]
    fn a_waker_is_not_dropped_under_the_lock() {
        let (store, found_locked) = (Arc::<Store>::default(), Arc::<AtomicU32>::default());
        let guest = || {
            Waker::from(Arc::new(Guest {
                store: Arc::clone(&store),
                found_locked: Arc::clone(&found_locked),
            }))
        };
        for polls in 1..4 {
            let mut get = Box::pin(store.get(store.turn()));
            for _ in 0..polls {
                assert!(get.as_mut().poll(&mut Context::from_waker(&guest())).is_pending());
            }
        }
        assert_eq!(found_locked.load(Ordering::SeqCst), 0);
        assert!(store.state().queue.is_empty());
    }
}
