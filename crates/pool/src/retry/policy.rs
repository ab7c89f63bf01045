use std::time::Duration;

use crate::jitter;

/// How often, how fast and until when something is run again.
///
/// ```
/// use std::time::Duration;
/// use pgkeel_pool::RetryPolicy;
///
/// let patient = RetryPolicy::new().attempts(8).deadline(Duration::from_secs(2));
/// # let _ = patient;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(super) attempts: u32,
    base: Duration,
    cap: Duration,
    pub(super) deadline: Option<Duration>,
    pub(super) lock_timeouts: bool,
    pub(super) budgeted: bool,
}

impl Default for RetryPolicy {
    /// At most 5 attempts; pauses of at most 5 ms that double with each, up to 500 ms; no deadline.
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_millis(5),
            cap: Duration::from_millis(500),
            deadline: None,
            lock_timeouts: false,
            budgeted: true,
        }
    }
}

impl RetryPolicy {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many attempts, the first one counted; at least one is made.
    #[must_use]
    pub fn attempts(mut self, most: u32) -> Self {
        self.attempts = most.max(1);
        self
    }

    /// Before the attempt after the n-th a pause of any length up to `base` × 2ⁿ⁻¹, at most `cap`: "full jitter", which
    /// of all ways to spread those who collided costs the fewest calls (Marc Brooker, "Exponential Backoff and Jitter",
    /// AWS, 2015).
    #[must_use]
    pub fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        (self.base, self.cap) = (base, cap);
        self
    }

    /// Everything together within this time: waiting for sessions, attempts, pauses. A transaction that runs when it
    /// comes is dropped, which rolls it back.
    ///
    /// The server hears of it too: each transaction sets `statement_timeout` to the time that is left, in place of what
    /// the role or database has set. A COMMIT that was sent by then is waited for, and resolved, all the same.
    #[must_use]
    pub fn deadline(mut self, within: Duration) -> Self {
        self.deadline = Some(within);
        self
    }

    /// Whether to run again as well what waited for a lock in vain (`55P03`: `lock_timeout`, `NOWAIT`). Usually not, as
    /// whoever sets a `lock_timeout` wants to hear of it.
    #[must_use]
    pub fn retry_lock_timeouts(mut self, yes: bool) -> Self {
        self.lock_timeouts = yes;
        self
    }

    /// Takes no notice of the pool's retry budget ([`Retrying`](crate::Retrying)), and does not use it up: for a few
    /// rows known to be fought over, where only running again and again gets everybody through.
    #[must_use]
    pub fn unbudgeted(mut self) -> Self {
        self.budgeted = false;
        self
    }

    /// The pause after so many attempts.
    pub(super) fn pause(&self, attempts: u32) -> Duration {
        jitter::anything_up_to(self.longest_pause(attempts))
    }

    fn longest_pause(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        let policy = RetryPolicy::new().backoff(Duration::from_millis(5), Duration::from_millis(50));
        let longest: Vec<u128> = (1..=6).map(|attempts| policy.longest_pause(attempts).as_millis()).collect();
        assert_eq!(longest, [5, 10, 20, 40, 50, 50]);
        assert_eq!(policy.longest_pause(u32::MAX), Duration::from_millis(50));
        assert!((0..100).all(|_| policy.pause(2) <= Duration::from_millis(10)));
    }
}
