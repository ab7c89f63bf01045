use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// The longest pause before the first try; it doubles with each failure.
const FIRST: Duration = Duration::from_millis(100);

/// A server that has come back is found within this time and one connect timeout.
const LONGEST: Duration = Duration::from_secs(5);

/// How long to wait after so many failures: any time up to the bound is as likely as any other, so that many listeners
/// do not come back at once.
pub(super) fn pause_after(failures: u32) -> Duration {
    let bound = FIRST.saturating_mul(1 << failures.min(16)).min(LONGEST);
    // The standard library draws the keys of its hash maps at random.
    let drawn = u32::try_from(RandomState::new().hash_one(failures) >> 32).expect("half of 64 bits");
    bound.mul_f64(f64::from(drawn) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_spread_from_nothing_to_a_bound_that_grows_and_ends() {
        for (failures, bound) in [(0, 100), (1, 200), (5, 3200), (6, 5000), (u32::MAX, 5000)] {
            let bound = Duration::from_millis(bound);
            let pauses: Vec<Duration> = (0..400).map(|_| pause_after(failures)).collect();
            assert!(pauses.iter().all(|pause| *pause <= bound), "after {failures}");
            let (low, high) = (bound / 8, bound * 7 / 8);
            assert!(pauses.iter().any(|pause| *pause < low) && pauses.iter().any(|pause| *pause > high));
        }
    }
}
