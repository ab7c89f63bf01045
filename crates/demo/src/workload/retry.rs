//! Running again what was refused for reasons that pass.

use std::time::Duration;

use pgkeel_pool::Error;

use super::shop::Shop;

/// Runs of one transaction in all.
const ATTEMPTS: u32 = 5;

/// Between two runs of one transaction.
const BETWEEN_ATTEMPTS: Backoff = Backoff { base: Duration::from_millis(20), cap: Duration::from_secs(1) };

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

/// Runs it until it succeeds, fails for good, has been tried 5 times, or the shop closes.
pub(super) async fn retrying<T, F, Fut>(shop: &Shop, run: F) -> Result<T, Error>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T, Error>>,
{
    let mut failures = 0;
    loop {
        let done = run().await;
        let again = done.as_ref().is_err_and(Error::is_safe_to_retry);
        failures += 1;
        if !again || failures == ATTEMPTS || !shop.gate.is_open() {
            return done;
        }
        shop.tally.retries.add_one();
        shop.gate.sleep_while_open(BETWEEN_ATTEMPTS.full_jitter(failures)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_doubles_up_to_its_cap() {
        let longest = [1, 2, 3, 7, u32::MAX].map(|failures| BETWEEN_ATTEMPTS.longest(failures).as_millis());
        assert_eq!(longest, [20, 40, 80, 1_000, 1_000]);
        for failures in 0..100 {
            assert!(BETWEEN_ACTIONS.full_jitter(failures) <= BETWEEN_ACTIONS.cap);
        }
    }
}
