//! How long sessions live, and how they are replaced without anybody waiting for it.
//!
//! Sessions that were opened together do not end together: each has its own end, fixed at its birth, and ends are spaced.
//! The successor is opened first.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::core::Core;
use crate::moment::Moment;
use crate::{Config, jitter, open};

/// The part of a life by which it may be shorter than the others'.
const SPREAD: f64 = 0.1;

/// Lives shorter than this are not worth a successor: such a session is closed when it comes back.
const SHORTEST_WITH_SUCCESSOR: Duration = Duration::from_secs(1);

/// When a session that is opened now is to be replaced.
pub(crate) fn end_of_life(config: &Config, now: Moment) -> Option<Moment> {
    Some(now + jitter::shortened(config.recycle()?, SPREAD))
}

/// Replacements under way.
#[derive(Debug, Default)]
pub(crate) struct Retirement {
    /// Successors that have come and for which no session was chosen yet.
    unclaimed: AtomicU32,
    /// Successors that have come and whose predecessors still count as free or in use.
    surplus: AtomicU32,
    last: Mutex<Option<Moment>>,
}

/// The right to close one session. Dropped once that session counts as closing.
#[must_use]
pub(crate) struct Claim<'a>(Option<&'a Retirement>);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let Some(retirement) = self.0 {
            retirement.surplus.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Retirement {
    pub(crate) fn successor_came(&self) {
        self.surplus.fetch_add(1, Ordering::SeqCst);
        self.unclaimed.fetch_add(1, Ordering::SeqCst);
    }

    /// So many more may rest in the pool meanwhile.
    pub(crate) fn surplus(&self) -> u32 {
        self.surplus.load(Ordering::SeqCst)
    }

    fn claim(&self) -> Option<Claim<'_>> {
        let take = |count: u32| count.checked_sub(1);
        let claimed = self.unclaimed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
        claimed.is_ok().then(|| Claim(Some(self)))
    }

    /// Whether one more may be replaced: one each `spacing`.
    fn may_begin(&self, spacing: Duration, now: Moment) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.is_none_or(|last| now.since(last) >= spacing);
        if may {
            *last = Some(now);
        }
        may
    }
}

impl Core {
    /// The right to close a session past its age now. If there is none, its successor may be on the way.
    pub(crate) fn retire(self: &Arc<Self>, now: Moment) -> Option<Claim<'_>> {
        let config = self.config.load();
        let lifetime = config.recycle().unwrap_or(Duration::MAX);
        if lifetime < SHORTEST_WITH_SUCCESSOR {
            return Some(Claim(None));
        }
        // Spread over a whole life, as in PgBouncer (`server_lifetime`).
        let spacing = lifetime / config.size().max(1);
        self.retirement.claim().or_else(|| {
            // Without room for a successor, or outside of a runtime, the session goes first.
            let goes_first = self.retirement.may_begin(spacing, now)
                && (tokio::runtime::Handle::try_current().is_err() || !open::open_successor(self));
            goes_first.then_some(Claim(None))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_spaced() {
        let (retirement, now) = (Retirement::default(), Moment::now());
        let spacing = Duration::from_millis(200);
        let begun =
            (0..1000).filter(|millis| retirement.may_begin(spacing, now + Duration::from_millis(*millis)));
        assert_eq!(begun.count(), 5);
    }

    #[test]
    fn each_successor_retires_one() {
        let retirement = Retirement::default();
        retirement.successor_came();
        let claim = retirement.claim();
        assert!(claim.is_some() && retirement.claim().is_none());
        assert_eq!(retirement.surplus(), 1, "until the one that it retires is closed");
        drop(claim);
        assert_eq!(retirement.surplus(), 0);
    }
}
