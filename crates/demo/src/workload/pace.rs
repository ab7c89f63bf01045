//! How long people take for things.

use std::time::Duration;

/// Makes times irregular, and shorter in tests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    times_faster: f64,
}

impl Pace {
    pub(super) fn faster(times: u32) -> Self {
        Self { times_faster: f64::from(times.max(1)) }
    }

    /// Between half of this time and one and a half: together as regular as a shop is, and never without a pause.
    pub(super) fn about(self, mean: Duration) -> Duration {
        self.scaled(mean.mul_f64(0.5 + fastrand::f64()))
    }

    /// This time at the present pace.
    pub(super) fn scaled(self, time: Duration) -> Duration {
        time.div_f64(self.times_faster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_between_half_and_one_and_a_half_of_its_mean() {
        let second = Duration::from_secs(1);
        for _ in 0..1_000 {
            let pause = Pace::faster(1).about(second);
            assert!(pause >= second / 2 && pause <= second * 3 / 2, "{pause:?}");
        }
        assert_eq!(Pace::faster(20).scaled(second), Duration::from_millis(50));
        assert_eq!(Pace::faster(0).scaled(second), second);
    }
}
