//! How long a task whose actions fail waits before the next one.

use std::time::Duration;

/// Between two actions of a task whose last ones have failed, besides its usual pause.
pub(super) const BETWEEN_ACTIONS: Backoff =
    Backoff { base: Duration::from_millis(250), cap: Duration::from_secs(10) };

/// Exponential backoff with full jitter, after Marc Brooker's "Exponential Backoff and Jitter" (AWS, 2015): of all ways
/// to spread those who collided, it costs the fewest calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// Anything from nothing to the base doubled with every failure, at most the cap.
    pub(super) fn full_jitter(self, failures: u32) -> Duration {
        self.longest(failures).mul_f64(fastrand::f64())
    }

    fn longest(self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_doubles_up_to_its_cap() {
        let longest = [1, 2, 3, 7, u32::MAX].map(|failures| BETWEEN_ACTIONS.longest(failures).as_millis());
        assert_eq!(longest, [250, 500, 1_000, 10_000, 10_000]);
        for failures in 0..100 {
            assert!(BETWEEN_ACTIONS.full_jitter(failures) <= BETWEEN_ACTIONS.cap);
        }
    }
}
