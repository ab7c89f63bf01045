//! How many orders make a report slow, but not too slow.

use std::time::Duration;

/// Longer is not aimed at, whatever counts as slow.
const LONGEST_AIM: Duration = Duration::from_secs(2);

/// No report reads more.
const MOST: i64 = 50_000;

/// Orders that one report reads, found by trying: what one costs depends on the machine and on how many payments there are.
#[derive(Debug)]
pub(super) struct Portion {
    orders: i64,
    slow_from: Duration,
}

impl Portion {
    pub(super) fn new(slow_from: Duration) -> Self {
        Self { orders: 8, slow_from }
    }

    pub(super) fn orders(&self) -> i64 {
        self.orders
    }

    fn aim(&self) -> Duration {
        self.slow_from.mul_f64(1.7).min(LONGEST_AIM)
    }

    /// A report took so long. Whether that is slow, or as slow as it gets, so that the next one can wait.
    pub(super) fn took(&mut self, took: Duration) -> bool {
        let aim = self.aim();
        if took < aim.mul_f64(0.7) || took > aim.mul_f64(1.4) {
            self.scale(aim.as_secs_f64() / took.as_secs_f64().max(1e-6));
        }
        took >= self.slow_from.min(aim.mul_f64(0.7)) || self.orders == MOST
    }

    /// A report took too long and was cut off.
    pub(super) fn was_cut_off(&mut self) {
        self.scale(0.25);
    }

    /// In steps of four at most: twice as many orders may cost more than twice the time.
    fn scale(&mut self, factor: f64) {
        let percent = factor.clamp(0.25, 4.0) * 100.0;
        #[expect(clippy::cast_possible_truncation, reason = "between 25 and 400")]
        let orders = self.orders * percent as i64 / 100;
        self.orders = orders.clamp(1, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(each: Duration) -> (Portion, Duration) {
        found_from(Duration::from_secs(1), each)
    }

    fn found_from(slow_from: Duration, each: Duration) -> (Portion, Duration) {
        let mut portion = Portion::new(slow_from);
        let cost = |portion: &Portion| each * u32::try_from(portion.orders()).expect("at most 50,000");
        let mut settled = false;
        for _ in 0..10 {
            let took = cost(&portion);
            settled = portion.took(took);
        }
        assert!(settled, "{portion:?}");
        let took = cost(&portion);
        (portion, took)
    }

    #[test]
    fn the_portion_settles_on_slow_but_not_too_slow() {
        for micros in [100, 3_000, 20_000, 400_000] {
            let (_, took) = found(Duration::from_micros(micros));
            assert!(took > Duration::from_secs(1) && took < Duration::from_secs(3), "{micros}: {took:?}");
        }
    }

    #[test]
    fn nothing_takes_minutes_where_only_minutes_are_slow() {
        let (_, took) = found_from(Duration::from_mins(5), Duration::from_millis(3));
        assert!(took < Duration::from_secs(3), "{took:?}");
    }

    #[test]
    fn there_is_a_least_and_a_most() {
        assert_eq!(found(Duration::from_nanos(1)).0.orders(), MOST);
        assert_eq!(found(Duration::from_mins(1)).0.orders(), 1);
        let (mut portion, _) = found(Duration::from_millis(20));
        portion.was_cut_off();
        assert!(portion.orders() < 25, "{portion:?}");
    }
}
