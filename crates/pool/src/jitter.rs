//! Chance, so that what began together does not happen together.

use std::time::Duration;

/// This time, shortened by a part of at most `spread` (0 to 1) of it, all equally likely.
pub(crate) fn shortened(time: Duration, spread: f64) -> Duration {
    // Without the system's randomness all that is lost is the spreading.
    let share = f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX);
    time.mul_f64(1.0 - spread * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spread_over_the_whole_range() {
        let most = Duration::from_secs(1);
        let times: Vec<Duration> = (0..1000).map(|_| shortened(most, 0.5)).collect();
        assert!(times.iter().all(|time| *time <= most && *time >= most / 2));
        assert!(
            times.iter().any(|time| *time < most * 5 / 8) && times.iter().any(|time| *time > most * 7 / 8)
        );
    }
}
