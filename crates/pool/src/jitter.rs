//! Chance, so that what began together does not happen together.

use std::time::Duration;

/// This time, shortened by a part of at most `spread` (0 to 1) of it, all equally likely.
pub(crate) fn shortened(time: Duration, spread: f64) -> Duration {
    time.mul_f64(1.0 - spread * fastrand::f64())
}

/// Anything between nothing and this, all equally likely.
pub(crate) fn anything_up_to(most: Duration) -> Duration {
    shortened(most, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of numbers that are equally likely between 0 and c the variance is c²/12. Of 10 000 of them it is found within
    /// 0.9 % (one standard deviation), so a fault and not bad luck is what this finds.
    #[test]
    fn what_is_drawn_has_the_variance_of_a_uniform_distribution() {
        let most = Duration::from_millis(500);
        let drawn: Vec<f64> =
            (0..10_000).map(|_| anything_up_to(most).as_secs_f64() / most.as_secs_f64()).collect();
        let mean = drawn.iter().sum::<f64>() / 1e4;
        let variance = drawn.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / 1e4;
        assert!((variance * 12.0 - 1.0).abs() < 0.05, "{variance}");
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }

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
