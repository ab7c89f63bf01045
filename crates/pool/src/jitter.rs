//! Chance, so that what began together does not happen together.

use std::time::Duration;

/// This time, shortened by a part of at most `spread` (0 to 1) of it, all equally likely.
pub(crate) fn shortened(time: Duration, spread: f64) -> Duration {
    time.mul_f64(1.0 - spread * fastrand::f64())
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
