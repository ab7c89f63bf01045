//! Connecting that keeps failing is not tried by everybody: callers are told the cause at once, and one try now and
//! then finds out whether it works again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::jitter;

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// A server that has come back is found within this time.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// How long, after connecting has begun to work again, connections are opened at a measured pace.
const RECOVERY: Duration = Duration::from_secs(2);

/// What failed last and when it is tried again.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) failures: u32,
    pub(crate) last: Arc<pgkeel_connect::Error>,
    pub(crate) again_at: Instant,
}

#[derive(Debug, Default)]
pub(crate) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    trouble: Option<Trouble>,
    /// Whether the one try is under way.
    probing: bool,
    /// When connecting last began to work again.
    recovered: Option<Instant>,
    /// The last that failed, kept when it works again.
    last: Option<Arc<pgkeel_connect::Error>>,
}

/// What the one who failed does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Try again after this time.
    Retry(Duration),
    /// Give up: it is open.
    GiveUp,
}

/// The right to connect. Dropped without a result, another may try.
#[derive(Debug)]
pub(crate) struct Permit {
    breaker: Arc<Breaker>,
    is_probe: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.lock().probing = false;
        }
    }
}

impl Breaker {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to connect now: of everybody while it works, else of one at a time and not before the pause is over.
    pub(crate) fn permit(self: &Arc<Self>, now: Instant) -> Option<Permit> {
        let mut state = self.lock();
        let is_probe = match &state.trouble {
            None => false,
            Some(trouble) if state.probing || now < trouble.again_at => return None,
            Some(_) => true,
        };
        state.probing |= is_probe;
        Some(Permit { breaker: Arc::clone(self), is_probe })
    }

    /// Connecting failed. It opens after `most` failures in a row, or at once if trying again cannot help.
    pub(crate) fn failed(&self, error: Arc<pgkeel_connect::Error>, most: u32, now: Instant) -> Next {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        state.last = Some(Arc::clone(&error));
        let pause = pause_after(state.failures);
        if state.failures < most && error.is_safe_to_retry() && state.trouble.is_none() {
            return Next::Retry(pause);
        }
        let trouble = Trouble { failures: state.failures, last: error, again_at: now + pause };
        state.trouble = Some(trouble);
        Next::GiveUp
    }

    /// Connecting worked.
    pub(crate) fn worked(&self, now: Instant) {
        let mut state = self.lock();
        if state.trouble.take().is_some() {
            state.recovered = Some(now);
        }
        state.failures = 0;
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.lock().trouble.clone()
    }

    pub(crate) fn last_error(&self) -> Option<Arc<pgkeel_connect::Error>> {
        self.lock().last.clone()
    }

    /// Whether connecting has only just begun to work again.
    pub(crate) fn is_recovering(&self, now: Instant) -> bool {
        self.lock().recovered.is_some_and(|recovered| now < recovered + RECOVERY)
    }
}

/// Doubles with each failure, and is shortened at random by up to a half, so that many processes do not come at once.
fn pause_after(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    jitter::shortened(doubled.min(LONGEST_PAUSE), 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> Arc<pgkeel_connect::Error> {
        let (host, step) = ("h:5432".into(), pgkeel_connect::DialStep::Socket);
        Arc::new(pgkeel_connect::Error::Dial { host, step, source: "refused".into() })
    }

    #[test]
    fn it_opens_after_so_many_failures_in_a_row_and_lets_one_try_after_the_pause() {
        let (breaker, now) = (Arc::<Breaker>::default(), Instant::now());
        assert!(matches!(breaker.failed(error(), 3, now), Next::Retry(_)));
        assert!(matches!(breaker.failed(error(), 3, now), Next::Retry(_)));
        assert!(breaker.permit(now).is_some());
        assert_eq!(breaker.failed(error(), 3, now), Next::GiveUp);
        assert!(breaker.permit(now).is_none());

        let later = now + LONGEST_PAUSE;
        let probe = breaker.permit(later);
        assert!(probe.is_some() && breaker.permit(later).is_none(), "one at a time");
        drop(probe);
        assert!(breaker.permit(later).is_some(), "one that was given up makes room for another");
        breaker.worked(later);
        assert!(breaker.trouble().is_none() && breaker.is_recovering(later));
    }

    #[test]
    fn what_is_final_opens_it_at_once() {
        let breaker = Breaker::default();
        let error = Arc::new(pgkeel_connect::Error::Closed { reason: None });
        assert_eq!(breaker.failed(error, 3, Instant::now()), Next::GiveUp);
        assert_eq!(breaker.trouble().unwrap().failures, 1);
    }

    #[test]
    fn pauses_grow_and_stay_within_their_bounds() {
        for failures in [1, 2, 5, 40, u32::MAX] {
            let pause = pause_after(failures);
            assert!(pause <= LONGEST_PAUSE && pause >= FIRST_PAUSE / 2, "{failures}: {pause:?}");
        }
    }
}
